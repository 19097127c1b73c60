#include "collector/detect/status.hpp"

#include "tests/collector/detect/stories.hpp"

namespace {

using collector::PlaneShare;
using collector::PrefixStatus;
using collector::TargetStatus;
using collector::UpstreamState;
using collector::UpstreamStatus;

/// All that was told until a time, and the detector as it is then.
collector::Detector told_until(const StoryTeller& story, Duration until) {
  collector::Detector detector{story.targets(), story.settings()};
  for (const Tiding& tiding : story.tidings()) {
    if (tiding.time() <= kStoryStart + until) {
      tiding.tell(detector);
    }
  }
  detector.finish(kStoryStart + until);
  return detector;
}

const UpstreamStatus& find(const TargetStatus& status, std::uint32_t asn) {
  const auto found =
      std::find_if(status.upstreams.begin(), status.upstreams.end(),
                   [asn](const UpstreamStatus& each) { return each.asn == Asn{asn}; });
  REQUIRE(found != status.upstreams.end());
  return *found;
}

Observation trace_of(std::uint32_t probe, Duration at, std::uint32_t over, Duration rtt) {
  Observation seen;
  seen.target = "star";
  seen.time = seen.receive_time = kStoryStart + at;
  seen.vantage = {Plane::Data, "probe" + std::to_string(probe), IpAddress::v4(0xcb007100 + probe),
                  Asn{20'000 + probe}};
  seen.prefix = Prefix::parse("175.45.176.0/24").value();
  seen.verdict = Verdict::Upstream;
  seen.grade = Grade::A;
  seen.upstreams = {Asn{over}};
  seen.path = {seen.vantage.asn, Asn{over}, Asn{131279}};
  seen.trace = TraceEvidence{.upstream_addresses = {IpAddress::v4(over)},
                             .run_length = 2,
                             .reached = true,
                             .rtt = rtt,
                             .gap_rtt = 4ms};
  seen.evidence_id = combine(static_cast<std::uint64_t>(at.count()), probe);
  return seen;
}

}  // namespace

TEST_CASE("the status of a target shows who carries which prefix, and what is becoming of it") {
  StoryTeller story{{star()}};
  story.add_peers(24, 3);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(10min, story.peers(), kThreeOfFour, kTtkPath);

  SECTION("before the change there is one upstream") {
    const auto list = told_until(story, 9min).status(kStoryStart + 9min);
    REQUIRE(list.size() == 1);
    const TargetStatus& status = list.front();
    CHECK(status.target == "star");
    CHECK_FALSE(status.learning);
    CHECK(status.time == kStoryStart + 9min);
    REQUIRE(status.upstreams.size() == 1);
    const UpstreamStatus& unicom = find(status, 4837);
    CHECK(unicom.state == UpstreamState::Established);
    REQUIRE(unicom.planes.size() == 1);
    CHECK(unicom.planes.front().plane == Plane::Control);
    CHECK(unicom.planes.front().share == 1);
    CHECK(unicom.planes.front().hegemony == 1);
    CHECK(unicom.planes.front().vantages == 24);
    REQUIRE(status.vantages.size() == 1);
    CHECK(status.vantages.front().conclusive == 24);
  }
  SECTION("a candidate has a score, and is no more than that") {
    const auto list = told_until(story, 10min + 30s).status(kStoryStart + 10min + 30s);
    const UpstreamStatus& ttk = find(list.front(), 20485);
    CHECK(ttk.state == UpstreamState::Candidate);
    CHECK(ttk.score == 0);
    CHECK_FALSE(ttk.confirmed_at);
    CHECK(ttk.first_seen == kStoryStart + 10min);
    CHECK(ttk.planes.front().share == 0.75);
  }
  SECTION("then it is probable, and confirmed") {
    const auto probable = told_until(story, 11min + 1s).status(kStoryStart + 11min + 1s);
    CHECK(find(probable.front(), 20485).state == UpstreamState::Probable);
    CHECK(find(probable.front(), 20485).score == 12);
    const auto confirmed = told_until(story, 14min).status(kStoryStart + 14min);
    const UpstreamStatus& ttk = find(confirmed.front(), 20485);
    CHECK(ttk.state == UpstreamState::Confirmed);
    CHECK(ttk.confirmed_at == kStoryStart + 13min);
    CHECK(ttk.confidence == 0.9);
    const auto& prefixes = confirmed.front().prefixes;
    REQUIRE(prefixes.size() == 4);
    CHECK(prefixes[0].planes.front().shares == std::vector<UpstreamShare>{{Asn{20485}, 1}});
    CHECK(prefixes[1].planes.front().shares == std::vector<UpstreamShare>{{Asn{4837}, 1}});
    CHECK(prefixes[1].planes.front().reachable == 1);
  }
  SECTION("what is known is suspended while nobody reaches the target") {
    story.withdraw(20min, story.peers(), kStarPrefixes);
    const auto list = told_until(story, 21min).status(kStoryStart + 21min);
    CHECK(find(list.front(), 4837).state == UpstreamState::Suspended);
    CHECK(list.front().vantages.front().unreachable == 24);
    CHECK(list.front().prefixes.front().planes.front().reachable == 0);
  }
}

TEST_CASE("the status tells round-trip times by upstream, and groups that fall silent") {
  StoryTeller story{{star()}};
  for (std::uint32_t probe = 0; probe < 4; ++probe) {
    for (int round = 0; round < 5; ++round) {
      story.trace(trace_of(probe, std::chrono::minutes{round}, 4837,
                           std::chrono::milliseconds{200 + round}));
    }
  }
  const auto list = told_until(story, 5min).status(kStoryStart + 5min);
  const auto& rtt = find(list.front(), 4837).rtt;
  CHECK(rtt.count == 20);
  CHECK(rtt.counts[5] == 20);
  CHECK(rtt.min == 200ms);
  CHECK(rtt.median == 202ms);
  CHECK(rtt.gap == 4ms);
  CHECK(rtt.sum == Approx(4.04));
  CHECK(list.front().vantages.front().plane == Plane::Data);
  CHECK(list.front().vantages.front().conclusive == 4);

  const auto later = told_until(story, 5min).status(kStoryStart + 10min);
  CHECK(later.front().vantages.front().conclusive == 0);
  CHECK(later.front().vantages.front().stale == 4);
}

TEST_CASE("planes that agree are at no distance, and a dead data plane is as far as can be") {
  StoryTeller story{{star()}};
  story.add_peers(8, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  const bool dead = GENERATE(false, true);
  for (std::uint32_t probe = 0; probe < 4; ++probe) {
    for (int round = 0; round < 6; ++round) {
      Observation seen = trace_of(probe, std::chrono::minutes{round}, 4837, 200ms);
      if (dead && round >= 2) {
        seen.verdict = Verdict::Unreachable;
        seen.upstreams.clear();
      }
      story.trace(seen);
    }
  }
  const auto list = told_until(story, 5min).status(kStoryStart + 5min);
  CHECK(list.front().plane_disagreement == (dead ? 1 : 0));
}

TEST_CASE("counters tell what was taken in, and what was not, by reason") {
  StoryTeller story{{star()}};
  story.add_peers(3, 1);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1min, story.peers(0, 1), {"175.45.176.0/24"}, "3356 9198");
  for (int copy = 0; copy < 3; ++copy) {
    story.trace(trace_of(1, 2min, 4837, 200ms));
  }
  Observation other = trace_of(1, 3min, 4837, 200ms);
  other.target = "nobody";
  story.trace(other);
  other.target = "star";
  other.prefix = Prefix::parse("10.0.0.0/24").value();
  story.trace(other);
  collector::Detector detector = told_until(story, 10min);
  const auto counters = detector.counters();
  CHECK(counters.observations.at({"star", Plane::Control, Grade::A}) == 12);
  CHECK(counters.observations.at({"star", Plane::Data, Grade::A}) == 1);
  CHECK(counters.duplicates.at(Plane::Data) == 2);
  CHECK(counters.rejected.at({Plane::Control, "foreign_origin"}) == 1);
  CHECK(counters.rejected.at({Plane::Data, "unknown_target"}) == 1);
  CHECK(counters.rejected.at({Plane::Data, "unwatched_prefix"}) == 1);

  // What comes again after it was processed is no news, what is older than that is late.
  story.tidings()[13].tell(detector);
  detector.observe(trace_of(1, 1min, 4837, 200ms));
  detector.finish(kStoryStart + 11min);
  CHECK(detector.counters().duplicates.at(Plane::Data) == 3);
  CHECK(detector.counters().late.at(Plane::Data) == 1);
}
