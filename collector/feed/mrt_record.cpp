#include "collector/feed/mrt_record.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <utility>

namespace isthmus::collector {
namespace {

constexpr std::size_t kHeader = 12;
/// No archive is older (RIS began in 1999), and none is from the 22nd century.
constexpr std::uint32_t kEarliest = 788918400;  // 1995-01-01
constexpr std::uint32_t kLatest = 4102444800;   // 2100-01-01
/// Records of one file lie closer together than this; TABLE_DUMP_V2 has one time for all.
constexpr std::uint32_t kMaxStep = 32 * 86400;

using Header = MrtRecordReader::Header;

/// There must be as many bytes as a header has.
Header read_header(Bytes bytes) {
  std::array<std::uint32_t, 3> words{};
  std::memcpy(words.data(), bytes.data(), kHeader);
  const std::uint32_t types = __builtin_bswap32(words[1]);
  return {__builtin_bswap32(words[0]), static_cast<std::uint16_t>(types >> 16),
          static_cast<std::uint16_t>(types & 0xffff), __builtin_bswap32(words[2])};
}

bool has_microseconds(std::uint16_t type) {
  return type == static_cast<std::uint16_t>(MrtType::Bgp4mpEt) ||
         type == static_cast<std::uint16_t>(MrtType::IsisEt) ||
         type == static_cast<std::uint16_t>(MrtType::OspfV3Et);
}

struct Bounds {
  std::uint32_t max_subtype = 0;
  std::uint32_t min_length = ~0U;  ///< no record is as long: an unknown type
};

constexpr std::array<Bounds, 64> make_bounds() {
  std::array<Bounds, 64> bounds{};
  // RFC 6396 appendix B: MSG_BGP4PLUS and the like, of which nothing has survived but the numbers.
  for (std::size_t type = 1; type <= 10; ++type) {
    bounds[type] = {16, 0};
  }
  const auto set = [&bounds](MrtType type, Bounds value) {
    bounds[static_cast<std::size_t>(type)] = value;
  };
  set(MrtType::Bgp, {7, 0});
  set(MrtType::TableDump, {4, 18});
  set(MrtType::TableDumpV2, {12, 6});
  set(MrtType::Bgp4mp, {11, 4});
  set(MrtType::Bgp4mpEt, {11, 8});
  for (const MrtType type :
       {MrtType::OspfV2, MrtType::Isis, MrtType::IsisEt, MrtType::OspfV3, MrtType::OspfV3Et}) {
    set(type, {2, 4});
  }
  return bounds;
}
constexpr std::array<Bounds, 64> kBounds = make_bounds();

inline bool is_plausible(const Header& header) {
  const Bounds& bounds = kBounds[header.type % kBounds.size()];
  return header.type < kBounds.size() && header.subtype <= bounds.max_subtype &&
         header.length >= bounds.min_length && header.length <= MrtRecordReader::kMaxRecord &&
         header.seconds >= kEarliest && header.seconds < kLatest;
}

/// Type and subtype are small numbers: most noise is told from a header by three bytes.
bool may_be_header(const std::byte* bytes) {
  return bytes[4] == std::byte{0} && bytes[5] != std::byte{0} && bytes[6] == std::byte{0};
}

/// Whether a record, or the end of the input, lies here.
bool is_start(Bytes bytes, bool at_end) {
  if (bytes.size() < kHeader) {
    return bytes.empty() && at_end;
  }
  return is_plausible(read_header(bytes));
}

MrtRecord make_record(const Header& header, Bytes body, std::uint64_t offset) {
  MrtRecord record;
  record.offset = offset;
  record.time = TimePoint{std::chrono::seconds{header.seconds}};
  record.type = static_cast<MrtType>(header.type);
  record.subtype = header.subtype;
  record.size = kHeader + body.size();
  if (has_microseconds(header.type)) {
    ByteReader reader{body};
    record.time += Duration{reader.u32()};
    body = reader.rest();
  }
  record.body = body;
  return record;
}

}  // namespace

MrtRecordReader::MrtRecordReader(std::unique_ptr<Input> input, std::string name)
    : input_{std::move(input)},
      name_{std::move(name)} {}

void MrtRecordReader::note(std::uint64_t offset, std::string_view what) {
  account_.note(name_, offset, what);
}

/// Moves what lies ahead to the front of our own buffer: a chunk ends with the next one.
void MrtRecordReader::keep_rest() {
  if (begin_ == end_) {
    return;
  }
  if (data_ == buffer_.data()) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
  } else {
    buffer_.assign(data_ + begin_, data_ + end_);
  }
  data_ = buffer_.data();
  begin_ = 0;
  end_ = buffer_.size();
}

/// Sees to it that `count` bytes lie ahead in one piece; false if the input ends before.
bool MrtRecordReader::ensure(std::size_t count) {
  while (end_ - begin_ < count) {
    if (input_ended_) {
      return false;
    }
    keep_rest();
    Result<Bytes> chunk = input_->next();
    if (!chunk) {
      note(offset_ + (end_ - begin_), chunk.error().message);
      input_ended_ = true;
      return false;
    }
    if (chunk->empty()) {
      input_ended_ = true;
      return false;
    }
    account_.total += chunk->size();
    if (begin_ == end_) {
      data_ = chunk->data();
      begin_ = 0;
      end_ = chunk->size();
    } else {
      buffer_.insert(buffer_.end(), chunk->begin(), chunk->end());
      data_ = buffer_.data();
      end_ = buffer_.size();
    }
  }
  return true;
}

void MrtRecordReader::consume(std::size_t count) {
  begin_ += count;
  offset_ += count;
}

/// Whether a well-formed record lies `at` bytes ahead, with another one, or the end, behind it.
bool MrtRecordReader::starts_chain(std::size_t at) {
  const Header header = read_header(ahead().subspan(at));
  const std::uint32_t step = header.seconds > last_seconds_ ? header.seconds - last_seconds_
                                                            : last_seconds_ - header.seconds;
  if (!is_plausible(header) || !carries_bgp(static_cast<MrtType>(header.type)) ||
      (last_seconds_ != 0 && step > kMaxStep)) {
    return false;
  }
  const std::size_t whole = kHeader + header.length;
  const bool more = ensure(at + whole + kHeader);
  if (ahead().size() < at + whole) {
    return false;
  }
  const MrtRecord record = make_record(header, ahead().subspan(at + kHeader, header.length), 0);
  return is_well_formed(record) && is_start(ahead().subspan(at + whole), !more);
}

/// Skips to the next record; false if there is none.
bool MrtRecordReader::resynchronise() {
  const std::uint64_t from = offset_;
  std::uint64_t& skipped = account_.skipped["no_record"];
  bool found = false;
  while (!found && ensure(kHeader + 1)) {
    std::size_t at = 1;
    while (at + kHeader <= end_ - begin_ &&
           !(found = may_be_header(data_ + begin_ + at) && starts_chain(at))) {
      ++at;
    }
    // What is left may be the start of a header: one byte less than a header stays.
    const std::size_t passed = found ? at : ahead().size() - kHeader;
    consume(passed);
    skipped += passed;
  }
  if (!found) {
    skipped += end_ - begin_;
    consume(end_ - begin_);
  }
  note(from, "no MRT record; skipped " + std::to_string(offset_ - from) + " bytes");
  return found;
}

void MrtRecordReader::end_of_input() {
  if (const std::size_t rest = end_ - begin_; rest > 0) {
    account_.left_over += rest;
    note(offset_, std::to_string(rest) + " bytes are left over: the last record is torn");
    consume(rest);
  }
}

/// RIS packed many routes into one TABLE_DUMP record until 2001, and gave a length that is some
/// bytes short. The routes are walked to find where the next record starts; 0 if this is no such
/// record.
std::size_t MrtRecordReader::packed_table_size(const Header& header) {
  constexpr std::size_t kSlack = 4096;
  const std::size_t whole = kHeader + header.length;
  if (header.type != static_cast<std::uint16_t>(MrtType::TableDump) || header.subtype != 1) {
    return 0;
  }
  ensure(whole + kSlack);
  if (is_start(ahead().subspan(whole), ahead().size() == whole)) {
    return 0;
  }
  const Bytes body = ahead().subspan(kHeader);
  ByteReader reader{body};
  reader.skip(4);
  while (reader.ok() && body.size() - reader.size() < header.length + kSlack) {
    reader.skip(16);
    reader.skip(reader.u16());
    const std::size_t size = body.size() - reader.size();
    const bool ended = input_ended_ && reader.empty();
    if (reader.ok() && size >= header.length && is_start(reader.rest(), ended)) {
      return size;
    }
  }
  return 0;
}

/// Fills `record_` from what lies ahead; false if that is no record.
bool MrtRecordReader::parse_record() {
  const Header header = header_offset_ == offset_ ? header_ : read_header(ahead());
  if (header_offset_ != offset_ && !is_plausible(header)) {
    return false;
  }
  header_offset_ = kNowhere;
  const std::size_t whole = kHeader + header.length;
  if (!ensure(whole)) {
    return false;
  }
  record_ = make_record(header, ahead().subspan(kHeader, header.length), offset_);
  if (const std::size_t packed = packed_table_size(header); packed > 0) {
    record_.body = ahead().subspan(kHeader, packed);
    record_.size = kHeader + packed;
    pending_ = kHeader + packed;
    last_seconds_ = header.seconds;
    return true;
  }
  // A wrong length swallows good records. It shows: the body does not fit, or no record follows.
  const bool more = ensure(whole + kHeader);
  record_.body = ahead().subspan(whole - record_.body.size(), record_.body.size());
  if (more) {
    header_ = read_header(ahead().subspan(whole));
    header_offset_ = is_plausible(header_) ? offset_ + whole : kNowhere;
  }
  const bool followed = more ? header_offset_ != kNowhere : ahead().size() == whole;
  if (!followed && !is_well_formed(record_)) {
    return false;
  }
  last_seconds_ = header.seconds;
  pending_ = whole;
  release_swallowed();
  return true;
}

/// Where the content ends before the length says so, and a record starts right there, the length is
/// wrong.
void MrtRecordReader::release_swallowed() {
  const std::optional<std::size_t> content = content_size(record_);
  if (!content || *content >= record_.body.size()) {
    return;
  }
  const std::size_t head = pending_ - record_.body.size();
  const std::size_t rest = record_.body.size() - *content;
  if (!ensure(head + *content + kHeader) || !starts_chain(head + *content)) {
    // The look ahead may have moved the bytes.
    record_.body = ahead().subspan(head, record_.body.size());
    return;
  }
  record_.body = ahead().subspan(head, *content);
  record_.size = pending_ = head + *content;
  note(offset_, "a record's length reaches " + std::to_string(rest) + " bytes into others");
}

const MrtRecord* MrtRecordReader::next() {
  consume(std::exchange(pending_, 0));
  for (;;) {
    if (!ensure(kHeader)) {
      end_of_input();
      return nullptr;
    }
    if (parse_record()) {
      ++account_.records;
      return &record_;
    }
    const Header header = read_header(ahead());
    // A whole header without its body at the very end is a torn tail, unless records follow in it.
    const bool torn =
        is_start(ahead(), false) && input_ended_ && ahead().size() < kHeader + header.length;
    if (torn) {
      bool chain = false;
      for (std::size_t at = 1; at + kHeader <= ahead().size() && !chain; ++at) {
        chain = may_be_header(data_ + begin_ + at) && starts_chain(at);
      }
      if (!chain) {
        end_of_input();
        return nullptr;
      }
    }
    if (!resynchronise()) {
      return nullptr;
    }
  }
}

}  // namespace isthmus::collector
