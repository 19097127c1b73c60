#include "collector/feed/live_rib.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace std::chrono_literals;

namespace {

const TimePoint kStart{std::chrono::seconds{1506848871}};

std::shared_ptr<const VantagePoint> vantage(const char* source, std::uint32_t asn = 4837) {
  return std::make_shared<const VantagePoint>(
      VantagePoint{Plane::Control, source, *IpAddress::parse("192.0.2.1"), Asn{asn}});
}

LiveRib::Options watching(const char* prefix = "175.45.176.0/22") {
  LiveRib::Options options;
  options.watch = WatchFilter{{*Prefix::parse(prefix)}, {Asn{131279}}};
  return options;
}

struct Fixture {
  LiveRib rib{watching()};
  RouteBatch changes;
  std::shared_ptr<const VantagePoint> peer = vantage("r1");
  RouteAttributes attributes;

  void say(RouteKind kind, const char* prefix = "0.0.0.0/0", const char* path = nullptr,
           TimePoint time = kStart, bool is_witness = true) {
    say_to(rib, kind, prefix, path, time, is_witness);
  }
  void say_to(LiveRib& to, RouteKind kind, const char* prefix, const char* path, TimePoint time,
              bool is_witness = true) {
    Route route;
    route.kind = kind;
    route.time = time;
    route.vantage = peer.get();
    route.prefix = *Prefix::parse(prefix);
    attributes.origin = Origin::Igp;
    attributes.next_hop = IpAddress::v4(1);
    if (path != nullptr) {
      attributes.as_path = *AsPath::parse(path);
      route.attributes = &attributes;
    }
    to.take(route, peer, is_witness, changes);
  }
  /// The changes as text, which are forgotten with it.
  std::string told() {
    std::string text;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const Route route = changes[i];
      static constexpr std::string_view kKinds = "TAWUDbe";
      text += text.empty() ? "" : " | ";
      text += kKinds[static_cast<std::size_t>(route.kind)];
      if (route.kind <= RouteKind::Withdraw) {
        text += ' ' + route.prefix.to_string();
      }
      if (route.attributes != nullptr) {
        text += " [" + route.attributes->as_path.to_string() + ']';
      }
    }
    changes.clear();
    return text;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "only changes of watched routes are told on", "[live-rib]") {
  say(RouteKind::PeerUp);
  say(RouteKind::Announce, "175.45.176.0/24", "4837 131279");
  CHECK(told() == "U | A 175.45.176.0/24 [4837 131279]");
  say(RouteKind::Announce, "175.45.176.0/24", "4837 131279");
  say(RouteKind::Announce, "10.0.0.0/8", "4837 3356");
  say(RouteKind::Withdraw, "175.45.177.0/24");
  say(RouteKind::Withdraw, "10.0.0.0/8");
  CHECK(told().empty());
  CHECK(rib.rib().size() == 1);
  // A leak: a route of another network through the watched one, and its end.
  say(RouteKind::Announce, "10.0.0.0/8", "20485 131279 4837");
  say(RouteKind::Announce, "10.0.0.0/8", "20485 4837");
  say(RouteKind::Withdraw, "10.0.0.0/8");
  CHECK(told() == "A 10.0.0.0/8 [20485 131279 4837] | A 10.0.0.0/8 [20485 4837] | W 10.0.0.0/8");
  say(RouteKind::PeerDown);
  CHECK(told() == "D");
  CHECK(rib.rib().size() == 0);
}

TEST_CASE_METHOD(Fixture, "views that are no witness are kept, and not told on", "[live-rib]") {
  peer = vantage("r1/loc_rib", 3356);
  say(RouteKind::PeerUp, "0.0.0.0/0", nullptr, kStart, false);
  say(RouteKind::Announce, "175.45.176.0/24", "3356 4837 131279", kStart, false);
  CHECK(told().empty());
  CHECK(rib.routes_of(*peer) == 1);
}

TEST_CASE_METHOD(Fixture, "all routes are kept if that is asked for, the watched ones told",
                 "[live-rib]") {
  LiveRib::Options options = watching();
  options.keep_all = true;
  LiveRib all{options};
  say_to(all, RouteKind::Announce, "10.0.0.0/8", "4837 3356", kStart);
  say_to(all, RouteKind::Announce, "175.45.176.0/24", "4837 131279", kStart);
  CHECK(told() == "A 175.45.176.0/24 [4837 131279]");
  CHECK(all.rib().size() == 2);
}

TEST_CASE_METHOD(Fixture, "a feed that was lost and is back tells only what differs",
                 "[live-rib]") {
  say(RouteKind::PeerUp);
  say(RouteKind::Announce, "175.45.176.0/24", "4837 131279");
  say(RouteKind::Announce, "175.45.177.0/24", "4837 131279");
  say(RouteKind::Announce, "175.45.178.0/24", "4837 131279");
  told();
  rib.lost("r1", kStart);
  CHECK(rib.is_held(*peer));
  rib.tick(kStart + 1min, changes);
  say(RouteKind::PeerUp, "0.0.0.0/0", nullptr, kStart + 2min);
  say(RouteKind::Announce, "175.45.176.0/24", "4837 131279", kStart + 2min);
  say(RouteKind::Announce, "175.45.177.0/24", "20485 131279", kStart + 2min);
  CHECK(told() == "A 175.45.177.0/24 [20485 131279]");
  say(RouteKind::TableEnd, "0.0.0.0/0", nullptr, kStart + 2min);
  rib.tick(kStart + 2min, changes);
  CHECK(told() == "W 175.45.178.0/24");
  CHECK(rib.rib().size() == 2);
  CHECK_FALSE(rib.is_held(*peer));
}

TEST_CASE_METHOD(Fixture, "a table without an end is whole after a while", "[live-rib]") {
  say(RouteKind::Announce, "175.45.178.0/24", "4837 131279");
  rib.lost("r1", kStart);
  say(RouteKind::PeerUp, "0.0.0.0/0", nullptr, kStart + 1s);
  told();
  rib.tick(kStart + 2min, changes);
  CHECK(told().empty());
  rib.tick(kStart + 4min, changes);
  CHECK(told() == "W 175.45.178.0/24");
}

TEST_CASE_METHOD(Fixture, "a feed that stays away loses its vote after the time to hold",
                 "[live-rib]") {
  say(RouteKind::Announce, "175.45.176.0/24", "4837 131279");
  told();
  rib.lost("r", kStart);  // another feed
  CHECK_FALSE(rib.is_held(*peer));
  rib.lost("r1", kStart);
  rib.tick(kStart + 4min, changes);
  CHECK(told().empty());
  rib.tick(kStart + 5min, changes);
  CHECK(told() == "D");
  CHECK(rib.rib().size() == 0);
}

TEST_CASE_METHOD(Fixture, "a long table is swept in small steps", "[live-rib]") {
  LiveRib::Options options = watching("10.0.0.0/8");
  LiveRib large{options};
  for (unsigned i = 0; i < 2000; ++i) {
    say_to(large, RouteKind::Announce,
           Prefix::covering(IpAddress::v4(0x0a000000U + (i << 8)), 24).to_string().c_str(),
           "4837 131279", kStart);
  }
  told();
  large.lost("r1", kStart);
  say_to(large, RouteKind::PeerUp, "0.0.0.0/0", nullptr, kStart);
  say_to(large, RouteKind::TableEnd, "0.0.0.0/0", nullptr, kStart);
  std::size_t steps = 0;
  std::size_t withdrawn = 0;
  while (withdrawn < 2000 && steps < 100) {
    large.tick(kStart, changes);
    CHECK(changes.size() <= 257);
    withdrawn += changes.size();
    changes.clear();
    ++steps;
  }
  large.tick(kStart, changes);
  CHECK(withdrawn == 2000);
  CHECK(steps >= 8);
  CHECK(large.rib().size() == 0);
}

TEST_CASE_METHOD(Fixture, "a restart finds what was known, and holds it until the feed is back",
                 "[live-rib]") {
  const isthmus::testing::ScratchFolder folder;
  const std::string file = folder.path() + "/live.rib";
  say(RouteKind::Announce, "175.45.176.0/24", "4837 131279", kStart - 1h);
  say(RouteKind::Announce, "175.45.177.0/24", "4837 131279", kStart - 2h);
  peer = vantage("r1/loc_rib", 3356);
  say(RouteKind::Announce, "175.45.177.0/24", "3356 4837 131279", kStart, false);
  REQUIRE(rib.save(file, kStart));
  told();

  LiveRib again{watching()};
  const auto restored = again.restore(file, kStart + 10s, changes);
  REQUIRE(restored);
  CHECK(*restored == 3);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].since == kStart - 1h);
  CHECK(changes[0].time == kStart + 10s);
  CHECK(told() == "T 175.45.176.0/24 [4837 131279] | T 175.45.177.0/24 [4837 131279]");
  peer = vantage("r1");
  CHECK(again.is_held(*peer));
  say_to(again, RouteKind::PeerUp, "0.0.0.0/0", nullptr, kStart + 20s);
  say_to(again, RouteKind::Announce, "175.45.176.0/24", "4837 131279", kStart + 20s);
  say_to(again, RouteKind::TableEnd, "0.0.0.0/0", nullptr, kStart + 20s);
  again.tick(kStart + 20s, changes);
  CHECK(told() == "W 175.45.177.0/24");

  // Damage is found, and nothing of the file is believed.
  std::fstream damaged{file, std::ios::in | std::ios::out | std::ios::binary};
  damaged.seekp(60);
  damaged.put('\x7f');
  damaged.close();
  LiveRib third{watching()};
  const auto refused = third.restore(file, kStart, changes);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("damaged") != std::string::npos);
  CHECK(changes.empty());
  CHECK(third.restore(file + ".absent", kStart, changes) == 0U);
}

TEST_CASE_METHOD(Fixture,
                 "a peer that alone keeps a route which all gave up is stuck after a while",
                 "[live-rib]") {
  const auto one = [this](std::uint32_t asn, RouteKind kind, TimePoint time) {
    peer = vantage("r1", asn);
    const std::string path = std::to_string(asn) + " 4837 131279";
    say(kind, "175.45.177.0/24", kind == RouteKind::Announce ? path.c_str() : nullptr, time);
    if (kind == RouteKind::Announce) {
      say(kind, "175.45.176.0/24", path.c_str(), time);
    }
  };
  for (const std::uint32_t asn : {3356U, 1299U, 174U, 3216U}) {
    one(asn, RouteKind::Announce, kStart);
  }
  rib.tick(kStart + 1min, changes);
  for (const std::uint32_t asn : {3356U, 1299U, 174U}) {
    one(asn, RouteKind::Withdraw, kStart + 2min);
  }
  const VantagePoint stuck = *vantage("r1", 3216);
  rib.tick(kStart + 3min, changes);
  CHECK_FALSE(rib.is_stuck(stuck, kStart + 92min));
  rib.tick(kStart + 93min, changes);
  CHECK(rib.is_stuck(stuck, kStart + 93min));
  CHECK_FALSE(rib.is_stuck(*vantage("r1", 3356), kStart + 93min));
  // It gives the route up, or another has it again.
  SECTION("given up") {
    one(3216, RouteKind::Withdraw, kStart + 94min);
  }
  SECTION("no more alone") {
    one(174, RouteKind::Announce, kStart + 94min);
  }
  rib.tick(kStart + 95min, changes);
  CHECK_FALSE(rib.is_stuck(stuck, kStart + 95min));
}

TEST_CASE_METHOD(Fixture, "what only one peer ever told is its own business, not stuck",
                 "[live-rib]") {
  for (const std::uint32_t asn : {3356U, 1299U, 174U}) {
    peer = vantage("r1", asn);
    say(RouteKind::Announce, "175.45.176.0/24", "1 4837 131279", kStart);
  }
  say(RouteKind::Announce, "175.45.178.0/25", "174 4837 131279", kStart);
  rib.tick(kStart + 1min, changes);
  rib.tick(kStart + 120min, changes);
  CHECK_FALSE(rib.is_stuck(*peer, kStart + 120min));
}

TEST_CASE_METHOD(Fixture, "with all routes kept, newly watched ones are told when that changes",
                 "[live-rib]") {
  LiveRib::Options options = watching();
  options.keep_all = true;
  LiveRib all{options};
  say_to(all, RouteKind::Announce, "175.45.176.0/24", "4837 131279", kStart);
  say_to(all, RouteKind::Announce, "192.0.2.0/24", "4837 65001", kStart);
  changes.clear();
  all.watch(WatchFilter{{*Prefix::parse("192.0.2.0/24")}, {Asn{65001}}}, kStart + 1min, changes);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].prefix == *Prefix::parse("192.0.2.0/24"));
  CHECK(changes[0].since == kStart);
}
