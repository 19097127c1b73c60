#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/hash.hpp"
#include "core/base/slab_heap.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// The path attributes of a route as PathPool keeps them, in 32-bit words. Two of one pool are
/// equal if, and only if, they are the same object.
class StoredPath {
 public:
  /// Of the words, as the index of the pool wants it.
  [[nodiscard]] std::uint64_t hash() const { return mix(hash_); }
  [[nodiscard]] std::span<const std::uint32_t> words() const;
  /// Restores the attributes; the memory of `attributes` is used again.
  void read(RouteAttributes& attributes) const;
  /// Whether the AS paths are the same, whatever the other attributes are.
  [[nodiscard]] bool same_as_path(const StoredPath& other) const;

 private:
  friend class PathPool;
  StoredPath() = default;

  std::uint32_t references_ = 1;
  std::uint32_t size_ = 0;  ///< words that follow this object
  std::uint32_t hash_ = 0;  ///< of the words: the index moves its entries without reading them
};

/// Keeps each set of path attributes once, however many routes share it, and only as long as one
/// does. Not for several threads.
///
/// The index is cut into shards, so that its growth never moves more than a small part of it.
class PathPool {
 public:
  /// A longer set of attributes is refused: four times what a message of 4,096 octets can carry,
  /// and a bound for what hostile peers of extended messages (RFC 8654) can make us keep.
  static constexpr std::size_t kMaxWords = 4096;

  /// A secret seed keeps hostile peers from choosing paths that collide in the index.
  explicit PathPool(std::uint64_t seed);
  ~PathPool();
  PathPool(const PathPool&) = delete;
  PathPool& operator=(const PathPool&) = delete;
  PathPool(PathPool&&) = delete;
  PathPool& operator=(PathPool&&) = delete;

  /// The one copy of these attributes, with a reference more that `release` gives back. Null if
  /// they are longer than `kMaxWords`.
  const StoredPath* acquire(const RouteAttributes& attributes);
  /// Gives a reference back; with the last one the path is gone.
  void release(const StoredPath* path);

  /// Different paths.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Bytes that the paths and their index take, what the allocators keep for them included.
  [[nodiscard]] std::size_t bytes() const { return own_bytes_ + paths_.reserved() + *index_bytes_; }
  /// Those of them that SlabHeap takes, which the general heap knows nothing of.
  [[nodiscard]] std::size_t slab_bytes() const { return paths_.reserved(); }

 private:
  struct Index;

  std::uint64_t seed_;
  std::vector<std::uint32_t> scratch_;
  StoredPath* last_ = nullptr;  ///< handed out last: the next route often has the same
  std::size_t size_ = 0;
  std::size_t own_bytes_ = 0;
  SlabHeap paths_;
  std::unique_ptr<std::size_t> index_bytes_;
  std::unique_ptr<Index> index_;
};

}  // namespace isthmus::collector
