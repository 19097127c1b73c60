#include "collector/feed/path_pool.hpp"

#include <random>

#include <malloc.h>

using namespace isthmus;
using namespace isthmus::collector;

namespace {

/// Attributes of all shapes, of which many come twice.
RouteAttributes random_attributes(std::mt19937_64& random) {
  RouteAttributes made;
  const auto one_in = [&](unsigned count) { return random() % count == 0; };
  const auto number = [&] { return static_cast<std::uint32_t>(random() % 4); };
  constexpr std::array<Origin, 4> kOrigins{Origin::Igp, Origin::Egp, Origin::Incomplete,
                                           Origin::Missing};
  made.origin = kOrigins[number()];
  for (std::uint32_t left = number(); left > 0; --left) {
    made.as_path.begin_segment(one_in(3) ? static_cast<SegmentType>(1 + number())
                                         : SegmentType::Sequence);
    for (std::uint32_t asns = number(); asns > 0; --asns) {
      made.as_path.push_back(Asn{number()});
    }
  }
  const auto address = [&] {
    return one_in(2) ? IpAddress::v4(number()) : IpAddress::v6(number(), number());
  };
  if (one_in(2)) {
    made.next_hop = address();
  }
  if (one_in(3)) {
    made.med = number();
  }
  if (one_in(3)) {
    made.local_pref = number();
  }
  made.atomic_aggregate = one_in(4);
  if (one_in(4)) {
    made.aggregator = Aggregator{Asn{number()}, address()};
  }
  made.communities.resize(one_in(2) ? number() : 0, number());
  made.large_communities.resize(one_in(4) ? number() : 0, {number(), number(), number()});
  if (one_in(5)) {
    made.only_to_customer = Asn{number()};
  }
  return made;
}

RouteAttributes path_of(std::size_t asns) {
  RouteAttributes made;
  for (std::size_t i = 0; i < asns; ++i) {
    made.as_path.push_back(Asn{static_cast<std::uint32_t>(i)});
  }
  return made;
}

}  // namespace

TEST_CASE("a pool gives one path for equal attributes, and gives them back as they were") {
  std::mt19937_64 random{GENERATE(1U, 2U, 3U)};
  PathPool pool{random()};
  std::vector<std::pair<RouteAttributes, const StoredPath*>> kept;
  RouteAttributes read;
  for (int i = 0; i < 1'500; ++i) {
    RouteAttributes made = random_attributes(random);
    const StoredPath* const path = pool.acquire(made);
    REQUIRE(path != nullptr);
    path->read(read);
    REQUIRE(read == made);
    for (const auto& [attributes, other] : kept) {
      if ((other == path) != (attributes == made)) {
        FAIL("equal paths that are two, or two that are one");
      }
      if (path->same_as_path(*other) != (attributes.as_path == made.as_path)) {
        FAIL("the AS paths are compared wrongly");
      }
    }
    kept.emplace_back(std::move(made), path);
  }
  REQUIRE(pool.size() > 500);
  std::shuffle(kept.begin(), kept.end(), random);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i].second->read(read);
    REQUIRE(read == kept[i].first);
    pool.release(kept[i].second);
  }
  CHECK(pool.size() == 0);
}

TEST_CASE("the bytes that a pool counts are those that the heap gives and gets back") {
  PathPool pool{7};
  const auto used = [&] {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd + pool.slab_bytes();
  };
  const std::size_t idle = pool.bytes();
  const std::size_t before = used();
  std::vector<const StoredPath*> paths;
  paths.reserve(200'000);
  const std::size_t list = used() - before;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    RouteAttributes made = path_of(i % 7);
    made.med = i;
    paths.push_back(pool.acquire(made));
  }
  const std::size_t grown = used() - before - list;
  CHECK(pool.size() == 200'000);
  if (mallinfo2().uordblks > 0) {  // a sanitizer's heap does not tell
    CHECK(static_cast<double>(pool.bytes() - idle) == Approx(grown).epsilon(0.01));
  }
  for (const StoredPath* const path : paths) {
    pool.release(path);
  }
  CHECK(pool.size() == 0);
  CHECK(pool.bytes() < idle + 1'000'000);
}

TEST_CASE("attributes beyond all measure are refused, and nothing of them is kept") {
  PathPool pool{7};
  const std::size_t idle = pool.bytes();
  CHECK(pool.acquire(path_of(PathPool::kMaxWords)) == nullptr);
  RouteAttributes many;
  many.communities.assign(std::size_t{1} << 20, 7);
  CHECK(pool.acquire(many) == nullptr);
  CHECK(pool.size() == 0);
  CHECK(pool.bytes() == idle);
  const StoredPath* const longest = pool.acquire(path_of(PathPool::kMaxWords - 2));
  REQUIRE(longest != nullptr);
  RouteAttributes read;
  longest->read(read);
  CHECK(read == path_of(PathPool::kMaxWords - 2));
  pool.release(longest);
}
