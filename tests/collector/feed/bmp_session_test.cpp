#include "collector/feed/bmp_session.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/bmp_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

const TimePoint kNow{std::chrono::seconds{kTime + 1}};

/// What a session said, as text: "W" marks a witness.
struct Said {
  std::vector<std::string> lines;

  void operator()(const BmpElement& element) {
    static constexpr std::array<std::string_view, 7> kKinds{"T",    "A",     "W",  "up",
                                                            "down", "begin", "end"};
    std::string line{kKinds[static_cast<std::size_t>(element.route.kind)]};
    line += ' ' + element.vantage->source + " AS" + std::to_string(element.vantage->asn.value) +
            ' ' + element.vantage->address.to_string();
    if (element.route.kind == RouteKind::Announce || element.route.kind == RouteKind::Withdraw) {
      line += ' ' + element.route.prefix.to_string();
    }
    if (element.route.attributes != nullptr) {
      line += " [" + element.route.attributes->as_path.to_string() + ']';
    }
    if (element.is_witness) {
      line += " *";
    }
    lines.push_back(std::move(line));
  }
};

struct Fixture {
  Said said;
  BmpSession session{
      {.name = "r1", .address = *IpAddress::parse("198.51.100.9"), .origins = {Asn{131279}}},
      [this](const BmpElement& element) { said(element); }};

  std::vector<std::string> hear(const std::string& bytes) {
    said.lines.clear();
    session.receive(as_bytes(bytes), kNow);
    return said.lines;
  }
  std::uint64_t odd(std::string_view reason) const {
    const auto& skipped = session.counters().skipped;
    const auto found = skipped.find(reason);
    return found == skipped.end() ? 0 : found->second;
  }
};

using Lines = std::vector<std::string>;

const std::string kRoute = announcement(nlri("175.45.176.0/24"), {4837, 131279});
BmpPeerSpec with_flags(unsigned flags) {
  BmpPeerSpec peer;
  peer.flags = flags;
  return peer;
}
BmpPeerSpec loc_rib(std::uint64_t distinguisher = 0) {
  return {.asn = 3356, .address = "0.0.0.0", .type = 3, .distinguisher = distinguisher};
}

void check_bytes(const BmpSession& session) {
  const ByteAccount account = session.account();
  std::uint64_t sum = account.decoded + account.left_over;
  for (const auto& [reason, bytes] : account.skipped) {
    sum += bytes;
  }
  CHECK(sum == account.total);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a router opens with Initiation, says a peer is up, and its routes",
                 "[bmp]") {
  CHECK(session.state() == BmpSession::State::Opening);
  CHECK(hear(initiation("a system")).empty());
  CHECK(session.state() == BmpSession::State::Established);
  CHECK(session.system_name() == "r1");
  CHECK(session.system_description() == "a system");
  CHECK(hear(peer_up({})) == Lines{"up r1 AS4837 192.0.2.1 *"});
  CHECK(hear(monitoring({}, kRoute)) ==
        Lines{"A r1 AS4837 192.0.2.1 175.45.176.0/24 [4837 131279] *"});
  CHECK(hear(monitoring({}, end_of_rib())) == Lines{"end r1 AS4837 192.0.2.1 *"});
  CHECK(hear(monitoring({}, update(nlri("175.45.176.0/24"), {}, {}))) ==
        Lines{"W r1 AS4837 192.0.2.1 175.45.176.0/24 *"});
  CHECK(hear(peer_down({})) == Lines{"down r1 AS4837 192.0.2.1 *"});
  CHECK(session.counters().messages == 6);
  CHECK(session.counters().elements == 2);
  CHECK(session.counters().skipped.empty());
  CHECK(session.peers().at(0).lag == std::chrono::milliseconds{750});
  check_bytes(session);
}

TEST_CASE_METHOD(Fixture, "all messages may be cut at every byte", "[bmp]") {
  const std::string stream = initiation() + peer_up({}) + monitoring({}, kRoute) +
                             bmp(1, bmp_peer({}) + u32(1) + bmp_tlv(7, u32(0) + u32(5))) +
                             bmp(6, bmp_peer({}) + bmp_tlv(0, bgp(kRoute))) + peer_down({}) +
                             bmp(5, bmp_tlv(1, u16(1)));
  hear(stream);
  const Lines whole = hear("");
  Fixture reference;
  const Lines expected = reference.hear(stream);
  REQUIRE(expected.size() == 3);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Fixture halves;
    Lines lines = halves.hear(stream.substr(0, cut));
    const Lines rest = halves.hear(stream.substr(cut));
    lines.insert(lines.end(), rest.begin(), rest.end());
    REQUIRE(lines == expected);
    REQUIRE(halves.session.account().decoded == reference.session.account().decoded);
    REQUIRE(halves.session.state() == BmpSession::State::Terminated);
  }
  Fixture bytes;
  Lines lines;
  for (const char each : stream) {
    const Lines more = bytes.hear(std::string(1, each));
    lines.insert(lines.end(), more.begin(), more.end());
  }
  CHECK(lines == expected);
  check_bytes(bytes.session);
}

TEST_CASE_METHOD(Fixture, "what cannot be BMP breaks the session and is counted", "[bmp]") {
  const auto [bytes, reason] = GENERATE(table<std::string, std::string>({
      {u8(3) + u32(5) + u8(0), "a message claims to be shorter than its header"},
      {u8(3) + u32(0xffffffff) + u8(0), "a message claims to be longer than any can be"},
      {u8(3) + u32((132U << 10) + 1) + u8(0), "a message claims to be longer than any can be"},
      {u8(1) + u32(100) + u8(0), "no BMP of version 3: is this the right port?"},
      {u8(2) + u32(100) + u8(0), "no BMP of version 3: is this the right port?"},
      {"GET / HTTP/1.1\r\n", "no BMP of version 3: is this the right port?"},
  }));
  hear(initiation());
  hear(bytes + std::string(100, 'x'));
  CHECK(session.state() == BmpSession::State::Broken);
  CHECK(session.reason() == reason);
  CHECK(odd("no_bmp") == 1);
  CHECK(session.account().lossy());
  hear(initiation());
  CHECK(session.counters().messages == 1);
  check_bytes(session);
}

TEST_CASE_METHOD(Fixture, "messages of later drafts are stepped over with a count", "[bmp]") {
  hear(initiation() + bmp(0, "draft", 4) + bmp(9, "?") +
       peer_up({}, 3356, 40000, {}, bmp_tlv(17, "x")));
  CHECK(odd("unsupported_version") == 1);
  CHECK(odd("unknown_type") == 1);
  CHECK(odd("unknown_field") == 1);
  hear(bmp(0, bmp_peer({}) + bgp(kRoute) + bmp_tlv(3, "tail")));
  CHECK(odd("unknown_field") == 2);
  CHECK(session.counters().elements == 1);
  hear(bmp(1, bmp_peer({}) + u32(2) + bmp_tlv(65531, "12345678") + bmp_tlv(8, "12345678")));
  CHECK(odd("unknown_field") == 3);
  CHECK(session.state() == BmpSession::State::Established);
  check_bytes(session);
}

TEST_CASE_METHOD(Fixture, "a message that is too short for its type is malformed, not fatal",
                 "[bmp]") {
  const unsigned type = GENERATE(0U, 1U, 2U, 3U, 6U);
  const std::size_t length = GENERATE(0U, 20U, 41U, 42U);
  hear(initiation() + bmp(type, std::string(length, '\1')));
  CHECK(session.state() == BmpSession::State::Established);
  if (type != 6 || length < 42) {
    CHECK(odd("malformed") == 1);
  }
  CHECK(hear(peer_up({})).size() == 1);
  check_bytes(session);
}

TEST_CASE_METHOD(Fixture, "every reason of a Peer Down takes that peer down only", "[bmp]") {
  const auto [reason, data] = GENERATE(table<unsigned, std::string>({
      {1, bgp(u8(6) + u8(2), 3)},
      {2, u16(18)},
      {3, bgp(u8(6) + u8(4), 3)},
      {4, ""},
      {5, ""},
      {6, bmp_tlv(3, "global")},
      {77, "later"},
      {1, "torn"},
  }));
  const BmpPeerSpec other{.asn = 20485, .address = "2001:db8::1", .flags = kV6Flag};
  hear(initiation() + peer_up({}) + peer_up(other, 3356, 40001));
  CHECK(hear(peer_down({}, reason, data)) == Lines{"down r1 AS4837 192.0.2.1 *"});
  CHECK(session.peers().at(0).state == PeerState::Down);
  CHECK(session.peers().at(1).state == PeerState::Up);
  CHECK(odd("unknown_peer_down_reason") == (reason == 77 ? 1 : 0));
  CHECK(hear(peer_up({})) == Lines{"up r1 AS4837 192.0.2.1 *"});
  check_bytes(session);
}

TEST_CASE_METHOD(Fixture, "a Peer Down of a peer that never was up says nothing", "[bmp]") {
  CHECK(hear(initiation() + peer_down({}) + peer_down({}, 2, u16(0))).empty());
  CHECK(odd("peer_down_without_peer_up") == 2);
  CHECK(session.peers().empty());
  hear(peer_up({}) + peer_down({}));
  CHECK(hear(peer_down({})).empty());
  CHECK(odd("peer_down_without_peer_up") == 3);
}

TEST_CASE_METHOD(Fixture, "a second Peer Up is a new session only on another connection", "[bmp]") {
  hear(initiation() + peer_up({}));
  CHECK(hear(peer_up({})).empty());
  CHECK(hear(peer_up(with_flags(kPostFlag))).empty());
  CHECK(hear(peer_up({}, 3356, 40001)) == Lines{"up r1 AS4837 192.0.2.1 *"});
  CHECK(odd("double_peer_up") == 3);
}

TEST_CASE_METHOD(Fixture, "routes before a Peer Up are taken, and counted as odd", "[bmp]") {
  CHECK(hear(monitoring({}, kRoute)) ==
        Lines{"A r1 AS4837 192.0.2.1 175.45.176.0/24 [4837 131279] *"});
  CHECK(odd("route_without_peer_up") == 1);
  CHECK(odd("before_initiation") == 1);
}

TEST_CASE_METHOD(Fixture, "nothing is heard after a Termination", "[bmp]") {
  hear(initiation() + bmp(5, bmp_tlv(1, u16(2)) + bmp_tlv(0, "bye")));
  CHECK(session.state() == BmpSession::State::Terminated);
  CHECK(session.reason() == "the router ended the session: out of resources: bye");
  CHECK(hear(peer_up({})).empty());
  CHECK(session.account().skipped.at("after_termination") == peer_up({}).size());
  check_bytes(session);
}

TEST_CASE_METHOD(Fixture, "the views of one router count as one witness", "[bmp]") {
  hear(initiation() + peer_up({}) + peer_up(loc_rib()));
  // The first view that tells of routes counts, until one does that is nearer to the peer.
  CHECK(hear(monitoring(loc_rib(), kRoute)) ==
        Lines{"A r1 AS3356 198.51.100.9 175.45.176.0/24 [3356 4837 131279] *"});
  CHECK(hear(monitoring(with_flags(kPostFlag), kRoute)) ==
        Lines{"down r1 AS3356 198.51.100.9 *",
              "A r1 AS4837 192.0.2.1 175.45.176.0/24 [4837 131279] *"});
  CHECK(hear(monitoring({}, kRoute)) ==
        Lines{"A r1 AS4837 192.0.2.1 175.45.176.0/24 [4837 131279] *"});
  CHECK(hear(monitoring(with_flags(kPostFlag), kRoute)) ==
        Lines{"A r1/post_policy AS4837 192.0.2.1 175.45.176.0/24 [4837 131279]"});
  CHECK(hear(monitoring(loc_rib(), kRoute)) ==
        Lines{"A r1/loc_rib AS3356 198.51.100.9 175.45.176.0/24 [3356 4837 131279]"});
  const std::string sent = announcement(nlri("175.45.176.0/24"), {3356, 4837, 131279});
  CHECK(hear(monitoring(with_flags(kOutFlag | kPostFlag), sent)) ==
        Lines{"A r1/adj_rib_out_post AS3356 192.0.2.1 175.45.176.0/24 [3356 4837 131279]"});
  CHECK(session.elements_by_view() == std::array<std::uint64_t, kBmpViews>{1, 2, 2, 0, 1});
  // The end of the session ends all that it told of.
  CHECK(hear(peer_down({})) == Lines{"down r1 AS4837 192.0.2.1 *",
                                     "down r1/post_policy AS4837 192.0.2.1",
                                     "down r1/adj_rib_out_post AS3356 192.0.2.1"});
}

TEST_CASE_METHOD(Fixture, "an empty pre-policy table does not silence the post-policy one",
                 "[bmp]") {
  // FRR without soft-reconfiguration: End-of-RIB is all that comes of the first.
  hear(initiation() + peer_up({}));
  CHECK(hear(monitoring({}, end_of_rib())) == Lines{"end r1/pre_policy AS4837 192.0.2.1"});
  CHECK(hear(monitoring(with_flags(kPostFlag), kRoute)).at(0).ends_with(" *"));
  CHECK(hear(monitoring(with_flags(kPostFlag), end_of_rib())) ==
        Lines{"end r1 AS4837 192.0.2.1 *"});
}

TEST_CASE_METHOD(Fixture, "a router that puts its own AS before every path is corrected", "[bmp]") {
  hear(initiation("FRRouting 8.4.4") + peer_up({}));
  CHECK(hear(monitoring({}, announcement(nlri("175.45.176.0/24"), {3356, 4837, 131279}))) ==
        Lines{"A r1 AS4837 192.0.2.1 175.45.176.0/24 [4837 131279] *"});
  CHECK(session.prepends_own_as());
  // Of the target itself, the router is the one that sees the upstream: itself.
  const BmpPeerSpec target{.asn = 131279, .address = "192.0.2.7"};
  hear(peer_up(target, 3356, 40007));
  CHECK(hear(monitoring(target, announcement(nlri("175.45.176.0/24"), {3356, 131279}))) ==
        Lines{"A r1 AS3356 192.0.2.7 175.45.176.0/24 [3356 131279] *"});
  // What it originates itself stands under a peer without a name.
  const BmpPeerSpec self{.asn = 0, .address = "0.0.0.0"};
  CHECK(hear(monitoring(self, announcement(nlri("4.0.0.0/24"), {3356}))) ==
        Lines{"A r1 AS3356 198.51.100.9 4.0.0.0/24 [3356] *"});
  // GoBGP says no path of them at all.
  const std::string pathless = update({}, origin() + next_hop("192.0.2.1"), nlri("4.0.1.0/24"));
  CHECK(hear(monitoring(self, pathless)) == Lines{"A r1 AS3356 198.51.100.9 4.0.1.0/24 [3356] *"});
  CHECK(hear(monitoring({}, pathless)).at(0).starts_with("W "));
}

TEST_CASE_METHOD(Fixture, "the paths of other routers are left alone", "[bmp]") {
  hear(initiation("GoBGP") + peer_up({}));
  const std::string looped = announcement(nlri("10.0.0.0/8"), {4837, 3356, 4837, 131279});
  CHECK(hear(monitoring({}, looped)) ==
        Lines{"A r1 AS4837 192.0.2.1 10.0.0.0/8 [4837 3356 4837 131279] *"});
  const std::string route_server = announcement(nlri("10.0.0.0/8"), {64500, 131279});
  CHECK(hear(monitoring({}, route_server)).at(0).ends_with("[64500 131279] *"));
  CHECK_FALSE(session.prepends_own_as());
  // `20485 131279` from AS20485 itself.
  const BmpPeerSpec ttk{.asn = 20485, .address = "192.0.2.8"};
  hear(peer_up(ttk, 3356, 40008));
  CHECK(hear(monitoring(ttk, announcement(nlri("175.45.176.0/24"), {20485, 131279}))) ==
        Lines{"A r1 AS20485 192.0.2.8 175.45.176.0/24 [20485 131279] *"});
}

TEST_CASE_METHOD(Fixture, "the A flag makes two octets of an ASN, the V flag IPv6", "[bmp]") {
  const BmpPeerSpec peer{.asn = 4837, .address = "2001:db8::1", .flags = kV6Flag | kTwoOctetFlag};
  hear(initiation() + peer_up(peer));
  const std::string body = update(
      {}, origin() + as_path({4837, 23456}, 2) + as4_path({4837, 131279}) + next_hop("192.0.2.1"),
      nlri("175.45.176.0/24"));
  CHECK(hear(monitoring(peer, body)) ==
        Lines{"A r1 AS4837 2001:db8::1 175.45.176.0/24 [4837 131279] *"});
}

TEST_CASE_METHOD(Fixture, "path identifiers are read where both sides agreed, or it shows",
                 "[bmp]") {
  hear(initiation() + peer_up({}, 3356, 40000, add_path_capability(3)));
  hear(monitoring({}, announcement(nlri("175.45.176.0/24", 7), {4837, 131279})));
  CHECK(said.lines.at(0).find("175.45.176.0/24") != std::string::npos);
  // GoBGP's Loc-RIB has them without saying so.
  hear(peer_up(loc_rib()));
  hear(monitoring(loc_rib(), announcement(nlri("175.45.177.0/24", 1), {4837, 131279})));
  REQUIRE(said.lines.size() == 1);
  CHECK(said.lines.at(0).find("175.45.177.0/24") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "tables of a router are told apart", "[bmp]") {
  hear(initiation() + peer_up(loc_rib((65000ULL << 32) + 7), 3356, 0, {}, bmp_tlv(3, "red")));
  CHECK(hear(monitoring(loc_rib((65000ULL << 32) + 7), kRoute)).at(0) ==
        "A r1/65000:7 AS3356 198.51.100.9 175.45.176.0/24 [3356 4837 131279] *");
}

TEST_CASE_METHOD(Fixture, "messages that a router lost while mirroring are a gap", "[bmp]") {
  hear(initiation() + peer_up({}) + bmp(6, bmp_peer({}) + bmp_tlv(1, u16(1))) +
       bmp(6, bmp_peer({}) + bmp_tlv(0, bgp(kRoute)) + bmp_tlv(1, u16(0))));
  CHECK(session.counters().gaps == 1);
  CHECK(odd("mirroring_errored") == 1);
  CHECK(session.counters().elements == 0);
  check_bytes(session);
}

TEST_CASE("peers beyond the limit are refused and counted", "[bmp]") {
  Said said;
  BmpSession session{{.name = "r1", .max_peers = 2},
                     [&](const BmpElement& element) { said(element); }};
  for (unsigned i = 1; i <= 5; ++i) {
    BmpPeerSpec peer;
    peer.address = "192.0.2." + std::to_string(i);
    session.receive(as_bytes(peer_up(peer) + monitoring(peer, kRoute)), kNow);
  }
  CHECK(said.lines.size() == 4);
  CHECK(session.counters().skipped.at("too_many_peers") == 6);
  check_bytes(session);
}
