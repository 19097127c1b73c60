#include "probe/deliver/spool.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace isthmus::probe {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHead = "ISTHSPL1";
constexpr std::string_view kCursorHead = "isthmus spool cursor 1\n";
constexpr std::size_t kMaxCursorBytes = std::size_t{1} << 20;
constexpr std::uint64_t kSmallestSegment = std::uint64_t{64} << 10;
constexpr std::uint64_t kLargestSegment = std::uint64_t{8} << 20;

std::string segment_name(std::uint64_t first) {
  char name[32];
  std::snprintf(name, sizeof name, "%020" PRIu64 ".spool", first);
  return name;
}

std::optional<std::uint64_t> segment_first(const fs::path& path) {
  if (path.extension() != ".spool") {
    return std::nullopt;
  }
  std::uint64_t first = 0;
  const std::string stem = path.stem().string();
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), first);
  if (error != std::errc{} || end != stem.data() + stem.size() || first == 0) {
    return std::nullopt;
  }
  return first;
}

/// What a record says besides its batch.
struct RecordHead {
  SpoolEntry entry;
  Duration age_clock{};
  TimePoint written;
};

void write_record(ByteWriter& out, const SpoolEntry& entry, Duration age_clock, TimePoint written) {
  out.u64(entry.index);
  out.u64(entry.boot);
  out.u64(entry.first_sequence);
  out.u32(entry.traces);
  out.u64(static_cast<std::uint64_t>(entry.newest.time_since_epoch().count()));
  out.u64(static_cast<std::uint64_t>(age_clock.count()));
  out.u64(static_cast<std::uint64_t>(written.time_since_epoch().count()));
  out.bytes(as_bytes(entry.batch));
}

std::optional<RecordHead> read_record(Bytes payload, bool with_batch) {
  ByteReader in{payload};
  RecordHead record;
  record.entry.index = in.u64();
  record.entry.boot = in.u64();
  record.entry.first_sequence = in.u64();
  record.entry.traces = in.u32();
  const auto number = [&in] { return Duration{static_cast<std::int64_t>(in.u64())}; };
  record.entry.newest = TimePoint{number()};
  record.age_clock = number();
  record.written = TimePoint{number()};
  if (!in.ok()) {
    return std::nullopt;
  }
  if (with_batch) {
    record.entry.batch = as_text(in.rest());
  }
  return record;
}

}  // namespace

struct Spool::Segment {
  struct Place {
    std::uint32_t offset;
    std::uint32_t traces;
  };

  JournalFile journal;
  std::string path;
  std::uint64_t first = 0;
  std::vector<Place> places;  ///< of its entries: `first`, and so on
  Duration newest_age_clock{};
  std::uint64_t bytes = 0;

  [[nodiscard]] std::uint64_t end() const { return first + places.size(); }
};

Spool::Spool(SpoolOptions options) : options_{std::move(options)} {}

Spool::~Spool() = default;

Result<std::unique_ptr<Spool>> Spool::open(SpoolOptions options,
                                           const std::vector<std::string>& collectors,
                                           const Clocks& now) {
  std::unique_ptr<Spool> spool{new Spool{std::move(options)}};
  const std::string& folder = spool->options_.folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error && !fs::is_directory(folder)) {
    return fail("cannot make the spool folder " + folder + ": " + error.message());
  }
  // On a read-only disk there is nothing to lock, and nobody to be locked out.
  spool->lock_ = FileHandle{
      ::open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (spool->lock_.is_open() && ::flock(spool->lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail("the spool folder " + folder + " is in use by another process");
  }
  if (auto loaded = spool->load(now); !loaded) {
    return unexpected{loaded.error()};
  }
  spool->load_cursors(collectors);
  return spool;
}

Result<void> Spool::load(const Clocks& now) {
  std::map<std::uint64_t, std::string> found;
  std::error_code error;
  for (fs::directory_iterator each{options_.folder, error}, end; !error && each != end;
       each.increment(error)) {
    if (const auto first = segment_first(each->path())) {
      found.emplace(*first, each->path().string());
    }
  }
  if (error) {
    return fail("cannot read the spool folder " + options_.folder + ": " + error.message());
  }
  opened_at_ = now.monotonic;
  for (auto each = found.begin(); each != found.end(); ++each) {
    const bool last = std::next(each) == found.end();
    if (auto loaded = load_segment(each->second, each->first, last); !loaded) {
      return loaded;
    }
  }
  if (!segments_.empty()) {
    // The age clock goes on from the last record: by the wall clock, but never backwards.
    Segment& last = *segments_.back();
    next_index_ = std::max(next_index_, last.end());
    if (!last.places.empty()) {
      const auto payload = last.journal.read(last.places.back().offset);
      const auto record = payload ? read_record(as_bytes(*payload), false) : std::nullopt;
      if (record) {
        age_base_ = record->age_clock + std::max(Duration{0}, now.wall - record->written);
      }
    }
  }
  return {};
}

Result<void> Spool::load_segment(const std::string& path, std::uint64_t first, bool last) {
  auto segment = std::make_unique<Segment>();
  segment->path = path;
  segment->first = first;
  const auto visit = [&](const JournalRecord& each) {
    const auto record = read_record(each.payload, false);
    // A record that was written twice because the disk failed in between counts once.
    if (record && record->entry.index == segment->end()) {
      segment->places.push_back({static_cast<std::uint32_t>(each.offset), record->entry.traces});
      segment->newest_age_clock = record->age_clock;
    }
  };
  JournalScan scan;
  auto journal =
      last ? JournalFile::open(path, kHead, visit, scan) : JournalFile::open_to_read(path, kHead);
  if (last && !journal) {
    // Perhaps it can only be read.
    journal = JournalFile::open_to_read(path, kHead);
  }
  if (!journal) {
    // Not a segment, or not readable: it is set aside by name, and what it held is counted.
    ++counters_.damaged;
    std::error_code error;
    fs::rename(path, path + ".damaged", error);
    return {};
  }
  if (segment->places.empty()) {
    const auto end = journal->scan(journal->first_offset(), journal->size(), visit);
    if (!end) {
      return unexpected{end.error()};
    }
    scan.torn_bytes = journal->size() - *end;
  }
  counters_.torn_bytes += scan.torn_bytes;
  segment->bytes = journal->size();
  segment->journal = std::move(*journal);
  // What an earlier segment has past the start of this one was written again here.
  if (!segments_.empty() && segments_.back()->end() > first) {
    segments_.back()->places.resize(first - std::min(first, segments_.back()->first));
  }
  next_index_ = std::max(next_index_, segment->end());
  segments_.push_back(std::move(segment));
  return {};
}

void Spool::load_cursors(const std::vector<std::string>& collectors) {
  for (const std::string& name : collectors) {
    SpoolCursor cursor{.name = name};
    const auto text = read_small_file(options_.folder + "/" + name + ".cursor", kMaxCursorBytes);
    if (text && text->starts_with(kCursorHead)) {
      std::string_view rest = std::string_view{*text}.substr(kCursorHead.size());
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        NumberRange range;
        const char* const stop = rest.data() + end;
        auto [dash, error] = std::from_chars(rest.data(), stop, range.first);
        if (error != std::errc{} || dash == stop || *dash != ' ' ||
            std::from_chars(dash + 1, stop, range.end).ec != std::errc{} ||
            range.end < range.first) {
          break;
        }
        cursor.delivered.add(range);
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    // A cursor from before the folder was emptied says nothing of entries that are not there yet.
    if (!cursor.delivered.ranges().empty() &&
        cursor.delivered.ranges().rbegin()->second > next_index_) {
      next_index_ = cursor.delivered.ranges().rbegin()->second;
    }
    cursors_.push_back(std::move(cursor));
  }
  // What lies between two segments was lost to damage, unless it had been delivered or dropped.
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    const NumberRange lost{segments_[i - 1]->end(), segments_[i]->first};
    if (!lost.empty() && !is_delivered_to_all(lost)) {
      counters_.damaged += lost.size();
      for (SpoolCursor& cursor : cursors_) {
        cursor.delivered.add(lost);
      }
    }
  }
}

std::uint64_t Spool::append(SpoolEntry entry, const Clocks& now) {
  entry.index = next_index_++;
  ++counters_.appended;
  pending_bytes_ += entry.batch.size();
  pending_.push_back({std::move(entry), age_clock(now)});
  return next_index_ - 1;
}

bool Spool::flush(const Clocks& now) {
  drop_old(now);
  if (pending_.empty()) {
    return true;
  }
  auto written = write_pending(now);
  if (!written && segments_.size() > 1 && is_disk_full()) {
    // The newest is worth more than the oldest.
    drop_first_segment();
    written = write_pending(now);
  }
  if (!written) {
    ++counters_.write_failures;
    last_error_ = written.error().message;
    keep_memory_bounded();
    return false;
  }
  last_error_.clear();
  pending_.clear();
  pending_bytes_ = 0;
  return true;
}

Result<void> Spool::write_pending(const Clocks& now) {
  const std::uint64_t segment_size =
      std::clamp(options_.max_bytes / 16, kSmallestSegment, kLargestSegment);
  if (segments_.empty() || segments_.back()->bytes >= segment_size ||
      segments_.back()->end() != first_pending()) {
    if (auto started = start_segment(); !started) {
      return started;
    }
  }
  Segment& segment = *segments_.back();
  std::vector<ByteWriter> records{pending_.size()};
  std::vector<Bytes> payloads;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    write_record(records[i], pending_[i].entry, pending_[i].age_clock, now.wall);
    payloads.push_back(records[i].view());
  }
  const std::uint64_t before = segment.journal.size();
  const auto offsets = segment.journal.append(payloads);
  if (!offsets) {
    return unexpected{offsets.error()};
  }
  if (auto synced = segment.journal.sync(); !synced) {
    // What the kernel could not bring to disk it may have forgotten: nothing is appended here any
    // more, and all of it is written again in a new segment.
    static_cast<void>(segment.journal.truncate(before));
    segment.bytes = segment_size;
    return synced;
  }
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    segment.places.push_back({static_cast<std::uint32_t>((*offsets)[i]), pending_[i].entry.traces});
  }
  segment.newest_age_clock = pending_.back().age_clock;
  segment.bytes = segment.journal.size();
  return {};
}

Result<void> Spool::start_segment() {
  auto segment = std::make_unique<Segment>();
  segment->first = first_pending();
  segment->path = options_.folder + "/" + segment_name(segment->first);
  // One that was begun here and got no entry.
  if (!segments_.empty() && segments_.back()->first == segment->first) {
    ::unlink(segments_.back()->path.c_str());
    segments_.pop_back();
  }
  auto journal = JournalFile::create(segment->path, kHead);
  if (!journal) {
    return unexpected{journal.error()};
  }
  segment->journal = std::move(*journal);
  segment->bytes = segment->journal.size();
  segments_.push_back(std::move(segment));
  return {};
}

void Spool::drop_old(const Clocks& now) {
  const Duration oldest = age_clock(now) - options_.max_age;
  while (!segments_.empty() && !segments_.front()->places.empty() &&
         segments_.front()->newest_age_clock < oldest) {
    drop_first_segment();
  }
  while (segments_.size() > 1 && disk_bytes() > options_.max_bytes) {
    drop_first_segment();
  }
}

void Spool::drop_first_segment() {
  const std::unique_ptr<Segment> segment = std::move(segments_.front());
  segments_.pop_front();
  count_dropped({segment->first, segment->end()}, segment.get());
  ::unlink(segment->path.c_str());
}

/// Counts what some collector was still owed of a range that goes.
void Spool::count_dropped(NumberRange range, const Segment* segment) {
  for (std::uint64_t index = range.first; index < range.end; ++index) {
    if (is_delivered_to_all({index, index + 1})) {
      continue;
    }
    ++counters_.dropped_entries;
    counters_.dropped_traces += segment == nullptr ? pending_[index - first_pending()].entry.traces
                                                   : segment->places[index - segment->first].traces;
  }
  for (SpoolCursor& cursor : cursors_) {
    cursor.delivered.add(range);
  }
  cursors_changed_ = true;
}

void Spool::keep_memory_bounded() {
  while (pending_.size() > 1 && pending_bytes_ > options_.max_memory) {
    const std::uint64_t index = first_pending();
    count_dropped({index, index + 1}, nullptr);
    pending_bytes_ -= pending_.front().entry.batch.size();
    pending_.pop_front();
  }
}

bool Spool::is_delivered_to_all(NumberRange range) const {
  return !cursors_.empty() &&
         std::all_of(cursors_.begin(), cursors_.end(),
                     [&](const SpoolCursor& cursor) { return !cursor.delivered.first_gap(range); });
}

NumberRange Spool::read(NumberRange range, std::size_t max_bytes,
                        std::vector<SpoolEntry>& entries) {
  entries.clear();
  std::size_t bytes = 0;
  std::uint64_t next = std::max(range.first, first_index());
  const std::uint64_t end = std::min(range.end, next_index_);
  // The entries in segments: each segment's at one go, up to the bound.
  for (const std::unique_ptr<Segment>& segment : segments_) {
    if (next >= end || bytes >= max_bytes) {
      break;
    }
    if (next < segment->first) {
      next = std::min(segment->first, end);  // lost: the segment before was damaged
    }
    if (next >= segment->end() || segment->places.empty()) {
      continue;
    }
    const auto from = next - segment->first;
    auto to = from;
    const auto size_at = [&](std::size_t i) {
      const std::uint64_t behind =
          i + 1 < segment->places.size() ? segment->places[i + 1].offset : segment->journal.size();
      return behind - segment->places[i].offset;
    };
    while (to < segment->places.size() && segment->first + to < end &&
           (bytes < max_bytes || to == from)) {
      bytes += size_at(to++);
    }
    const std::uint64_t stop =
        to < segment->places.size() ? segment->places[to].offset : segment->journal.size();
    const std::size_t before = entries.size();
    static_cast<void>(
        segment->journal.scan(segment->places[from].offset, stop, [&](const JournalRecord& each) {
          if (auto record = read_record(each.payload, true)) {
            entries.push_back(std::move(record->entry));
          }
        }));
    // A record that has gone bad hides those behind it: these are fetched by their places.
    for (std::size_t i = from + (entries.size() - before); i < to; ++i) {
      const auto payload = segment->journal.read(segment->places[i].offset);
      auto record = payload ? read_record(as_bytes(*payload), true) : std::nullopt;
      if (record) {
        entries.push_back(std::move(record->entry));
      } else {
        ++counters_.damaged;
      }
    }
    next = segment->first + to;
  }
  if (next >= first_pending() || segments_.empty() || segments_.back()->end() <= next) {
    next = next < end ? std::max(next, std::min(first_pending(), end)) : next;
    for (; next < end && bytes < max_bytes; ++next) {
      const SpoolEntry& entry = pending_[next - first_pending()].entry;
      bytes += entry.batch.size();
      entries.push_back(entry);
    }
  }
  return {range.first, std::clamp(next, range.first, std::max(range.first, range.end))};
}

std::optional<NumberRange> Spool::first_owed(std::size_t cursor, NumberRange within) const {
  return cursors_[cursor].delivered.first_gap(within);
}

std::uint64_t Spool::owed(std::size_t cursor, NumberRange within) const {
  return within.size() - cursors_[cursor].delivered.count_in(within);
}

void Spool::delivered(std::size_t cursor, NumberRange range) {
  cursors_changed_ = cursors_[cursor].delivered.add(range) > 0 || cursors_changed_;
}

void Spool::save_cursors() {
  if (std::exchange(cursors_changed_, false)) {
    for (SpoolCursor& cursor : cursors_) {
      // Below what is kept everything is done with: one run says so.
      cursor.delivered.add({0, first_index()});
      std::string text{kCursorHead};
      for (const auto& [first, end] : cursor.delivered.ranges()) {
        text += std::to_string(first) + ' ' + std::to_string(end) + '\n';
      }
      if (!write_file_atomically(options_.folder + "/" + cursor.name + ".cursor", text)) {
        ++counters_.cursor_failures;
        cursors_changed_ = true;
      }
    }
  }
  remove_delivered();
}

/// Only whole segments, and only once the cursors say on disk that nobody needs them. The last one
/// stays: it holds the age clock, and is appended to.
void Spool::remove_delivered() {
  while (!cursors_changed_ && segments_.size() > 1 &&
         is_delivered_to_all({segments_.front()->first, segments_.front()->end()})) {
    ::unlink(segments_.front()->path.c_str());
    segments_.pop_front();
  }
  while (!pending_.empty() && is_delivered_to_all({first_pending(), first_pending() + 1})) {
    pending_bytes_ -= pending_.front().entry.batch.size();
    pending_.pop_front();
  }
}

bool Spool::is_disk_full() const {
  std::error_code error;
  const fs::space_info space = fs::space(options_.folder, error);
  return !error && space.available < pending_bytes_ + kSmallestSegment;
}

std::uint64_t Spool::first_index() const {
  const auto holds = [](const std::unique_ptr<Segment>& segment) {
    return !segment->places.empty();
  };
  const auto first = std::find_if(segments_.begin(), segments_.end(), holds);
  return first == segments_.end() ? first_pending() : (*first)->first;
}

std::uint64_t Spool::disk_bytes() const {
  std::uint64_t bytes = 0;
  for (const std::unique_ptr<Segment>& segment : segments_) {
    bytes += segment->bytes;
  }
  return bytes;
}

}  // namespace isthmus::probe
