#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/route/hop.hpp"

namespace isthmus {

/// The version of the schema (core/wire/probe.proto) that this program speaks.
inline constexpr std::uint32_t kWireVersion = 1;

/// A traceroute with its place in what its probe has measured.
struct SequencedTraceroute {
  std::uint64_t sequence = 0;  ///< counts from 1 within a boot
  std::uint64_t request = 0;   ///< the sweep or single trace that asked for it; 0: a round
  Traceroute trace;
  std::string unknown;  ///< fields of a newer schema, as they came: handed on untouched
  friend bool operator==(const SequencedTraceroute&, const SequencedTraceroute&) = default;
};

/// What a probe hands over at once. (probe, boot, sequence) names a traceroute for ever.
struct ResultBatch {
  std::string probe;
  std::uint64_t boot = 0;  ///< random at each start of the probe
  std::string software;
  std::optional<Duration> clock_offset;  ///< collector's clock minus probe's, where it is known
  std::vector<SequencedTraceroute> traces;
  std::string unknown;         ///< as in SequencedTraceroute, of the batch
  std::string unknown_header;  ///< as in SequencedTraceroute, of its header
  friend bool operator==(const ResultBatch&, const ResultBatch&) = default;
};

/// What a batch may cost its reader; who goes past a bound is refused before memory is spent on it.
struct WireLimits {
  std::size_t packed_bytes = std::size_t{4} << 20;     ///< as it came
  std::size_t unpacked_bytes = std::size_t{16} << 20;  ///< decompressed
  std::size_t trace_bytes = std::size_t{256} << 10;    ///< of one traceroute, decompressed
  std::size_t traces = 4'096;
  std::size_t hops = 131'072;          ///< of all traceroutes together
  std::size_t replies = 131'072;       ///< of all traceroutes together
  std::size_t trace_replies = 4'096;   ///< of one
  std::size_t unknown_bytes = 16'384;  ///< of fields of a newer schema, together
};

/// Writes batches; keeps its buffers from one to the next.
class BatchEncoder {
 public:
  /// `level` is zstd's: 1 the fastest, 3 its default, 19 the smallest.
  explicit BatchEncoder(int level = 3);
  BatchEncoder(BatchEncoder&&) noexcept;
  BatchEncoder& operator=(BatchEncoder&&) noexcept;
  ~BatchEncoder();

  /// Protobuf within one zstd frame. Every field is kept exactly; whether a reader takes the batch
  /// is for the caller to see to by WireLimits.
  [[nodiscard]] std::string encode(const ResultBatch& batch);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads batches; keeps its buffers from one to the next.
class BatchDecoder {
 public:
  explicit BatchDecoder(const WireLimits& limits = {});
  BatchDecoder(BatchDecoder&&) noexcept;
  BatchDecoder& operator=(BatchDecoder&&) noexcept;
  ~BatchDecoder();

  /// Refuses, with the place and the cause, whatever is not a whole batch within the limits.
  [[nodiscard]] Result<ResultBatch> decode(Bytes input);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One batch by a BatchEncoder of its own.
std::string encode_batch(const ResultBatch& batch);
/// One batch by a BatchDecoder of its own.
Result<ResultBatch> decode_batch(Bytes input, const WireLimits& limits = {});

}  // namespace isthmus
