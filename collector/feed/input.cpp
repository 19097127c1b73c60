#include "collector/feed/input.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "collector/feed/bzip2_input.hpp"
#include "collector/feed/raw_file.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kOutput = std::size_t{1} << 20;

class PlainInput : public Input {
 public:
  explicit PlainInput(RawFile file) : file_{std::move(file)} {}
  Result<Bytes> next() override { return file_.next(); }
  [[nodiscard]] Progress progress() const override { return file_.progress(); }

 private:
  RawFile file_;
};

/// What the decompressors share: the first error lasts.
class DecompressedInput : public Input {
 public:
  explicit DecompressedInput(RawFile file) : file_{std::move(file)}, output_(kOutput) {}

  Result<Bytes> next() final {
    if (!error_.message.empty()) {
      return unexpected{error_};
    }
    const std::size_t count = fill();
    if (count == 0 && !error_.message.empty()) {
      return unexpected{error_};
    }
    return Bytes{output_}.first(count);
  }
  [[nodiscard]] Progress progress() const final { return file_.progress(); }

 protected:
  /// Decompresses into `output_`; 0 at the end or after `give_up`.
  virtual std::size_t fill() = 0;

  /// More compressed bytes, empty at the end or on failure.
  Bytes more() {
    Result<Bytes> chunk = file_.next();
    if (!chunk) {
      error_ = chunk.error();
      return {};
    }
    return *chunk;
  }
  void give_up(const std::string& what) {
    if (error_.message.empty()) {
      error_.message = file_.name() + ": " + what + " near compressed byte " +
                       std::to_string(file_.progress().consumed - unread());
    }
  }
  [[nodiscard]] virtual std::size_t unread() const = 0;
  [[nodiscard]] std::vector<std::byte>& output() { return output_; }

 private:
  RawFile file_;
  std::vector<std::byte> output_;
  Error error_;
};

/// RFC 1952, any number of members.
class GzipInput final : public DecompressedInput {
 public:
  explicit GzipInput(RawFile file) : DecompressedInput{std::move(file)} { start_member(); }

 private:
  std::size_t fill() override {
    state_.next_out = reinterpret_cast<std::uint8_t*>(output().data());
    state_.avail_out = static_cast<std::uint32_t>(output().size());
    while (state_.avail_out > 0 && feed()) {
      const int status = isal_inflate(&state_);
      if (status < 0) {
        give_up("gzip data are damaged (" + std::to_string(status) + ")");
        break;
      }
    }
    return output().size() - state_.avail_out;
  }

  void start_member() {
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP;
  }

  /// Sees to it that there is something to decompress; false at the end.
  bool feed() {
    const bool whole = state_.block_state == ISAL_BLOCK_FINISH;
    for (;;) {
      if (state_.avail_in == 0) {
        const Bytes chunk = more();
        // isal only reads through this pointer.
        state_.next_in = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(chunk.data()));
        state_.avail_in = static_cast<std::uint32_t>(chunk.size());
      }
      if (state_.avail_in == 0) {
        // What isal still holds in its own buffer may yet come out.
        const bool drain = !whole && !std::exchange(ended_, true);
        if (!whole && !drain) {
          give_up("gzip data end too early");
        }
        return drain;
      }
      if (!whole) {
        return true;
      }
      // Padding with zeros is what tapes and some archives leave; gzip accepts it as well.
      while (state_.avail_in > 0 && *state_.next_in == 0) {
        ++state_.next_in;
        --state_.avail_in;
      }
      if (state_.avail_in > 0) {
        return next_member();
      }
    }
  }

  bool next_member() {
    if (*state_.next_in != 0x1f) {
      give_up("bytes that are not gzip follow the compressed data");
      return false;
    }
    std::uint8_t* const rest = state_.next_in;
    const std::uint32_t count = state_.avail_in;
    std::uint8_t* const out = state_.next_out;
    const std::uint32_t room = state_.avail_out;
    start_member();
    state_.next_in = rest;
    state_.avail_in = count;
    state_.next_out = out;
    state_.avail_out = room;
    return true;
  }

  [[nodiscard]] std::size_t unread() const override { return state_.avail_in; }

  inflate_state state_{};
  bool ended_ = false;
};

/// RFC 8878, any number of frames.
class ZstdInput final : public DecompressedInput {
 public:
  explicit ZstdInput(RawFile file)
      : DecompressedInput{std::move(file)},
        stream_{ZSTD_createDStream()} {}
  ~ZstdInput() override { ZSTD_freeDStream(stream_); }
  ZstdInput(const ZstdInput&) = delete;
  ZstdInput& operator=(const ZstdInput&) = delete;
  ZstdInput(ZstdInput&&) = delete;
  ZstdInput& operator=(ZstdInput&&) = delete;

 private:
  std::size_t fill() override {
    ZSTD_outBuffer out{output().data(), output().size(), 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !flush_) {
        const Bytes chunk = more();
        in_ = {chunk.data(), chunk.size(), 0};
        if (chunk.empty()) {
          if (inside_frame_) {
            give_up("zstd data end too early");
          }
          return 0;
        }
      }
      const std::size_t status = ZSTD_decompressStream(stream_, &out, &in_);
      if (ZSTD_isError(status) != 0) {
        give_up(std::string{"zstd data are damaged ("} + ZSTD_getErrorName(status) + ")");
        break;
      }
      inside_frame_ = status != 0;
      flush_ = out.pos == out.size;
    }
    return out.pos;
  }
  [[nodiscard]] std::size_t unread() const override { return in_.size - in_.pos; }

  ZSTD_DStream* stream_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool inside_frame_ = false;
  bool flush_ = false;
};

class MemoryInput final : public Input {
 public:
  MemoryInput(Bytes bytes, std::size_t chunk)
      : rest_{bytes},
        total_{bytes.size()},
        chunk_{chunk == 0 ? 1 : chunk} {}
  Result<Bytes> next() override {
    const Bytes head = rest_.first(std::min(chunk_, rest_.size()));
    rest_ = rest_.subspan(head.size());
    return head;
  }
  [[nodiscard]] Progress progress() const override { return {total_ - rest_.size(), total_}; }

 private:
  Bytes rest_;
  std::size_t total_;
  std::size_t chunk_;
};

bool starts_with(Bytes head, std::string_view magic) {
  return as_text(head).substr(0, magic.size()) == magic;
}

}  // namespace

Result<std::unique_ptr<Input>> open_input(const std::string& path) {
  Result<RawFile> file = RawFile::open(path);
  if (!file) {
    return unexpected{file.error()};
  }
  const Result<Bytes> head = file->peek(4);
  if (!head) {
    return unexpected{head.error()};
  }
  if (head->empty()) {
    return fail(file->name() + ": is empty");
  }
  std::unique_ptr<Input> input;
  if (starts_with(*head, "\x1f\x8b")) {
    input = std::make_unique<GzipInput>(std::move(*file));
  } else if (starts_with(*head, "BZh")) {
    input = open_bzip2(std::move(*file));
  } else if (starts_with(*head, "\x28\xb5\x2f\xfd")) {
    input = std::make_unique<ZstdInput>(std::move(*file));
  } else {
    input = std::make_unique<PlainInput>(std::move(*file));
  }
  return input;
}

std::unique_ptr<Input> memory_input(Bytes bytes, std::size_t chunk) {
  return std::make_unique<MemoryInput>(bytes, chunk);
}

}  // namespace isthmus::collector
