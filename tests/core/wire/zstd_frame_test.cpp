#include "core/wire/zstd_frame.hpp"

#include <zstd.h>

using namespace isthmus;

namespace {

std::string packed(std::string_view text) {
  std::string frame;
  ZstdPacker{3}.pack(text, frame);
  return frame;
}

/// A frame that does not say how much it holds, as streaming writers leave it.
std::string streamed(const std::string& text) {
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
  REQUIRE(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(context);
  frame.resize(out.pos);
  return frame;
}

}  // namespace

TEST_CASE("a frame unpacks to what was packed, with or without its size in it") {
  const auto size = static_cast<std::size_t>(GENERATE(0, 1, 1'000, 131'072, 131'073, 700'000));
  std::string text(size, 'a');
  for (std::size_t i = 0; i < size; i += 7) {
    text[i] = static_cast<char>(i * 31);
  }
  std::string unpacked = "what was here before";
  ZstdUnpacker unpacker;
  REQUIRE(unpacker.unpack(as_bytes(packed(text)), size, unpacked));
  CHECK(unpacked == text);
  REQUIRE(unpacker.unpack(as_bytes(streamed(text)), size, unpacked));
  CHECK(unpacked == text);
}

TEST_CASE("a frame of more than the bound is refused, whether it says so or not") {
  const std::string bomb(std::size_t{1} << 26, '\0');
  std::string unpacked;
  ZstdUnpacker unpacker;
  CHECK_FALSE(unpacker.unpack(as_bytes(packed(bomb)), 1 << 20, unpacked));
  CHECK_FALSE(unpacker.unpack(as_bytes(streamed(bomb)), 1 << 20, unpacked));
  CHECK(unpacked.capacity() < std::size_t{4} << 20);
  CHECK(unpacker.unpack(as_bytes(packed("small")), 5, unpacked));
  CHECK_FALSE(unpacker.unpack(as_bytes(packed("small")), 4, unpacked));
}

TEST_CASE("a torn frame, and one with something behind it, are refused") {
  const std::string frame = packed("some text that is packed");
  std::string unpacked;
  ZstdUnpacker unpacker;
  for (std::size_t size = 0; size < frame.size(); ++size) {
    REQUIRE_FALSE(unpacker.unpack(as_bytes(frame).first(size), 1'000, unpacked));
  }
  CHECK_FALSE(unpacker.unpack(as_bytes(frame + frame), 1'000, unpacked));
  CHECK(unpacker.unpack(as_bytes(frame), 1'000, unpacked));
}
