#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/feed/input.hpp"
#include "collector/feed/route_source.hpp"
#include "core/base/bytes.hpp"
#include "core/base/time.hpp"

namespace isthmus::collector {

/// MRT types (RFC 6396 section 4 and appendix B, IANA's registry) that a reader meets.
enum class MrtType : std::uint16_t {
  Bgp = 5,  ///< deprecated, what RIS wrote until 2001
  OspfV2 = 11,
  TableDump = 12,
  TableDumpV2 = 13,
  Bgp4mp = 16,
  Bgp4mpEt = 17,
  Isis = 32,
  IsisEt = 33,
  OspfV3 = 48,
  OspfV3Et = 49,
};

/// The common header (RFC 6396 sections 2 and 3) and the message of one record.
struct MrtRecord {
  std::uint64_t offset = 0;  ///< of the header in the decompressed input
  TimePoint time;            ///< with the microseconds of an extended timestamp
  MrtType type = MrtType::Bgp4mp;
  std::uint16_t subtype = 0;
  Bytes body;              ///< behind the header and the microseconds; lasts until the next record
  std::uint64_t size = 0;  ///< bytes of the whole record, header included
};

/// Whether a type carries BGP routes at all.
bool carries_bgp(MrtType type);

/// The bytes of the body that its own counts and lengths claim; nothing if they do not fit in, or
/// the record has none.
std::optional<std::size_t> content_size(const MrtRecord& record);

/// Whether the body has the outer form of its type: a cheap test that tells a record from noise.
bool is_well_formed(const MrtRecord& record);

/// Cuts a stream into MRT records. After damage it goes on at the next offset from which records
/// follow each other again; what lies between is accounted for as skipped ("no_record"), a torn
/// tail as left over. Memory is bounded by the largest record that is accepted.
class MrtRecordReader {
 public:
  /// A record of a full table with thousands of peers stays below; a longer one is damage.
  static constexpr std::size_t kMaxRecord = std::size_t{16} << 20;

  /// The fields of the common header.
  struct Header {
    std::uint32_t seconds = 0;
    std::uint16_t type = 0;
    std::uint16_t subtype = 0;
    std::uint32_t length = 0;
  };

  /// `name` stands for the input in errors.
  MrtRecordReader(std::unique_ptr<Input> input, std::string name);

  /// The next record, or null at the end. It lasts until the next call.
  const MrtRecord* next();
  /// The reader of records counts `total`, `left_over` and skipped "no_record" here; who decodes
  /// the records adds the rest.
  [[nodiscard]] ByteAccount& account() { return account_; }
  [[nodiscard]] const ByteAccount& account() const { return account_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Input::Progress progress() const { return input_->progress(); }

  /// Notes an error at an offset, of which the first ten are kept.
  void note(std::uint64_t offset, std::string_view what);

 private:
  bool ensure(std::size_t count);
  void keep_rest();
  [[nodiscard]] Bytes ahead() const { return {data_ + begin_, end_ - begin_}; }
  void consume(std::size_t count);
  std::size_t packed_table_size(const Header& header);
  bool parse_record();
  void release_swallowed();
  bool resynchronise();
  bool starts_chain(std::size_t at);
  void end_of_input();

  std::unique_ptr<Input> input_;
  std::string name_;
  ByteAccount account_;
  MrtRecord record_;
  std::vector<std::byte> buffer_;  ///< what a chunk's end left, with the next chunk behind it
  const std::byte* data_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;  ///< in the input, of `begin_`
  std::size_t pending_ = 0;   ///< bytes of the record handed out last
  static constexpr std::uint64_t kNowhere = ~std::uint64_t{0};
  Header header_;  ///< plausible, at `header_offset_`: what was looked at behind the last record
  std::uint64_t header_offset_ = kNowhere;
  bool input_ended_ = false;
  std::uint32_t last_seconds_ = 0;  ///< of the last good record, 0 before the first
};

}  // namespace isthmus::collector
