#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"

namespace isthmus::collector {

/// Cuts a BMP stream into messages (RFC 7854 section 4.1), however it was cut on the way. A message
/// that lies whole in what was received is not copied. Memory is bounded by one message, and grows
/// only as its bytes arrive, not as its length claims.
class BmpFramer {
 public:
  static constexpr std::size_t kHeader = 6;
  /// The longest that can be needed is a Peer Up: two extended messages (RFC 8654) with headers and
  /// some text. A longer one is damage, or an attack.
  static constexpr std::size_t kMaxMessage = std::size_t{132} << 10;

  /// The next message, header included, taken off the front of `input`; it lasts until the next
  /// call. Nothing: all of `input` was taken and more is needed, or the stream is broken.
  std::optional<Bytes> next(Bytes& input);

  /// Why no message can be found in the stream any more, or empty: nothing in BMP marks where the
  /// next one begins.
  [[nodiscard]] std::string_view broken() const { return broken_; }
  /// Bytes of a message whose rest has not come yet.
  [[nodiscard]] std::size_t pending() const { return is_whole_ ? 0 : buffer_.size(); }

 private:
  bool take(Bytes& input, std::size_t size);
  /// The length that a header claims; nothing if it is none.
  std::optional<std::size_t> length_of(Bytes header);

  std::vector<std::byte> buffer_;
  bool is_whole_ = false;  ///< what is in the buffer was handed out
  std::string_view broken_;
};

}  // namespace isthmus::collector
