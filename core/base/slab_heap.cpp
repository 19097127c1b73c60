#include "core/base/slab_heap.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <new>

#include <sanitizer/asan_interface.h>

#include "core/base/heap.hpp"

namespace isthmus {
namespace {

/// So many regions are backed by pages as they are touched: a small table stays small.
constexpr std::size_t kSmallRegions = 1;

std::byte* map_region(std::size_t size, bool huge) {
  // As much again, for the alignment; the rest goes back at once.
  void* const mapped = ::mmap(nullptr, 2 * size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    throw std::bad_alloc{};
  }
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before = (size - reinterpret_cast<std::uintptr_t>(begin) % size) % size;
  if (before > 0) {
    ::munmap(begin, before);
  }
  ::munmap(begin + before + size, size - before);
  if (huge) {
    // A hint: where there are no huge pages, small ones do.
    static_cast<void>(::madvise(begin + before, size, MADV_HUGEPAGE));
  }
  return begin + before;
}

}  // namespace

SlabHeap::~SlabHeap() {
  assert(used_ == 0);
  for (const Region& region : regions_) {
    unmap(region);
  }
}

void SlabHeap::unmap(const Region& region) {
  ASAN_UNPOISON_MEMORY_REGION(region.memory, kRegion);
  ::munmap(region.memory, kRegion);
}

std::size_t SlabHeap::class_of(std::size_t size) {
  return size <= kFine ? (size - 1) / kFineStep
                       : kFine / kFineStep + (size - kFine - 1) / kCoarseStep;
}

std::size_t SlabHeap::class_bytes(std::size_t size_class) {
  constexpr std::size_t kFineClasses = kFine / kFineStep;
  return size_class < kFineClasses ? (size_class + 1) * kFineStep
                                   : kFine + (size_class - kFineClasses + 1) * kCoarseStep;
}

std::size_t SlabHeap::object_bytes(std::size_t size) {
  return size > kLargest ? heap_bytes(size) : class_bytes(class_of(size));
}

void* SlabHeap::allocate(std::size_t size) {
  const std::size_t bytes = object_bytes(size);
  if (size > kLargest) {
    void* const large = ::operator new(size);
    used_ += bytes;
    reserved_ += bytes;
    return large;
  }
  const std::size_t size_class = class_of(size);
  Span& span = with_room_[size_class] != nullptr ? *with_room_[size_class] : take_span(size_class);
  void* object = span.free;
  if (object == nullptr) {
    object = reinterpret_cast<std::byte*>(&span) + span.untaken;
  }
  ASAN_UNPOISON_MEMORY_REGION(object, bytes);
  if (object == span.free) {
    span.free = span.free->next;
  } else {
    span.untaken += static_cast<std::uint32_t>(bytes);
  }
  ++span.count;
  used_ += bytes;
  if (span.free == nullptr && span.untaken + bytes > kSpan) {
    unlink(span);
  }
  return object;
}

void SlabHeap::release(void* object, std::size_t size) {
  const std::size_t bytes = object_bytes(size);
  used_ -= bytes;
  if (size > kLargest) {
    reserved_ -= bytes;
    ::operator delete(object);
    return;
  }
  Span& span = *reinterpret_cast<Span*>(reinterpret_cast<std::uintptr_t>(object) & ~(kSpan - 1));
  const bool was_full = span.free == nullptr && span.untaken + bytes > kSpan;
  ASAN_UNPOISON_MEMORY_REGION(object, bytes);
  span.free = ::new (object) FreeObject{span.free};
  ASAN_POISON_MEMORY_REGION(object, bytes);
  if (was_full) {
    link(span);
  }
  if (--span.count == 0) {
    unlink(span);
    give_back(span);
  }
}

void SlabHeap::link(Span& span) {
  Span*& first = with_room_[span.size_class];
  span.previous = nullptr;
  span.next = first;
  if (first != nullptr) {
    first->previous = &span;
  }
  first = &span;
}

void SlabHeap::unlink(Span& span) {
  (span.previous != nullptr ? span.previous->next : with_room_[span.size_class]) = span.next;
  if (span.next != nullptr) {
    span.next->previous = span.previous;
  }
}

SlabHeap::Region& SlabHeap::region_of(const Span& span) {
  const auto* const at = reinterpret_cast<const std::byte*>(&span);
  const auto behind = std::upper_bound(
      regions_.begin(), regions_.end(), at,
      [](const std::byte* address, const Region& region) { return address < region.memory; });
  return *(behind - 1);
}

SlabHeap::Span& SlabHeap::take_span(std::size_t size_class) {
  auto region = std::find_if(regions_.begin(), regions_.end(),
                             [](const Region& each) { return each.in_use < kRegion / kSpan; });
  if (region == regions_.end()) {
    regions_.reserve(regions_.size() + 1);
    std::byte* const memory = map_region(kRegion, regions_.size() >= kSmallRegions);
    const auto at = std::find_if(regions_.begin(), regions_.end(),
                                 [&](const Region& each) { return each.memory > memory; });
    region = regions_.insert(at, Region{memory});
  }
  Span* span = region->free;
  if (span != nullptr) {
    region->free = span->next;
  } else {
    span = reinterpret_cast<Span*>(region->memory + kSpan * region->untaken++);
  }
  ASAN_UNPOISON_MEMORY_REGION(span, sizeof(Span));
  ::new (span)
      Span{nullptr, nullptr, nullptr, sizeof(Span), 0, static_cast<std::uint32_t>(size_class)};
  ASAN_POISON_MEMORY_REGION(span + 1, kSpan - sizeof(Span));
  ++region->in_use;
  reserved_ += kSpan;
  link(*span);
  return *span;
}

void SlabHeap::give_back(Span& span) {
  Region& region = region_of(span);
  span.next = region.free;
  region.free = &span;
  reserved_ -= kSpan;
  --region.in_use;
  // One empty region stays, so that an object that comes and goes costs no system call.
  const auto is_empty = [](const Region& each) { return each.in_use == 0; };
  if (is_empty(region) && std::count_if(regions_.begin(), regions_.end(), is_empty) > 1) {
    unmap(region);
    regions_.erase(regions_.begin() + (&region - regions_.data()));
  }
}

}  // namespace isthmus
