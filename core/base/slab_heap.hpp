#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace isthmus {

/// A heap for very many small objects of few sizes, faster and denser than the general one: each
/// size has spans of its own, without a header for each object, cut from regions that the kernel
/// may back by huge pages, so that a table of millions of routes costs few page faults and TLB
/// misses.
///
/// A span whose objects are all gone serves any other size, and regions without a span in use
/// but one go back to the kernel. Objects larger than `kLargest` come from the general heap. The
/// memory is not zeroed. Not for several threads. Design: Bonwick, "The Slab Allocator", USENIX
/// 1994.
class SlabHeap {
 public:
  static constexpr std::size_t kSpan = std::size_t{64} << 10;
  static constexpr std::size_t kRegion = std::size_t{2} << 20;
  static constexpr std::size_t kLargest = 8192;

  SlabHeap() = default;
  /// All objects have to be given back before; in development builds that is checked.
  ~SlabHeap();
  SlabHeap(const SlabHeap&) = delete;
  SlabHeap& operator=(const SlabHeap&) = delete;
  SlabHeap(SlabHeap&&) = delete;
  SlabHeap& operator=(SlabHeap&&) = delete;

  /// Memory for `size` bytes (at least 1), aligned to 16. Throws std::bad_alloc if there is none.
  [[nodiscard]] void* allocate(std::size_t size);
  /// Gives back what `allocate` returned for this size.
  void release(void* object, std::size_t size);

  /// Bytes that an object of this size takes: its size in the steps of its class.
  [[nodiscard]] static std::size_t object_bytes(std::size_t size);
  /// Bytes of the objects that are there.
  [[nodiscard]] std::size_t used() const { return used_; }
  /// Bytes of the spans that hold them, and of the larger objects; up to a region more is resident.
  [[nodiscard]] std::size_t reserved() const { return reserved_; }

 private:
  struct FreeObject {
    FreeObject* next;
  };
  /// Stands at the beginning of its span; spans are aligned to their size.
  struct alignas(16) Span {
    Span* next;  ///< among those of its class that have room, or the free ones of its region
    Span* previous;
    FreeObject* free;       ///< objects that were given back
    std::uint32_t untaken;  ///< where in the span the objects that were never taken begin
    std::uint32_t count;    ///< objects that are there
    std::uint32_t size_class;
  };
  static constexpr std::size_t kFineStep = 16;  ///< up to kFine, and kCoarseStep beyond
  static constexpr std::size_t kFine = 1024;
  static constexpr std::size_t kCoarseStep = 128;
  static constexpr std::size_t kClasses = kFine / kFineStep + (kLargest - kFine) / kCoarseStep;

  struct Region {
    std::byte* memory;
    Span* free = nullptr;     ///< spans that were given back
    std::size_t untaken = 0;  ///< spans never taken begin here
    std::size_t in_use = 0;
  };

  static void unmap(const Region& region);
  static std::size_t class_of(std::size_t size);
  static std::size_t class_bytes(std::size_t size_class);
  Span& take_span(std::size_t size_class);
  void give_back(Span& span);
  Region& region_of(const Span& span);
  void link(Span& span);
  void unlink(Span& span);

  std::array<Span*, kClasses> with_room_{};
  std::vector<Region> regions_;  ///< by address
  std::size_t used_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace isthmus
