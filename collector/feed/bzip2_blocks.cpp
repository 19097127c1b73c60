#include "collector/feed/bzip2_blocks.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace isthmus::collector {
namespace {

constexpr std::uint64_t kBlockMagic = 0x314159265359;
constexpr std::uint64_t kEndMagic = 0x177245385090;
constexpr unsigned kMagicBits = 48;
constexpr std::uint64_t kMagicMask = (std::uint64_t{1} << kMagicBits) - 1;
/// A block holds at most 900,000 symbols; more bits than this cannot belong to one.
constexpr std::size_t kMaxBlockBytes = std::size_t{8} << 20;

/// For each value of the third youngest byte: whether a magic may end in the youngest.
constexpr std::array<bool, 256> make_hints() {
  std::array<bool, 256> hints{};
  for (unsigned shift = 0; shift < 8; ++shift) {
    for (const std::uint64_t magic : {kBlockMagic, kEndMagic}) {
      hints[magic >> (16 - shift) & 0xff] = true;
    }
  }
  return hints;
}
constexpr std::array<bool, 256> kHints = make_hints();

std::uint32_t rotate(std::uint32_t value) {
  return (value << 1U) | (value >> 31U);
}

std::uint64_t bits_at(const std::vector<std::uint8_t>& bytes, std::uint64_t bit, unsigned count) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i, ++bit) {
    const unsigned byte = bytes[bit / 8];
    value = (value << 1U) | (byte >> (7 - bit % 8) & 1U);
  }
  return value;
}

}  // namespace

std::uint32_t Bzip2Block::checksum() const {
  return bit_count < kMagicBits + 32 ? 0
                                     : static_cast<std::uint32_t>(bits_at(bits, kMagicBits, 32));
}

void Bzip2Block::append(const std::uint8_t* bytes, std::uint64_t first_bit, std::uint64_t count) {
  bits.resize((bit_count + count + 7) / 8 + 1);
  for (std::uint64_t done = 0; done < count;) {
    const std::uint64_t from = first_bit + done;
    const std::uint64_t to = bit_count + done;
    const auto shift = static_cast<unsigned>(from % 8);
    const auto room = static_cast<unsigned>(8 - to % 8);
    constexpr std::uint64_t kWord = 56;
    if (room == 8 && count - done >= 64) {
      // Eight bytes give seven whole ones, wherever in the first they begin.
      std::uint64_t word = 0;
      std::memcpy(&word, bytes + from / 8, sizeof word);
      word = __builtin_bswap64(__builtin_bswap64(word) << shift);
      std::memcpy(bits.data() + to / 8, &word, kWord / 8);
      done += kWord;
      continue;
    }
    const auto step = std::min<std::uint64_t>({8 - shift, room, count - done});
    const unsigned value = bytes[from / 8] >> (8 - shift - step) & ((1U << step) - 1);
    bits[to / 8] = static_cast<std::uint8_t>(bits[to / 8] | value << (room - step));
    done += step;
  }
  bit_count += count;
}

std::vector<std::uint8_t> Bzip2Block::as_stream() const {
  std::array<std::uint8_t, 10> tail{};
  for (unsigned i = 0; i < 6; ++i) {
    tail[i] = static_cast<std::uint8_t>(kEndMagic >> (40 - 8 * i));
  }
  for (unsigned i = 0; i < 4; ++i) {
    tail[6 + i] = static_cast<std::uint8_t>(checksum() >> (24 - 8 * i));
  }
  Bzip2Block whole;
  const std::array<std::uint8_t, 4> head{'B', 'Z', 'h', '9'};
  whole.append(head.data(), 0, 32);
  whole.bits.insert(whole.bits.begin() + 4, bits.begin(),
                    bits.begin() + static_cast<std::ptrdiff_t>((bit_count + 7) / 8));
  whole.bit_count += bit_count;
  whole.append(tail.data(), 0, 80);
  whole.bits.resize((whole.bit_count + 7) / 8);
  return std::move(whole.bits);
}

void Bzip2Scanner::give_up(const std::string& what) {
  if (error_.empty()) {
    error_ = name() + ": " + what + " near compressed byte " + std::to_string(consumed_);
  }
  done_ = true;
}

bool Bzip2Scanner::pull() {
  if (!chunk_.empty()) {
    return true;
  }
  Result<Bytes> chunk = file_.next();
  if (!chunk) {
    error_ = chunk.error().message;
    done_ = true;
    return false;
  }
  chunk_ = *chunk;
  return !chunk_.empty();
}

std::optional<std::uint8_t> Bzip2Scanner::take_byte() {
  if (!pull()) {
    return std::nullopt;
  }
  const auto value = std::to_integer<std::uint8_t>(chunk_.front());
  chunk_ = chunk_.subspan(1);
  ++consumed_;
  return value;
}

bool Bzip2Scanner::start_stream() {
  std::string head;
  for (int i = 0; i < 4; ++i) {
    const std::optional<std::uint8_t> byte = take_byte();
    if (!byte) {
      break;
    }
    head.push_back(static_cast<char>(*byte));
  }
  if (head.empty() && started_) {
    done_ = true;
    return false;
  }
  if (head.size() != 4 || head.compare(0, 3, "BZh") != 0 || head[3] < '1' || head[3] > '9') {
    give_up(started_ ? "bytes that are not bzip2 follow the compressed data"
                     : "the bzip2 header is damaged");
    return false;
  }
  started_ = true;
  combined_ = 0;
  raw_.clear();
  raw_offset_ = consumed_;
  window_ = 0;
  in_block_ = false;
  return true;
}

Bzip2Scanner::Mark Bzip2Scanner::next_mark() {
  while (pull()) {
    const std::size_t size = chunk_.size();
    for (std::size_t i = 0; i < size; ++i) {
      window_ = window_ << 8 | std::to_integer<std::uint64_t>(chunk_[i]);
      if (!kHints[window_ >> 16 & 0xff]) {
        continue;
      }
      for (unsigned shift = 0; shift < 8; ++shift) {
        const std::uint64_t value = window_ >> shift & kMagicMask;
        const std::uint64_t end = (raw_.size() + i + 1) * 8 - shift;
        if ((value == kBlockMagic || value == kEndMagic) && end >= kMagicBits) {
          const auto* const bytes = reinterpret_cast<const std::uint8_t*>(chunk_.data());
          raw_.insert(raw_.end(), bytes, bytes + i + 1);
          chunk_ = chunk_.subspan(i + 1);
          consumed_ += i + 1;
          mark_bit_ = end - kMagicBits;
          return value == kBlockMagic ? Mark::Block : Mark::End;
        }
      }
    }
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(chunk_.data());
    raw_.insert(raw_.end(), bytes, bytes + size);
    consumed_ += size;
    chunk_ = {};
    if (raw_.size() > kMaxBlockBytes) {
      give_up("no bzip2 block ends where one must");
      return Mark::None;
    }
  }
  return Mark::None;
}

Bzip2Block Bzip2Scanner::cut(std::uint64_t end_bit) const {
  Bzip2Block block;
  block.offset = raw_offset_ + start_bit_ / 8;
  block.append(raw_.data(), start_bit_, end_bit - start_bit_);
  block.bits.resize((block.bit_count + 7) / 8);
  return block;
}

void Bzip2Scanner::keep_from(std::uint64_t bit) {
  raw_.erase(raw_.begin(), raw_.begin() + static_cast<std::ptrdiff_t>(bit / 8));
  raw_offset_ += bit / 8;
  start_bit_ = bit % 8;
}

/// True if the mark really ends the stream, which its checksum says, or that nothing or another
/// stream follows; a magic within a block's data is as rare as one in 2^48 bits, but it exists.
bool Bzip2Scanner::end_stream() {
  const std::uint64_t needed = (mark_bit_ + kMagicBits + 32 + 7) / 8;
  while (raw_.size() < needed) {
    const std::optional<std::uint8_t> byte = take_byte();
    if (!byte) {
      give_up("bzip2 data end too early");
      return true;
    }
    raw_.push_back(*byte);
    window_ = window_ << 8 | *byte;
  }
  const std::uint32_t expected =
      in_block_ ? rotate(combined_) ^ cut(mark_bit_).checksum() : combined_;
  if (bits_at(raw_, mark_bit_ + kMagicBits, 32) == expected) {
    return true;
  }
  std::string behind;
  while (behind.size() < 3) {
    const std::optional<std::uint8_t> byte = take_byte();
    if (!byte) {
      break;
    }
    behind.push_back(static_cast<char>(*byte));
    raw_.push_back(*byte);
    window_ = window_ << 8 | *byte;
  }
  if (behind.empty() || behind == "BZh") {
    give_up("the checksum of the bzip2 stream is wrong");
    return true;
  }
  return false;
}

std::optional<Bzip2Block> Bzip2Scanner::next() {
  while (!done_) {
    if (raw_.empty() && !in_block_ && !start_stream()) {
      return std::nullopt;
    }
    const Mark mark = next_mark();
    if (done_) {
      return std::nullopt;
    }
    if (mark == Mark::None) {
      give_up("bzip2 data end too early");
      return std::nullopt;
    }
    if (mark == Mark::End && !end_stream()) {
      continue;
    }
    std::optional<Bzip2Block> block;
    if (in_block_) {
      block = cut(mark_bit_);
      combined_ = rotate(combined_) ^ block->checksum();
    } else if (mark_bit_ != 0) {
      give_up("the bzip2 stream does not start with a block");
      return std::nullopt;
    }
    in_block_ = mark == Mark::Block;
    if (in_block_) {
      keep_from(mark_bit_);
    } else {
      raw_.clear();
    }
    if (block) {
      return block;
    }
  }
  return std::nullopt;
}

}  // namespace isthmus::collector
