#include "collector/publish/gzip.hpp"

#include <new>

#include <isa-l/igzip_lib.h>
#include <zlib.h>

namespace isthmus::collector {
namespace {

/// zlib's best, for what is compressed once and served many times.
std::string gzip_small(std::string_view text) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 9, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc{};
  }
  std::string out(::deflateBound(&stream, text.size()), '\0');
  // zlib's interface is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

/// ISA-L, ten times as fast, for what is compressed at each scrape.
std::string gzip_fast(std::string_view text) {
  isal_zstream stream;
  ::isal_deflate_init(&stream);
  std::string work(ISAL_DEF_LVL1_DEFAULT, '\0');
  stream.level = 1;
  stream.level_buf = reinterpret_cast<std::uint8_t*>(work.data());
  stream.level_buf_size = static_cast<std::uint32_t>(work.size());
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<std::uint32_t>(text.size());
  std::string out(text.size() / 8 + 1024, '\0');
  std::size_t written = 0;
  do {
    if (written == out.size()) {
      out.resize(out.size() * 2);
    }
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data() + written);
    stream.avail_out = static_cast<std::uint32_t>(out.size() - written);
    ::isal_deflate(&stream);
    written = out.size() - stream.avail_out;
  } while (stream.internal_state.state != ZSTATE_END);
  out.resize(written);
  return out;
}

}  // namespace

std::string gzip(std::string_view text, GzipLevel level) {
  return level == GzipLevel::Small ? gzip_small(text) : gzip_fast(text);
}

}  // namespace isthmus::collector
