#include "core/base/bytes.hpp"

namespace isthmus {

void ByteWriter::append(std::uint64_t value, unsigned width) {
  for (unsigned shift = 8 * width; shift > 0; shift -= 8) {
    buffer_.push_back(static_cast<char>(value >> (shift - 8) & 0xff));
  }
}

void ByteWriter::patch_u16(std::size_t offset, std::uint16_t value) {
  buffer_.at(offset) = static_cast<char>(value >> 8);
  buffer_.at(offset + 1) = static_cast<char>(value & 0xff);
}

void ByteWriter::patch_u32(std::size_t offset, std::uint32_t value) {
  patch_u16(offset, static_cast<std::uint16_t>(value >> 16));
  patch_u16(offset + 2, static_cast<std::uint16_t>(value & 0xffff));
}

std::string to_hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte each : bytes) {
    const auto value = std::to_integer<unsigned>(each);
    text.push_back(kDigits[value >> 4]);
    text.push_back(kDigits[value & 0xf]);
  }
  return text;
}

}  // namespace isthmus
