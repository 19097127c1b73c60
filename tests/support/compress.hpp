#pragma once

#include <random>
#include <stdexcept>
#include <string>

#include <bzlib.h>
#include <zlib.h>
#include <zstd.h>

#include "collector/feed/input.hpp"

namespace isthmus::testing {

/// Bytes that cannot be compressed.
inline std::string sample_noise(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 engine{seed};
  std::string text(count, '\0');
  for (char& each : text) {
    each = static_cast<char>(engine() & 0xff);
  }
  return text;
}

/// Bytes that compress well: words from a small set, and long runs.
inline std::string sample_text(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 engine{seed};
  std::string text;
  while (text.size() < count) {
    if (engine() % 50 == 0) {
      text.append(engine() % 600, static_cast<char>(engine() & 0xff));
    }
    text += std::to_string(engine() % 1000);
    text += "|BGP4MP|";
  }
  text.resize(count);
  return text;
}

inline std::string gzip(const std::string& text) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY);
  std::string bytes(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
    throw std::logic_error{"deflate"};
  }
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

/// What zlib gets out of gzip data that end too early.
inline std::string gunzip_prefix(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string text(std::size_t{64} << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  inflate(&stream, Z_SYNC_FLUSH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

inline std::string zstd(const std::string& text) {
  std::string bytes(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  const std::size_t size =
      ZSTD_compress2(context, bytes.data(), bytes.size(), text.data(), text.size());
  ZSTD_freeCCtx(context);
  if (ZSTD_isError(size) != 0) {
    throw std::logic_error{"zstd"};
  }
  bytes.resize(size);
  return bytes;
}

inline std::string bzip2(std::string text, int level = 9) {
  std::string bytes(text.size() + text.size() / 50 + 1000, '\0');
  auto size = static_cast<unsigned>(bytes.size());
  if (BZ2_bzBuffToBuffCompress(bytes.data(), &size, text.data(), static_cast<unsigned>(text.size()),
                               level, 0, 0) != BZ_OK) {
    throw std::logic_error{"bzip2"};
  }
  bytes.resize(size);
  return bytes;
}

/// All that an input gives.
struct Read {
  std::string content;
  std::string error;        ///< empty if it ended well
  bool same_again = false;  ///< the next call after an error gave the same one
  collector::Input::Progress progress;
};

inline Read read_file(const std::string& path) {
  Read read;
  auto input = collector::open_input(path);
  if (!input) {
    read.error = input.error().message;
    return read;
  }
  for (;;) {
    const auto chunk = (*input)->next();
    if (!chunk) {
      read.error = chunk.error().message;
      const auto again = (*input)->next();
      read.same_again = !again && again.error() == chunk.error();
      break;
    }
    if (chunk->empty()) {
      break;
    }
    read.content += as_text(*chunk);
  }
  read.progress = (*input)->progress();
  return read;
}

}  // namespace isthmus::testing
