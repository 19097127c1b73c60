// Whatever a file of traceroutes holds, every byte of it is accounted for, and each trace has its
// hops in ascending order with as many answers as packets at least were sent.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "collector/feed/trace_source.hpp"
#include "core/base/bytes.hpp"

using namespace isthmus;
using namespace isthmus::collector;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  TraceFileOptions options;
  options.time = TimePoint{};
  const auto source =
      read_traces(memory_input(std::as_bytes(std::span{data, size}), 1024), "fuzz", options);
  if (!source) {
    return 0;
  }
  std::uint64_t count = 0;
  while (const Traceroute* const trace = (*source)->next()) {
    ++count;
    unsigned ttl = 0;
    for (const Hop& hop : trace->hops) {
      if (hop.ttl <= ttl) {
        std::abort();
      }
      ttl = hop.ttl;
    }
    if (trace->end < trace->start) {
      std::abort();
    }
  }
  const ByteAccount& account = (*source)->account();
  std::uint64_t sum = account.decoded + account.left_over;
  for (const auto& [reason, bytes] : account.skipped) {
    sum += bytes;
  }
  if (sum != account.total || account.total != size || account.elements != count) {
    std::abort();
  }
  return 0;
}
