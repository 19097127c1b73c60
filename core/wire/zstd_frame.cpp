#include "core/wire/zstd_frame.hpp"

#include <algorithm>
#include <new>

#include <zstd.h>

namespace isthmus {
namespace {

/// Frames that want a window above 8 MiB are refused: batches are far smaller.
constexpr int kWindowLog = 23;

ZSTD_CCtx* compressor(void* context) {
  return static_cast<ZSTD_CCtx*>(context);
}
ZSTD_DCtx* decompressor(void* context) {
  return static_cast<ZSTD_DCtx*>(context);
}

}  // namespace

void ZstdPacker::Free::operator()(void* context) const {
  ZSTD_freeCCtx(compressor(context));
}

ZstdPacker::ZstdPacker(int level) : context_{ZSTD_createCCtx()} {
  if (context_ == nullptr) {
    throw std::bad_alloc{};
  }
  ZSTD_CCtx_setParameter(compressor(context_.get()), ZSTD_c_compressionLevel, level);
}

void ZstdPacker::pack(std::string_view input, std::string& packed) {
  packed.resize(ZSTD_compressBound(input.size()));
  const std::size_t size = ZSTD_compress2(compressor(context_.get()), packed.data(), packed.size(),
                                          input.data(), input.size());
  if (ZSTD_isError(size) != 0) {
    throw std::bad_alloc{};  // with room for the worst case, only memory can be wanting
  }
  packed.resize(size);
}

void ZstdUnpacker::Free::operator()(void* context) const {
  ZSTD_freeDCtx(decompressor(context));
}

ZstdUnpacker::ZstdUnpacker() : context_{ZSTD_createDCtx()} {
  if (context_ == nullptr) {
    throw std::bad_alloc{};
  }
  ZSTD_DCtx_setParameter(decompressor(context_.get()), ZSTD_d_windowLogMax, kWindowLog);
}

Result<void> ZstdUnpacker::unpack(Bytes input, std::size_t limit, std::string& unpacked) {
  constexpr std::size_t kStep = std::size_t{128} << 10;
  ZSTD_DCtx* const context = decompressor(context_.get());
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  const unsigned long long declared = ZSTD_getFrameContentSize(input.data(), input.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR) {
    return fail("this is no zstd frame");
  }
  if (declared != ZSTD_CONTENTSIZE_UNKNOWN && declared > limit) {
    return fail("unpacks to more than " + std::to_string(limit) + " bytes");
  }
  // A frame may lie about its size: what it really holds is met step by step.
  unpacked.clear();
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  std::size_t used = 0;
  while (true) {
    const std::size_t most = std::min(limit + 1, std::max(used + kStep, used * 2));
    unpacked.resize(declared == ZSTD_CONTENTSIZE_UNKNOWN
                        ? most
                        : std::min<std::size_t>(most, static_cast<std::size_t>(declared) + 1));
    ZSTD_outBuffer out{unpacked.data(), unpacked.size(), used};
    const std::size_t left = ZSTD_decompressStream(context, &out, &in);
    if (ZSTD_isError(left) != 0) {
      return fail("zstd: " + std::string{ZSTD_getErrorName(left)} + " at byte " +
                  std::to_string(in.pos));
    }
    used = out.pos;
    if (used > limit) {
      return fail("unpacks to more than " + std::to_string(limit) + " bytes");
    }
    if (left == 0) {
      break;
    }
    if (in.pos == in.size && out.pos < out.size) {
      return fail("the zstd frame is torn");
    }
  }
  unpacked.resize(used);
  if (in.pos != in.size) {
    return fail(std::to_string(in.size - in.pos) + " bytes follow the zstd frame");
  }
  return {};
}

}  // namespace isthmus
