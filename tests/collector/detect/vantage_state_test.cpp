#include "collector/detect/vantage_state.hpp"

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kNoon{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1} + 12h};

Prefix prefix(const char* text) {
  return Prefix::parse(text).value();
}

/// What is said at noon by some vantage points, each since an hour.
struct Poll {
  void says(std::uint32_t group, const char* on, std::vector<std::uint32_t> upstreams,
            std::uint32_t point = 0, Plane plane = Plane::Control, Duration ago = 1h) {
    VantageState& state = states[StateKey{
        prefix(on), {plane, "rrc00", IpAddress::v4(0xc0000200 + point), Asn{group}}, 0}];
    state.now.verdict = upstreams.empty() ? Verdict::Unreachable : Verdict::Upstream;
    for (const std::uint32_t asn : upstreams) {
      state.now.upstreams.push_back(Asn{asn});
    }
    state.since = state.last = kNoon - ago;
  }
  [[nodiscard]] Ballot count(Plane plane = Plane::Control) const {
    return count_votes(states, plane, kNoon, settings);
  }

  StateMap states;
  DetectorSettings settings;
};

}  // namespace

TEST_CASE("a prefix weighs as many addresses as it has, of IPv6 as many /64") {
  CHECK(prefix_weight(prefix("175.45.176.0/24")) == 256);
  CHECK(prefix_weight(prefix("175.45.176.0/22")) == 1024);
  CHECK(prefix_weight(prefix("192.0.2.1/32")) == 1);
  CHECK(prefix_weight(prefix("0.0.0.0/0")) == 4294967296.0);
  CHECK(prefix_weight(prefix("2001:db8::/32")) == 4294967296.0);
  CHECK(prefix_weight(prefix("2001:db8::/64")) == 1);
  CHECK(prefix_weight(prefix("2001:db8::/96")) == 1);
}

TEST_CASE("a group has one vote, however many points of it speak") {
  Poll poll;
  for (std::uint32_t point = 0; point < 9; ++point) {
    poll.says(1001, "10.0.0.0/24", {20485}, point);
  }
  poll.says(1002, "10.0.0.0/24", {4837});
  const Ballot ballot = poll.count();
  CHECK(ballot.live() == 2);
  const Share share = prefix_share(ballot, prefix("10.0.0.0/24"), Asn{20485});
  CHECK(share.share == 0.5);
  CHECK(share.groups == 2);
}

TEST_CASE("points of a group that disagree divide its vote") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {20485}, 1);
  poll.says(1001, "10.0.0.0/24", {4837}, 2);
  poll.says(1001, "10.0.0.0/24", {4837}, 3);
  poll.says(1001, "10.0.0.0/24", {}, 4);
  const Ballot ballot = poll.count();
  const GroupVote& vote = ballot.votes.at(prefix("10.0.0.0/24")).at(Asn{1001});
  CHECK(vote.upstreams.at(Asn{20485}) == Approx(1.0 / 3));
  CHECK(vote.upstreams.at(Asn{4837}) == Approx(2.0 / 3));
  CHECK(vote.unreachable == 0.25);
  CHECK_FALSE(ballot.unreachable.at(Asn{1001}));
}

TEST_CASE("members of an AS_SET share the vote of their point") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {4837, 20485});
  poll.says(1002, "10.0.0.0/24", {4837});
  const Ballot ballot = poll.count();
  CHECK(prefix_share(ballot, prefix("10.0.0.0/24"), Asn{20485}).share == 0.25);
  CHECK(prefix_share(ballot, prefix("10.0.0.0/24"), Asn{4837}).share == 0.75);
}

TEST_CASE("a group names an upstream since its longest standing point does") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {20485}, 1, Plane::Control, 10min);
  poll.says(1001, "10.0.0.0/24", {20485}, 2, Plane::Control, 30min);
  poll.says(1001, "10.0.0.0/24", {20485}, 3, Plane::Control, 20min);
  const Ballot ballot = poll.count();
  CHECK(ballot.votes.at(prefix("10.0.0.0/24")).at(Asn{1001}).since.at(Asn{20485}) == kNoon - 30min);
}

TEST_CASE("a group without a route is live, and no part of any share") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {20485});
  poll.says(1002, "10.0.0.0/24", {});
  const Ballot ballot = poll.count();
  CHECK(ballot.live() == 2);
  CHECK(ballot.unreachable.at(Asn{1002}));
  const Share share = share_of(ballot, Asn{20485});
  CHECK(share.share == 1);
  CHECK(share.groups == 1);
}

TEST_CASE("a group is unreachable only if it has no route to any prefix") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {});
  poll.says(1001, "10.0.1.0/24", {4837});
  poll.says(1002, "10.0.0.0/24", {});
  poll.says(1002, "10.0.1.0/24", {});
  const Ballot ballot = poll.count();
  CHECK_FALSE(ballot.unreachable.at(Asn{1001}));
  CHECK(ballot.unreachable.at(Asn{1002}));
}

TEST_CASE("inconclusive states do not vote, nor do states of the other plane") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {20485});
  poll.says(1002, "10.0.0.0/24", {20485}, 0, Plane::Data, 30s);
  poll.says(1003, "10.0.0.0/24", {4837});
  for (auto& [key, state] : poll.states) {
    if (key.vantage.asn == Asn{1003}) {
      state.now.verdict = Verdict::Inconclusive;
    }
  }
  CHECK(poll.count().live() == 1);
  CHECK(poll.count().groups.contains(Asn{1001}));
  CHECK(poll.count(Plane::Data).live() == 1);
  CHECK(poll.count(Plane::Data).groups.contains(Asn{1002}));
}

TEST_CASE("a traceroute counts for two intervals and two minutes at least, a BGP route for ever") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {4837}, 0, Plane::Data, 120s);
  poll.says(1002, "10.0.0.0/24", {4837}, 0, Plane::Data, 120s + 1us);
  poll.says(1003, "10.0.0.0/24", {4837}, 0, Plane::Control, 24h * 300);
  CHECK(poll.count(Plane::Data).live() == 1);
  CHECK(poll.count(Plane::Control).live() == 1);
  poll.settings.probe_interval = 20s;
  CHECK(poll.count(Plane::Data).live() == 1);
  poll.settings.probe_interval = 61s;
  CHECK(poll.count(Plane::Data).live() == 2);
}

TEST_CASE("a share of the target is the mean over its prefixes, by their sizes") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {20485});
  poll.says(1002, "10.0.0.0/24", {20485});
  poll.says(1001, "10.1.0.0/22", {4837});
  poll.says(1002, "10.1.0.0/22", {20485});
  // 256 of 256 addresses and half of 1,024.
  const Share share = share_of(poll.count(), Asn{20485});
  CHECK(share.share == Approx((256.0 + 512.0) / 1280.0));
  CHECK(share.groups == 2);
  CHECK(share_of(poll.count(), Asn{4837}).share == Approx(512.0 / 1280.0));
  CHECK(share_of(poll.count(), Asn{7}).share == 0);
}

TEST_CASE("a prefix that nobody has a route to does not weigh") {
  Poll poll;
  poll.says(1001, "10.0.0.0/24", {20485});
  poll.says(1001, "10.0.1.0/24", {});
  CHECK(share_of(poll.count(), Asn{20485}).share == 1);
  CHECK(prefix_share(poll.count(), prefix("10.0.1.0/24"), Asn{20485}).groups == 0);
  CHECK(prefix_share(poll.count(), prefix("10.0.9.0/24"), Asn{20485}).groups == 0);
}

TEST_CASE("without votes there is no share") {
  const Share share = share_of(Poll{}.count(), Asn{20485});
  CHECK(share.share == 0);
  CHECK(share.groups == 0);
}
