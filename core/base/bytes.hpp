#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace isthmus {

using Bytes = std::span<const std::byte>;

/// The bytes of a text, for parsers that take a span.
inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text});
}

/// The text that lies in these bytes; nothing is checked or copied.
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads big-endian fields from the front of a buffer it does not own.
///
/// The first read past the end makes the reader fail for good: later reads return zero or an empty
/// span. A parser therefore reads a whole header and asks `ok()` once.
class ByteReader {
 public:
  explicit ByteReader(Bytes input) : rest_{input} {}

  std::uint8_t u8() { return number<std::uint8_t>(); }
  std::uint16_t u16() { return __builtin_bswap16(number<std::uint16_t>()); }
  std::uint32_t u32() { return __builtin_bswap32(number<std::uint32_t>()); }
  std::uint64_t u64() { return __builtin_bswap64(number<std::uint64_t>()); }

  Bytes take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const Bytes head = rest_.first(count);
    rest_ = rest_.subspan(count);
    return head;
  }
  void skip(std::size_t count) { take(count); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] std::size_t size() const { return rest_.size(); }
  [[nodiscard]] Bytes rest() const { return rest_; }

 private:
  template <typename T>
  T number() {
    T value = 0;
    if (const Bytes field = take(sizeof(T)); !field.empty()) {
      std::memcpy(&value, field.data(), sizeof(T));
    }
    return value;
  }

  Bytes rest_;
  bool ok_ = true;
};

/// Appends big-endian fields to a buffer that it owns; the counterpart of ByteReader.
class ByteWriter {
 public:
  void u8(std::uint8_t value) { append(value, 1); }
  void u16(std::uint16_t value) { append(value, 2); }
  void u32(std::uint32_t value) { append(value, 4); }
  void u64(std::uint64_t value) { append(value, 8); }
  void bytes(Bytes value) { buffer_.append(as_text(value)); }

  /// Overwrites two bytes written before; for a length that is known only at the end.
  void patch_u16(std::size_t offset, std::uint16_t value);
  /// Overwrites four bytes written before.
  void patch_u32(std::size_t offset, std::uint32_t value);

  [[nodiscard]] std::size_t size() const { return buffer_.size(); }
  [[nodiscard]] Bytes view() const { return as_bytes(buffer_); }
  void clear() { buffer_.clear(); }

 private:
  void append(std::uint64_t value, unsigned width);

  std::string buffer_;
};

/// Lower-case hexadecimal, two digits a byte.
std::string to_hex(Bytes bytes);

}  // namespace isthmus
