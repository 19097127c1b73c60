#include "core/base/bytes.hpp"

#include <array>

using isthmus::ByteReader;
using isthmus::ByteWriter;

TEST_CASE("fields are read in network order") {
  ByteWriter writer;
  writer.u8(1);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.u64(0x08090a0b0c0d0e0fULL);
  CHECK(isthmus::to_hex(writer.view()) == "0102030405060708090a0b0c0d0e0f");

  ByteReader reader{writer.view()};
  CHECK(reader.u8() == 1);
  CHECK(reader.u16() == 0x0203);
  CHECK(reader.u32() == 0x04050607);
  CHECK(reader.u64() == 0x08090a0b0c0d0e0fULL);
  CHECK(reader.ok());
  CHECK(reader.empty());
}

TEST_CASE("a read past the end fails the reader for good") {
  constexpr std::array<std::byte, 3> kInput{std::byte{1}, std::byte{2}, std::byte{3}};
  ByteReader reader{kInput};
  CHECK(reader.u32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8() == 0);
  CHECK(reader.take(1).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a reader of nothing is still well until it is asked for something") {
  ByteReader reader{isthmus::Bytes{}};
  CHECK(reader.ok());
  CHECK(reader.take(0).empty());
  CHECK(reader.ok());
  reader.skip(1);
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a length can be filled in afterwards") {
  ByteWriter writer;
  writer.u16(0);
  writer.u32(0);
  writer.patch_u16(0, 0xabcd);
  writer.patch_u32(2, 0x01020304);
  CHECK(isthmus::to_hex(writer.view()) == "abcd01020304");
}
