#pragma once

#include <memory>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

/// A stream of decompressed bytes.
class Input {
 public:
  virtual ~Input() = default;

  /// The next chunk, of any size; an empty one at the end. The bytes last until the next call.
  /// After an error (a damaged or truncated compressed stream, a failing disk) whatever could be
  /// decompressed has been handed over before, and every further call gives the same error.
  virtual Result<Bytes> next() = 0;
  /// Compressed bytes consumed so far, and the size of the file if it is known: for progress.
  struct Progress {
    std::uint64_t consumed = 0;
    std::uint64_t total = 0;
  };
  [[nodiscard]] virtual Progress progress() const = 0;
};

/// Opens a file ("-" is standard input) and finds by its first bytes how it is compressed: gzip,
/// bzip2, zstd or not at all. A directory, an empty file and what cannot be read are errors.
Result<std::unique_ptr<Input>> open_input(const std::string& path);

/// Bytes that are already in memory, for tests, fuzzers and benchmarks. They must outlive the
/// input.
std::unique_ptr<Input> memory_input(Bytes bytes, std::size_t chunk = 1 << 20);

}  // namespace isthmus::collector
