#include "core/base/slab_heap.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using namespace isthmus;

namespace {

struct Object {
  unsigned char* memory;
  std::size_t size;
  unsigned char mark;
};

Object make(SlabHeap& heap, std::size_t size, unsigned char mark) {
  auto* const memory = static_cast<unsigned char*>(heap.allocate(size));
  std::memset(memory, mark, size);
  return {memory, size, mark};
}

bool is_whole(const Object& object) {
  return std::all_of(object.memory, object.memory + object.size,
                     [&](unsigned char each) { return each == object.mark; });
}

}  // namespace

TEST_CASE("objects of all sizes keep their content while others come and go") {
  const auto seed = GENERATE(range(1U, 5U));
  std::mt19937_64 random{seed};
  SlabHeap heap;
  std::vector<Object> objects;
  std::size_t used = 0;
  for (int phase = 0; phase < 6; ++phase) {
    const unsigned comes = phase % 2 == 0 ? 70 : 30;  // of a hundred steps
    for (int i = 0; i < 4'000; ++i) {
      if (random() % 100 < comes || objects.empty()) {
        const std::size_t size = 1 + random() % (random() % 10 == 0 ? 12'000 : 300);
        objects.push_back(make(heap, size, static_cast<unsigned char>(random())));
        REQUIRE(reinterpret_cast<std::uintptr_t>(objects.back().memory) % 16 == 0);
        used += SlabHeap::object_bytes(size);
      } else {
        std::swap(objects[random() % objects.size()], objects.back());
        REQUIRE(is_whole(objects.back()));
        used -= SlabHeap::object_bytes(objects.back().size);
        heap.release(objects.back().memory, objects.back().size);
        objects.pop_back();
      }
      REQUIRE(heap.used() == used);
      REQUIRE(heap.reserved() >= used);
    }
  }
  // No two share a byte.
  std::map<unsigned char*, std::size_t> places;
  for (const Object& each : objects) {
    REQUIRE(is_whole(each));
    places[each.memory] = each.size;
  }
  REQUIRE(places.size() == objects.size());
  const unsigned char* behind = nullptr;
  for (const auto& [memory, size] : places) {
    REQUIRE(memory >= behind);
    behind = memory + size;
  }
  for (const Object& each : objects) {
    heap.release(each.memory, each.size);
  }
  CHECK(heap.used() == 0);
  CHECK(heap.reserved() == 0);
}

TEST_CASE("an object takes its size and little more") {
  for (std::size_t size = 1; size <= 2 * SlabHeap::kLargest; ++size) {
    const std::size_t bytes = SlabHeap::object_bytes(size);
    REQUIRE(bytes >= size);
    REQUIRE(bytes - size < std::max<std::size_t>(24, size / 8));
  }
  SlabHeap heap;
  std::vector<void*> objects(100'000);
  for (void*& each : objects) {
    each = heap.allocate(100);
  }
  CHECK(static_cast<double>(heap.reserved()) == Approx(112e5).epsilon(0.01));
  for (void* const each : objects) {
    heap.release(each, 100);
  }
}

TEST_CASE("what one size has given back serves another") {
  SlabHeap heap;
  std::vector<void*> objects(50'000);
  std::size_t most = 0;
  for (const std::size_t size : {16U, 48U, 200U, 1'000U, 128U}) {
    const std::size_t count = 5'000'000 / size < objects.size() ? 5'000'000 / size : objects.size();
    for (std::size_t i = 0; i < count; ++i) {
      objects[i] = heap.allocate(size);
    }
    most = std::max(most, heap.reserved());
    for (std::size_t i = 0; i < count; ++i) {
      heap.release(objects[i], size);
    }
    CHECK(heap.reserved() == 0);
  }
  CHECK(most < 6'000'000);
}
