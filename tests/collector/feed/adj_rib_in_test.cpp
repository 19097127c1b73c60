#include "collector/feed/adj_rib_in.hpp"

#include <map>
#include <random>
#include <tuple>

#include <malloc.h>

#include "collector/feed/rib_cursor.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

using PeerId = AdjRibIn::PeerId;

VantagePoint vantage(unsigned number) {
  VantagePoint made;
  made.source = number % 2 == 0 ? "rrc00" : "route-views.a-name-beyond-sixteen";
  made.address = number % 3 == 0 ? IpAddress::v6(0x20010db800000000, number)
                                 : IpAddress::v4(0xc0000200 + number);
  made.asn = Asn{64500 + number / 2};
  return made;
}
Prefix prefix(std::string_view text) {
  return Prefix::parse(text).value();
}
TimePoint at(std::int64_t seconds) {
  return TimePoint{std::chrono::seconds{seconds}};
}
RouteAttributes attributes(std::uint32_t number) {
  RouteAttributes made;
  made.origin = Origin::Igp;
  for (std::uint32_t i = 0; i <= number % 5; ++i) {
    made.as_path.push_back(Asn{number + i});
  }
  made.next_hop = IpAddress::v4(number);
  return made;
}

/// The state as one would write it without a thought for memory.
struct Model {
  struct Stored {
    RouteAttributes attributes;
    TimePoint since;
    bool is_stale = false;
  };
  using Key = std::tuple<Prefix, VantagePoint, std::uint32_t>;
  std::map<Key, Stored> routes;
  std::map<std::pair<VantagePoint, Family>, bool> refreshing;

  RouteChange announce(const VantagePoint& from, const Prefix& to, std::uint32_t path_id,
                       const RouteAttributes& path, TimePoint since) {
    const auto [place, is_new] = routes.try_emplace({to, from, path_id}, Stored{path, since});
    if (is_new) {
      return RouteChange::New;
    }
    place->second.is_stale = false;
    if (place->second.attributes == path) {
      return RouteChange::Unchanged;
    }
    place->second = {path, since};
    return RouteChange::Changed;
  }
  std::size_t remove(const VantagePoint& from, Family family, bool only_stale) {
    return std::erase_if(routes, [&](const auto& each) {
      return std::get<1>(each.first) == from && std::get<0>(each.first).family() == family &&
             (!only_stale || each.second.is_stale);
    });
  }
  void begin_refresh(const VantagePoint& from, Family family) {
    refreshing[{from, family}] = true;
    for (auto& [key, stored] : routes) {
      if (std::get<1>(key) == from && std::get<0>(key).family() == family) {
        stored.is_stale = true;
      }
    }
  }
  std::size_t end_refresh(const VantagePoint& from, Family family) {
    return std::exchange(refreshing[{from, family}], false) ? remove(from, family, true) : 0;
  }
  std::size_t clear(const VantagePoint& from) {
    refreshing[{from, Family::Ipv4}] = refreshing[{from, Family::Ipv6}] = false;
    return remove(from, Family::Ipv4, false) + remove(from, Family::Ipv6, false);
  }
};

void require_equal(const AdjRibIn& rib, const Model& model, const Prefix& from = {}) {
  REQUIRE((from != Prefix{} || rib.size() == model.routes.size()));
  RibCursor cursor{rib, rib.peers(), from};
  RouteAttributes read;
  auto expected = model.routes.lower_bound({from, VantagePoint{}, 0});
  while (const RibCursor::Entry* entry = cursor.next()) {
    if (expected == model.routes.end()) {
      FAIL("more routes than there should be");
    }
    entry->route.path->read(read);
    const Model::Key key{entry->route.prefix, rib.vantage(entry->peer), entry->route.path_id};
    const Model::Stored& stored = expected->second;
    if (key != expected->first || read != stored.attributes || entry->route.since != stored.since ||
        entry->route.is_stale != stored.is_stale) {
      FAIL(std::get<0>(expected->first).to_string() << " is not as it should be");
    }
    ++expected;
  }
  REQUIRE(expected == model.routes.end());
}

/// Prefixes of all kinds: nested, the default routes, host routes, long IPv6 with equal first
/// halves.
Prefix random_prefix(std::mt19937_64& random) {
  const std::uint64_t number = random() % 400;
  switch (random() % 4) {
    case 0:
      return Prefix::covering(IpAddress::v4(static_cast<std::uint32_t>(number << 22)),
                              static_cast<unsigned>(random() % 33));
    case 1:
      return Prefix::covering(IpAddress::v4(0x0a000000 + static_cast<std::uint32_t>(number << 8)),
                              24);
    case 2:
      return Prefix::covering(IpAddress::v6(0x2001 << 16 | number << 40, number),
                              static_cast<unsigned>(random() % 129));
    default:
      return Prefix::covering(IpAddress::v6(0x2001 << 16, number << 32 | 1),
                              static_cast<unsigned>(60 + random() % 69));
  }
}

std::size_t heap_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// A feed of as many /24 as asked for, each fifth with a path of its own.
void fill(AdjRibIn& rib, PeerId peer, std::uint32_t routes, std::uint32_t shift = 0) {
  RouteAttributes path;
  for (std::uint32_t i = 0; i < routes; ++i) {
    if (i % 5 == 0) {
      path = attributes(i + shift);
    }
    rib.announce(peer, Prefix::covering(IpAddress::v4(i << 8), 24), 0, path, at(1));
  }
}

}  // namespace

TEST_CASE("the state is that of a map after any sequence of elements") {
  const auto seed = GENERATE(range(1U, 13U));
  std::mt19937_64 random{seed};
  AdjRibIn rib{{.seed = random()}};
  Model model;
  const unsigned peers = 1 + seed % 7;
  for (int i = 0; i < 25'000; ++i) {
    const VantagePoint from = vantage(static_cast<unsigned>(random() % peers));
    const PeerId peer = rib.add_peer(from);
    const Prefix to = random_prefix(random);
    const Family family = to.family();
    const std::uint32_t path_id = random() % 4 == 0 ? static_cast<std::uint32_t>(random() % 3) : 0;
    const std::uint64_t dice = random() % 1'000;
    if (dice < 600) {
      const RouteAttributes path = attributes(static_cast<std::uint32_t>(random() % 4));
      REQUIRE(rib.announce(peer, to, path_id, path, at(i)) ==
              model.announce(from, to, path_id, path, at(i)));
    } else if (dice < 990) {
      const bool was_there = model.routes.erase({to, from, path_id}) > 0;
      REQUIRE(rib.withdraw(peer, to, path_id) ==
              (was_there ? RouteChange::Withdrawn : RouteChange::Absent));
    } else if (dice < 994) {
      rib.begin_refresh(peer, family);
      model.begin_refresh(from, family);
    } else if (dice < 997) {
      REQUIRE(rib.end_refresh(peer, family) == model.end_refresh(from, family));
    } else if (dice < 998) {
      REQUIRE(rib.clear(peer) == model.clear(from));
    } else if (dice < 999) {
      rib.remove_peer(peer);
      model.clear(from);
    } else {
      rib.collect(random() % 500);
    }
    if (i % 500 == 0) {
      require_equal(rib, model);
      require_equal(rib, model, random_prefix(random));
    }
  }
  require_equal(rib, model);
  for (const PeerId peer : rib.peers()) {
    rib.remove_peer(peer);
  }
  CHECK(rib.size() == 0);
  CHECK(rib.collect(std::size_t{1} << 30));
  CHECK(rib.path_count() == 0);
  CHECK(rib.memory().routes == 0);
  CHECK(rib.peers().empty());
}

TEST_CASE("an implicit withdrawal, a duplicate and a new route are told apart") {
  AdjRibIn rib;
  const PeerId peer = rib.add_peer(vantage(1));
  const Prefix to = prefix("175.45.176.0/24");
  CHECK(rib.withdraw(peer, to, 0) == RouteChange::Absent);
  CHECK(rib.announce(peer, to, 0, attributes(1), at(10)) == RouteChange::New);
  CHECK(rib.announce(peer, to, 0, attributes(1), at(20)) == RouteChange::Unchanged);
  CHECK(rib.routes(peer, Family::Ipv4).find(to, 0)->since == at(10));
  CHECK(rib.announce(peer, to, 0, attributes(2), at(30)) == RouteChange::Changed);
  CHECK(rib.routes(peer, Family::Ipv4).find(to, 0)->since == at(30));
  CHECK(rib.withdraw(peer, to, 0) == RouteChange::Withdrawn);
  CHECK(rib.withdraw(peer, to, 0) == RouteChange::Absent);
  CHECK(rib.path_count() == 0);
}

TEST_CASE("a time outside of 1970 to 2106 is cut to it, and microseconds are left out") {
  AdjRibIn rib;
  const PeerId peer = rib.add_peer(vantage(1));
  const auto kept = [&](TimePoint since) {
    rib.announce(peer, prefix("::/0"), 0, attributes(1), since);
    const TimePoint found = rib.routes(peer, Family::Ipv6).find(prefix("::/0"), 0)->since;
    rib.withdraw(peer, prefix("::/0"), 0);
    return found;
  };
  CHECK(kept(at(1506848871) + Duration{999'999}) == at(1506848871));
  CHECK(kept(at(-5)) == at(0));
  CHECK(kept(at(4294967295)) == at(4294967295));
  CHECK(kept(at(4294967296)) == at(4294967295));
}

TEST_CASE("the paths of one prefix with ADD-PATH are routes of their own") {
  AdjRibIn rib;
  const PeerId peer = rib.add_peer(vantage(1));
  for (const std::uint32_t path_id : {7U, 0U, 4'000'000'000U}) {
    CHECK(rib.announce(peer, prefix("10.0.0.0/8"), path_id, attributes(1), at(1)) ==
          RouteChange::New);
  }
  CHECK(rib.size() == 3);
  CHECK(rib.path_count() == 1);
  CHECK(rib.withdraw(peer, prefix("10.0.0.0/8"), 7) == RouteChange::Withdrawn);
  RibCursor cursor{rib, rib.peers()};
  CHECK(cursor.next()->route.path_id == 0);
  CHECK(cursor.next()->route.path_id == 4'000'000'000U);
  CHECK(cursor.next() == nullptr);
}

TEST_CASE("elements of all kinds change the state of their peer alone") {
  AdjRibIn rib;
  const VantagePoint one = vantage(1);
  const VantagePoint two = vantage(2);
  const RouteAttributes path = attributes(1);
  const auto apply = [&](RouteKind kind, const VantagePoint& from, std::string_view to) {
    Route route;
    route.kind = kind;
    route.time = at(100);
    route.since = at(50);
    route.vantage = &from;
    route.prefix = prefix(to);
    route.attributes = kind <= RouteKind::Announce ? &path : nullptr;
    return rib.apply(route);
  };
  for (const VantagePoint& each : {one, two}) {
    CHECK(apply(RouteKind::Table, each, "10.0.0.0/8") == RouteChange::New);
    CHECK(apply(RouteKind::Announce, each, "11.0.0.0/8") == RouteChange::New);
    CHECK(apply(RouteKind::Announce, each, "2001:db8::/32") == RouteChange::New);
  }
  const PeerRoutes& routes = rib.routes(rib.find_peer(one), Family::Ipv4);
  CHECK(routes.find(prefix("10.0.0.0/8"), 0)->since == at(50));
  CHECK(routes.find(prefix("11.0.0.0/8"), 0)->since == at(100));
  SECTION("a withdrawal") {
    CHECK(apply(RouteKind::Withdraw, one, "10.0.0.0/8") == RouteChange::Withdrawn);
    CHECK(rib.size() == 5);
  }
  SECTION("the end of the session, and saying so again") {
    CHECK(apply(RouteKind::PeerDown, one, "0.0.0.0/0") == RouteChange::None);
    CHECK(apply(RouteKind::PeerDown, one, "0.0.0.0/0") == RouteChange::None);
    CHECK(rib.size() == 3);
    CHECK(apply(RouteKind::Announce, one, "10.0.0.0/8") == RouteChange::New);
  }
  SECTION("the start of a session whose end was not heard of") {
    apply(RouteKind::PeerUp, two, "0.0.0.0/0");
    CHECK(rib.size() == 3);
    CHECK(rib.routes(rib.find_peer(two), Family::Ipv6).size() == 0);
  }
  SECTION("a whole dump forgets what it did not name, in its family") {
    apply(RouteKind::TableBegin, one, "0.0.0.0/0");
    CHECK(routes.find(prefix("11.0.0.0/8"), 0)->is_stale);
    CHECK(apply(RouteKind::Table, one, "11.0.0.0/8") == RouteChange::Unchanged);
    apply(RouteKind::TableEnd, one, "0.0.0.0/0");
    CHECK(routes.size() == 1);
    CHECK_FALSE(routes.find(prefix("10.0.0.0/8"), 0));
    CHECK_FALSE(routes.find(prefix("11.0.0.0/8"), 0)->is_stale);
    CHECK(rib.routes(rib.find_peer(one), Family::Ipv6).size() == 1);
    CHECK(rib.size() == 5);
  }
  SECTION("a dump without routes forgets them all; one that did not end, none") {
    apply(RouteKind::TableBegin, one, "0.0.0.0/0");
    CHECK(rib.size() == 6);
    apply(RouteKind::TableEnd, one, "0.0.0.0/0");
    CHECK(rib.size() == 4);
  }
}

TEST_CASE("the generations of a peer's routes may run out") {
  AdjRibIn rib;
  Model model;
  const VantagePoint from = vantage(1);
  const PeerId peer = rib.add_peer(from);
  const auto announce = [&](std::string_view to, std::int64_t time) {
    rib.announce(peer, prefix(to), 0, attributes(1), at(time));
    model.announce(from, prefix(to), 0, attributes(1), at(time));
  };
  announce("10.0.0.0/8", 1);
  rib.begin_refresh(peer, Family::Ipv4);
  model.begin_refresh(from, Family::Ipv4);
  for (int i = 0; i < 140'000; ++i) {
    if (i % 50'000 == 0) {
      announce("11.0.0.0/8", i);
      announce("12.0.0.0/8", i);
    }
    rib.begin_refresh(peer, Family::Ipv4);
    if (i % 50'000 == 9) {
      require_equal(rib, [&] {
        model.begin_refresh(from, Family::Ipv4);
        return model;
      }());
    }
  }
  announce("12.0.0.0/8", 7);
  CHECK(rib.end_refresh(peer, Family::Ipv4) == 2);
  CHECK(model.end_refresh(from, Family::Ipv4) == 2);
  require_equal(rib, model);
  for (int i = 0; i < 140'000; ++i) {
    rib.announce(peer, prefix("13.0.0.0/8"), 0, attributes(2), at(9));
    REQUIRE(rib.clear(peer) == (i == 0 ? 2 : 1));
  }
  CHECK(rib.size() == 0);
}

TEST_CASE("the bytes that the state counts are those of the heap, and come back when a peer goes") {
  constexpr std::uint32_t kRoutes = 200'000;
  const std::size_t before = heap_in_use();
  AdjRibIn rib;
  const std::size_t idle = rib.memory().total();
  const PeerId big = rib.add_peer(vantage(1));
  const PeerId small = rib.add_peer(vantage(2));
  fill(rib, big, kRoutes);
  fill(rib, small, 1'000, 7);
  const std::size_t grown = heap_in_use() + rib.slab_bytes() - before;
  const std::size_t counted = rib.memory().total();
  if (heap_in_use() > 0) {  // a sanitizer's heap does not tell
    CHECK(static_cast<double>(counted) == Approx(grown).epsilon(0.01));
  }
  CHECK(static_cast<double>(counted) / kRoutes < 90);

  SECTION("by itself, with the elements that follow") {
    CHECK(rib.clear(big) == kRoutes);
    CHECK(rib.size() == 1'000);
    CHECK(rib.memory().routes > kRoutes);
    fill(rib, small, 1'000, 7);
    fill(rib, small, 1'000, 7);
    fill(rib, small, 1'000, 7);
    fill(rib, small, 1'000, 7);
  }
  SECTION("in one go") {
    rib.remove_peer(big);
    CHECK(rib.collect(kRoutes));
  }
  SECTION("by single withdrawals") {
    for (std::uint32_t i = 0; i < kRoutes; ++i) {
      rib.withdraw(big, Prefix::covering(IpAddress::v4(i << 8), 24), 0);
    }
  }
  CHECK(rib.size() == 1'000);
  CHECK(rib.routes(small, Family::Ipv4).size() == 1'000);
  CHECK(rib.memory().total() < idle + counted / 20);
  if (heap_in_use() > 0) {
    CHECK(heap_in_use() + rib.slab_bytes() - before < grown / 20 + idle);
  }
}

TEST_CASE("a peer that comes back before its memory does finds no route of the past") {
  AdjRibIn rib;
  const PeerId peer = rib.add_peer(vantage(1));
  fill(rib, peer, 50'000);
  CHECK(rib.clear(peer) == 50'000);
  fill(rib, peer, 20'000);
  CHECK(rib.size() == 20'000);
  std::size_t walked = 0;
  for (PeerRoutes::Cursor cursor{rib.routes(peer, Family::Ipv4), Prefix{}}; cursor.get() != nullptr;
       cursor.advance()) {
    ++walked;
  }
  CHECK(walked == 20'000);
}

TEST_CASE("the number of a removed peer is not given out before its memory is back") {
  AdjRibIn rib;
  const PeerId one = rib.add_peer(vantage(1));
  fill(rib, one, 1'000);
  rib.remove_peer(one);
  CHECK(rib.find_peer(vantage(1)) == AdjRibIn::kNoPeer);
  const PeerId again = rib.add_peer(vantage(1));
  CHECK(again != one);
  CHECK(rib.routes(again, Family::Ipv4).size() == 0);
  CHECK(rib.collect(10'000));
  CHECK(rib.add_peer(vantage(3)) == one);
}

TEST_CASE("what is beyond a limit is refused, counted, and does not leave an old route behind") {
  AdjRibIn::Options options;
  const Prefix to = prefix("10.0.0.0/8");
  SECTION("peers") {
    options.limits.peers = 2;
    AdjRibIn rib{options};
    Route route;
    const RouteAttributes path = attributes(1);
    route.prefix = to;
    route.attributes = &path;
    const auto apply = [&](const VantagePoint& from) {
      route.vantage = &from;
      return rib.apply(route);
    };
    CHECK(apply(vantage(1)) == RouteChange::New);
    CHECK(apply(vantage(2)) == RouteChange::New);
    CHECK(apply(vantage(3)) == RouteChange::Refused);
    CHECK(apply(vantage(2)) == RouteChange::Unchanged);
    CHECK(rib.refused().peers == 1);
    rib.remove_peer(rib.find_peer(vantage(1)));
    CHECK(apply(vantage(3)) == RouteChange::New);
  }
  SECTION("routes of a peer") {
    options.limits.routes_per_peer = 100;
    AdjRibIn rib{options};
    const PeerId peer = rib.add_peer(vantage(1));
    fill(rib, peer, 150);
    CHECK(rib.size() == 100);
    CHECK(rib.refused().routes == 50);
    CHECK(rib.announce(peer, Prefix::covering(IpAddress::v4(0), 24), 0, attributes(9), at(2)) ==
          RouteChange::Changed);
    CHECK(rib.withdraw(peer, Prefix::covering(IpAddress::v4(0), 24), 0) == RouteChange::Withdrawn);
    CHECK(rib.announce(peer, to, 0, attributes(9), at(2)) == RouteChange::New);
  }
  SECTION("attributes") {
    AdjRibIn rib{options};
    const PeerId peer = rib.add_peer(vantage(1));
    CHECK(rib.announce(peer, to, 0, attributes(1), at(1)) == RouteChange::New);
    RouteAttributes huge = attributes(1);
    huge.communities.assign(16'000, 1);
    CHECK(rib.announce(peer, to, 0, huge, at(2)) == RouteChange::Refused);
    CHECK(rib.size() == 0);
    CHECK(rib.refused().paths == 1);
    CHECK(rib.refused().total() == 1);
  }
  SECTION("memory") {
    options.limits.bytes = 2'000'000;
    AdjRibIn rib{options};
    const PeerId peer = rib.add_peer(vantage(1));
    fill(rib, peer, 200'000);
    CHECK(rib.memory().total() < 2'100'000);
    CHECK(rib.refused().memory == 200'000 - rib.size());
    CHECK(rib.size() > 20'000);
    // What needs no more memory is still taken in.
    const Prefix first = Prefix::covering(IpAddress::v4(0), 24);
    CHECK(rib.announce(peer, first, 0, attributes(0), at(2)) == RouteChange::Unchanged);
    CHECK(rib.announce(peer, first, 0, attributes(5), at(2)) == RouteChange::Changed);
    CHECK(rib.announce(peer, first, 0, attributes(3'000'000'000), at(2)) == RouteChange::Refused);
    CHECK_FALSE(rib.routes(peer, Family::Ipv4).find(first, 0));
  }
}
