#include "collector/feed/path_pool.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>

#include "core/base/hash.hpp"
#include "core/base/heap.hpp"

namespace isthmus::collector {
namespace {

using Words = std::span<const std::uint32_t>;

/// What a set of attributes has, in its first word; ORIGIN stands in the lowest octet.
enum Flag : std::uint32_t {
  kSegments = 1U << 8,  ///< the AS path is more than one sequence
  kNextHop = 1U << 9,
  kNextHopIsV6 = 1U << 10,
  kMed = 1U << 11,
  kLocalPref = 1U << 12,
  kAtomicAggregate = 1U << 13,
  kAggregator = 1U << 14,
  kAggregatorIsV6 = 1U << 15,
  kCommunities = 1U << 16,
  kLargeCommunities = 1U << 17,
  kOnlyToCustomer = 1U << 18,
};

/// The words that attributes take at most.
std::size_t most_words(const RouteAttributes& attributes) {
  constexpr std::size_t kFixed = 24;
  return kFixed + attributes.as_path.asns().size() + 2 * attributes.as_path.segments().size() +
         attributes.communities.size() + 3 * attributes.large_communities.size();
}

/// Writes words behind each other; there is room for all of them.
class WordWriter {
 public:
  explicit WordWriter(std::uint32_t* words) : next_{words} {}

  void put(std::uint32_t word) { *next_++ = word; }
  void put_count(std::size_t count) { put(static_cast<std::uint32_t>(count)); }
  void put_address(const IpAddress& address) {
    put(static_cast<std::uint32_t>(address.high() >> 32));
    if (!address.is_v4()) {
      put(static_cast<std::uint32_t>(address.high()));
      put(static_cast<std::uint32_t>(address.low() >> 32));
      put(static_cast<std::uint32_t>(address.low()));
    }
  }
  [[nodiscard]] std::uint32_t* position() const { return next_; }

 private:
  std::uint32_t* next_;
};

/// The counterpart; the words were written by us.
class WordReader {
 public:
  explicit WordReader(Words words) : rest_{words} {}

  std::uint32_t get() {
    const std::uint32_t word = rest_.front();
    rest_ = rest_.subspan(1);
    return word;
  }
  IpAddress get_address(bool is_v6) {
    const std::uint32_t first = get();
    if (!is_v6) {
      return IpAddress::v4(first);
    }
    const std::uint32_t second = get();
    const std::uint32_t third = get();
    const std::uint32_t fourth = get();
    return IpAddress::v6(std::uint64_t{first} << 32 | second, std::uint64_t{third} << 32 | fourth);
  }
  Words take(std::size_t count) {
    const Words head = rest_.first(count);
    rest_ = rest_.subspan(count);
    return head;
  }

 private:
  Words rest_;
};

bool is_one_sequence(const AsPath& path) {
  const auto segments = path.segments();
  return segments.empty() || (segments.size() == 1 && segments[0].type == SegmentType::Sequence &&
                              segments[0].count > 0);
}

/// The AS path comes first, so that those of two sets can be compared as they stand.
void write_path(WordWriter& writer, const AsPath& path) {
  writer.put_count(path.asns().size());
  for (const Asn asn : path.asns()) {
    writer.put(asn.value);
  }
  if (is_one_sequence(path)) {
    return;
  }
  writer.put_count(path.segments().size());
  for (const AsPath::Segment& segment : path.segments()) {
    writer.put(static_cast<std::uint32_t>(segment.type));
    writer.put(segment.count);
  }
}

void read_path(WordReader& reader, bool has_segments, AsPath& path) {
  path.clear();
  Words asns = reader.take(reader.get());
  if (!has_segments) {
    for (const std::uint32_t asn : asns) {
      path.push_back(Asn{asn});
    }
    return;
  }
  for (std::uint32_t left = reader.get(); left > 0; --left) {
    path.begin_segment(static_cast<SegmentType>(reader.get()));
    const std::uint32_t count = reader.get();
    for (const std::uint32_t asn : asns.first(count)) {
      path.push_back(Asn{asn});
    }
    asns = asns.subspan(count);
  }
}

std::uint32_t flags_of(const RouteAttributes& attributes) {
  const auto flag = [](bool is_set, std::uint32_t value) { return is_set ? value : 0; };
  return static_cast<std::uint32_t>(attributes.origin) |
         flag(!is_one_sequence(attributes.as_path), kSegments) |
         flag(attributes.next_hop.has_value(), kNextHop) |
         flag(attributes.next_hop && !attributes.next_hop->is_v4(), kNextHopIsV6) |
         flag(attributes.med.has_value(), kMed) |
         flag(attributes.local_pref.has_value(), kLocalPref) |
         flag(attributes.atomic_aggregate, kAtomicAggregate) |
         flag(attributes.aggregator.has_value(), kAggregator) |
         flag(attributes.aggregator && !attributes.aggregator->address.is_v4(), kAggregatorIsV6) |
         flag(!attributes.communities.empty(), kCommunities) |
         flag(!attributes.large_communities.empty(), kLargeCommunities) |
         flag(attributes.only_to_customer.has_value(), kOnlyToCustomer);
}

/// Equal attributes give equal words, and the other way round. `room` is used again.
Words write(const RouteAttributes& attributes, std::vector<std::uint32_t>& room) {
  if (room.size() < most_words(attributes)) {
    room.resize(most_words(attributes));
  }
  WordWriter writer{room.data()};
  writer.put(flags_of(attributes));
  write_path(writer, attributes.as_path);
  if (attributes.next_hop) {
    writer.put_address(*attributes.next_hop);
  }
  if (attributes.med) {
    writer.put(*attributes.med);
  }
  if (attributes.local_pref) {
    writer.put(*attributes.local_pref);
  }
  if (attributes.aggregator) {
    writer.put(attributes.aggregator->asn.value);
    writer.put_address(attributes.aggregator->address);
  }
  if (!attributes.communities.empty()) {
    writer.put_count(attributes.communities.size());
    for (const std::uint32_t community : attributes.communities) {
      writer.put(community);
    }
  }
  if (!attributes.large_communities.empty()) {
    writer.put_count(attributes.large_communities.size());
    for (const LargeCommunity& community : attributes.large_communities) {
      writer.put(community.global);
      writer.put(community.local_1);
      writer.put(community.local_2);
    }
  }
  if (attributes.only_to_customer) {
    writer.put(attributes.only_to_customer->value);
  }
  return {room.data(), writer.position()};
}

/// What is looked for in the index, before it is there.
struct Sought {
  Words words;
  std::uint64_t hash;
};

struct Hash {
  using is_transparent = void;
  using is_avalanching = void;

  std::size_t operator()(const StoredPath* path) const { return path->hash(); }
  std::size_t operator()(const Sought& sought) const { return sought.hash; }
};

bool same(Words left, Words right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

struct Equal {
  using is_transparent = void;

  bool operator()(const StoredPath* left, const StoredPath* right) const { return left == right; }
  bool operator()(const Sought& left, const StoredPath* right) const {
    return same(left.words, right->words());
  }
};

std::size_t octets_of(const StoredPath& path) {
  return sizeof(StoredPath) + path.words().size_bytes();
}

using Shard = boost::unordered_flat_set<StoredPath*, Hash, Equal, CountingAllocator<StoredPath*>>;

}  // namespace

struct PathPool::Index {
  static constexpr std::size_t kShards = 1024;

  explicit Index(std::size_t* bytes) {
    shards.reserve(kShards);
    for (std::size_t i = 0; i < kShards; ++i) {
      shards.emplace_back(0, Hash{}, Equal{}, CountingAllocator<StoredPath*>{bytes});
    }
  }
  /// The set itself goes by the highest and the lowest bits.
  Shard& shard(std::uint64_t hash) { return shards[hash >> 24 & (kShards - 1)]; }

  std::vector<Shard> shards;
};

std::span<const std::uint32_t> StoredPath::words() const {
  return {reinterpret_cast<const std::uint32_t*>(this + 1), size_};
}

bool StoredPath::same_as_path(const StoredPath& other) const {
  const auto length = [](Words words) {
    const std::size_t asns = 2 + std::size_t{words[1]};
    return (words[0] & kSegments) == 0 ? asns : asns + 1 + std::size_t{2} * words[asns];
  };
  const Words left = words();
  const Words right = other.words();
  return this == &other ||
         (((left[0] ^ right[0]) & kSegments) == 0 &&
          same(left.first(length(left)).subspan(1), right.first(length(right)).subspan(1)));
}

void StoredPath::read(RouteAttributes& attributes) const {
  WordReader reader{words()};
  const std::uint32_t flags = reader.get();
  attributes.clear();
  attributes.origin = static_cast<Origin>(flags & 0xff);
  read_path(reader, (flags & kSegments) != 0, attributes.as_path);
  if ((flags & kNextHop) != 0) {
    attributes.next_hop = reader.get_address((flags & kNextHopIsV6) != 0);
  }
  if ((flags & kMed) != 0) {
    attributes.med = reader.get();
  }
  if ((flags & kLocalPref) != 0) {
    attributes.local_pref = reader.get();
  }
  attributes.atomic_aggregate = (flags & kAtomicAggregate) != 0;
  if ((flags & kAggregator) != 0) {
    const Asn asn{reader.get()};
    attributes.aggregator = Aggregator{asn, reader.get_address((flags & kAggregatorIsV6) != 0)};
  }
  if ((flags & kCommunities) != 0) {
    const Words communities = reader.take(reader.get());
    attributes.communities.assign(communities.begin(), communities.end());
  }
  if ((flags & kLargeCommunities) != 0) {
    attributes.large_communities.resize(reader.get());
    for (LargeCommunity& community : attributes.large_communities) {
      community.global = reader.get();
      community.local_1 = reader.get();
      community.local_2 = reader.get();
    }
  }
  if ((flags & kOnlyToCustomer) != 0) {
    attributes.only_to_customer = Asn{reader.get()};
  }
}

PathPool::PathPool(std::uint64_t seed)
    : seed_{seed},
      index_bytes_{std::make_unique<std::size_t>(0)},
      index_{std::make_unique<Index>(index_bytes_.get())} {
  own_bytes_ = heap_bytes(Index::kShards * sizeof(Shard)) + heap_bytes(sizeof(Index));
}

PathPool::~PathPool() {
  for (Shard& shard : index_->shards) {
    for (StoredPath* const path : shard) {
      paths_.release(path, octets_of(*path));
    }
  }
}

const StoredPath* PathPool::acquire(const RouteAttributes& attributes) {
  const Words words = write(attributes, scratch_);
  if (last_ != nullptr && same(words, last_->words())) {
    ++last_->references_;
    return last_;
  }
  if (words.size() > kMaxWords) {
    std::vector<std::uint32_t>{}.swap(scratch_);
    return nullptr;
  }
  const auto hash = static_cast<std::uint32_t>(hash_words(words, seed_));
  const Sought sought{words, mix(hash)};
  Shard& shard = index_->shard(sought.hash);
  if (const auto found = shard.find(sought); found != shard.end()) {
    last_ = *found;
    ++last_->references_;
    return last_;
  }
  auto* const path = ::new (paths_.allocate(sizeof(StoredPath) + words.size_bytes())) StoredPath;
  path->size_ = static_cast<std::uint32_t>(words.size());
  path->hash_ = hash;
  std::copy(words.begin(), words.end(), reinterpret_cast<std::uint32_t*>(path + 1));
  shard.insert(path);
  ++size_;
  return last_ = path;
}

void PathPool::release(const StoredPath* path) {
  auto* const mine = const_cast<StoredPath*>(path);
  if (--mine->references_ > 0) {
    return;
  }
  if (last_ == mine) {
    last_ = nullptr;
  }
  Shard& shard = index_->shard(mine->hash());
  shard.erase(mine);
  if (shard.size() < shard.bucket_count() / 8) {
    shard.rehash(0);
  }
  --size_;
  paths_.release(mine, octets_of(*mine));
}

}  // namespace isthmus::collector
