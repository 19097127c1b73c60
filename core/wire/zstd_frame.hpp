#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace isthmus {

/// Compresses into single zstd frames (RFC 8878); keeps its working memory from one to the next.
class ZstdPacker {
 public:
  explicit ZstdPacker(int level);
  /// Replaces what `packed` held.
  void pack(std::string_view input, std::string& packed);

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

/// Decompresses single zstd frames within a bound, whatever the frame says of its size.
class ZstdUnpacker {
 public:
  ZstdUnpacker();
  /// Replaces what `unpacked` held. Refuses what is torn, or followed by something, or unpacks to
  /// more than `limit` bytes: memory never goes far past what the frame really holds.
  Result<void> unpack(Bytes input, std::size_t limit, std::string& unpacked);

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace isthmus
