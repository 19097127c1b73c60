#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collector/feed/raw_file.hpp"

namespace isthmus::collector {

/// The bits of one bzip2 block, moved to the start of a byte: 48 bits of magic, 32 of checksum,
/// data.
struct Bzip2Block {
  std::vector<std::uint8_t> bits;
  std::uint64_t bit_count = 0;
  std::uint64_t offset = 0;  ///< compressed byte where it starts

  [[nodiscard]] std::uint32_t checksum() const;
  void append(const std::uint8_t* bytes, std::uint64_t first_bit, std::uint64_t count);
  /// This block as a bzip2 stream of its own.
  [[nodiscard]] std::vector<std::uint8_t> as_stream() const;
};

/// Cuts a bzip2 file, of any number of streams, into its blocks.
class Bzip2Scanner {
 public:
  explicit Bzip2Scanner(RawFile file) : file_{std::move(file)} {}

  /// The next block; nothing at the end or on failure: see `error`.
  std::optional<Bzip2Block> next();
  /// Empty unless the file could not be read, ends too early, or has foreign bytes at its end.
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] const std::string& name() const { return file_.name(); }
  [[nodiscard]] Input::Progress progress() const { return file_.progress(); }

 private:
  enum class Mark : std::uint8_t { None, Block, End };

  bool pull();
  std::optional<std::uint8_t> take_byte();
  bool start_stream();
  bool end_stream();
  Mark next_mark();
  Bzip2Block cut(std::uint64_t end_bit) const;
  void keep_from(std::uint64_t bit);
  void give_up(const std::string& what);

  RawFile file_;
  Bytes chunk_;
  std::uint64_t consumed_ = 0;     ///< bytes taken out of chunks
  std::vector<std::uint8_t> raw_;  ///< bytes since the start of what is being collected
  std::uint64_t raw_offset_ = 0;   ///< compressed byte of raw_[0]
  std::uint64_t start_bit_ = 0;    ///< where the block starts in raw_
  std::uint64_t mark_bit_ = 0;     ///< where the mark found last starts in raw_
  std::uint64_t window_ = 0;       ///< the last 64 bits
  bool in_block_ = false;
  bool started_ = false;
  bool done_ = false;
  std::uint32_t combined_ = 0;  ///< checksum of the stream's blocks so far
  std::string error_;
};

}  // namespace isthmus::collector
