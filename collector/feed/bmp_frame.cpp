#include "collector/feed/bmp_frame.hpp"

#include <algorithm>

namespace isthmus::collector {
namespace {

/// RFC 7854. Version 4 (draft-ietf-grow-bmp-tlv) has the same outer form; 1 and 2 had no length.
constexpr std::uint8_t kOldestVersion = 3;
constexpr std::uint8_t kNewestVersion = 4;

}  // namespace

std::optional<std::size_t> BmpFramer::length_of(Bytes header) {
  ByteReader reader{header};
  const std::uint8_t version = reader.u8();
  const std::size_t length = reader.u32();
  if (version < kOldestVersion || version > kNewestVersion) {
    broken_ = "no BMP of version 3: is this the right port?";
  } else if (length < kHeader) {
    broken_ = "a message claims to be shorter than its header";
  } else if (length > kMaxMessage) {
    broken_ = "a message claims to be longer than any can be";
  } else {
    return length;
  }
  return std::nullopt;
}

/// Fills the buffer up to a size; false if the input does not have so much.
bool BmpFramer::take(Bytes& input, std::size_t size) {
  const std::size_t count = std::min(size - buffer_.size(), input.size());
  buffer_.insert(buffer_.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(count));
  input = input.subspan(count);
  return buffer_.size() == size;
}

std::optional<Bytes> BmpFramer::next(Bytes& input) {
  if (is_whole_) {
    buffer_.clear();
    is_whole_ = false;
  }
  if (!broken_.empty()) {
    return std::nullopt;
  }
  if (buffer_.empty() && input.size() >= kHeader) {
    const std::optional<std::size_t> length = length_of(input.first(kHeader));
    if (!length) {
      return std::nullopt;
    }
    if (*length <= input.size()) {
      const Bytes message = input.first(*length);
      input = input.subspan(*length);
      return message;
    }
  }
  if (buffer_.size() < kHeader && !take(input, kHeader)) {
    return std::nullopt;
  }
  const std::optional<std::size_t> length = length_of(Bytes{buffer_}.first(kHeader));
  if (!length || !take(input, *length)) {
    return std::nullopt;
  }
  is_whole_ = true;
  return Bytes{buffer_};
}

}  // namespace isthmus::collector
