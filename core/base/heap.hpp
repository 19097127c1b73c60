#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace isthmus {

/// Bytes that the heap of glibc takes for a request: its size and a word of the allocator's own, in
/// steps of 16, of which 32 is the least.
constexpr std::size_t heap_bytes(std::size_t request) {
  constexpr std::size_t kStep = 16;
  const std::size_t whole = (request + sizeof(std::size_t) + kStep - 1) / kStep * kStep;
  return whole < 2 * kStep ? 2 * kStep : whole;
}

/// Bytes of the heap under a vector, whatever its elements hold besides.
template <typename T, typename Allocator>
std::size_t heap_bytes(const std::vector<T, Allocator>& vector) {
  return vector.capacity() == 0 ? 0 : heap_bytes(vector.capacity() * sizeof(T));
}

/// An allocator that adds up in a counter of the owner's what its containers take of the heap.
template <typename T>
class CountingAllocator {
 public:
  using value_type = T;

  explicit CountingAllocator(std::size_t* bytes) : bytes_{bytes} {}
  template <typename U>
  // NOLINTNEXTLINE(google-explicit-constructor): what the standard asks of an allocator
  CountingAllocator(const CountingAllocator<U>& other) : bytes_{other.counter()} {}

  T* allocate(std::size_t count) {
    T* const memory = static_cast<T*>(::operator new(count * sizeof(T)));
    *bytes_ += heap_bytes(count * sizeof(T));
    return memory;
  }
  void deallocate(T* memory, std::size_t count) {
    *bytes_ -= heap_bytes(count * sizeof(T));
    ::operator delete(memory);
  }
  [[nodiscard]] std::size_t* counter() const { return bytes_; }

  friend bool operator==(const CountingAllocator& left, const CountingAllocator& right) {
    return left.bytes_ == right.bytes_;
  }

 private:
  std::size_t* bytes_;
};

}  // namespace isthmus
