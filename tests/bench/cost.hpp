#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <malloc.h>

#include "collector/feed/input.hpp"
#include "core/base/bytes.hpp"

/// What the benchmarks of collector/feed measure with and how they say it. Of several runs the best
/// counts, because other work on the machine only makes a run longer.
namespace isthmus::bench {

struct Cost {
  double cpu = 1e9;   ///< seconds of all threads
  double wall = 1e9;  ///< seconds
};

inline double cpu_of(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The best of several runs; `who` is RUSAGE_SELF or RUSAGE_CHILDREN.
inline Cost measure(int runs, int who, const std::function<void()>& work) {
  Cost best;
  for (int i = 0; i < runs; ++i) {
    const double cpu = cpu_of(who);
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    best.cpu = std::min(best.cpu, cpu_of(who) - cpu);
    best.wall = std::min(best.wall, wall.count());
  }
  return best;
}

/// A whole file, decompressed; empty if it cannot be read.
inline std::string content(const std::string& path) {
  auto input = collector::open_input(path);
  std::string bytes;
  while (input) {
    const auto chunk = (*input)->next();
    if (!chunk || chunk->empty()) {
      break;
    }
    bytes += as_text(*chunk);
  }
  return bytes;
}

/// One line of JSON, as `tests/bench/run` reads it: the name, and figures in base units.
inline void report(std::string_view name,
                   std::initializer_list<std::pair<std::string_view, double>> figures) {
  std::string line = fmt::format("{{\"name\": \"{}\"", name);
  for (const auto& [key, value] : figures) {
    line += fmt::format(", \"{}\": {}", key, value);
  }
  fmt::print("{}}}\n", line);
}

/// Bytes that the heap has handed out.
inline std::size_t heap_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// Bytes of the process that lie in memory.
inline std::size_t resident() {
  unsigned long pages = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "r"); file != nullptr) {
    if (std::fscanf(file, "%*u %lu", &pages) != 1) {
      pages = 0;
    }
    std::fclose(file);
  }
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace isthmus::bench
