// Any bytes, as a zstd frame and as the protobuf within one: what is accepted keeps to the bounds,
// and is written and read again as the same.
#include <cstdlib>

#include "core/wire/result_batch.hpp"
#include "core/wire/zstd_frame.hpp"

namespace {

using namespace isthmus;

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check(BatchDecoder& decoder, Bytes frame, const WireLimits& limits) {
  const auto batch = decoder.decode(frame);
  if (!batch) {
    expect(!batch.error().message.empty());
    return;
  }
  std::size_t replies = 0;
  for (const SequencedTraceroute& each : batch->traces) {
    for (const Hop& hop : each.trace.hops) {
      replies += hop.replies.size();
    }
  }
  expect(batch->traces.size() <= limits.traces && replies <= limits.replies);
  // Written anew it may be larger, so it is read with more room.
  const WireLimits wide{.packed_bytes = std::size_t{64} << 20,
                        .unpacked_bytes = std::size_t{64} << 20,
                        .trace_bytes = std::size_t{16} << 20,
                        .unknown_bytes = std::size_t{16} << 20};
  const auto again = decode_batch(as_bytes(BatchEncoder{1}.encode(*batch)), wide);
  expect(again.has_value() && *again == *batch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const WireLimits limits{.unpacked_bytes = std::size_t{1} << 20, .traces = 64, .replies = 2'048};
  BatchDecoder decoder{limits};
  const Bytes input = std::as_bytes(std::span{data, size});
  check(decoder, input, limits);
  std::string frame;
  ZstdPacker{1}.pack(as_text(input), frame);
  check(decoder, as_bytes(frame), limits);
  return 0;
}
