#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus::collector {

/// The SHA-256 that a header of digests holds, as lower-case hexadecimal: `sha-256=:BASE64:` of
/// Repr-Digest and Content-Digest, `SHA-256=BASE64` of Digest. Nothing if it has none.
std::optional<std::string> read_sha256_digest(std::string_view header);

/// Content-Range's first byte and the whole size: "bytes 100-199/1000", "bytes */1000".
struct ContentRange {
  std::optional<std::uint64_t> first;
  std::uint64_t total = 0;
};
/// Nothing if the header is not of that form or the whole size is unknown.
std::optional<ContentRange> read_content_range(std::string_view header);

/// A header that is a whole number and nothing else, as Content-Length is.
std::optional<std::uint64_t> read_number(std::string_view text);

}  // namespace isthmus::collector
