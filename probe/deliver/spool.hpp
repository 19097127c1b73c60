#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/number_set.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/runtime/journal_file.hpp"

namespace isthmus::probe {

/// The two clocks as they stand. Ages are measured by the monotonic one, so that a step of the wall
/// clock throws nothing away.
struct Clocks {
  TimePoint wall;
  Duration monotonic{};
};

struct SpoolOptions {
  std::string folder;
  std::uint64_t max_bytes = std::uint64_t{256} << 20;  ///< on disk; the oldest goes first
  Duration max_age = std::chrono::hours{24 * 7};
  /// Kept in memory while the disk cannot be written to; the oldest goes first.
  std::size_t max_memory = std::size_t{4} << 20;
};

/// One batch of traceroutes as it waits: the bytes of an encoded ResultBatch, and what must be
/// known of them unopened.
struct SpoolEntry {
  std::uint64_t index = 0;  ///< counts up over all starts of the probe
  std::uint64_t boot = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t traces = 0;
  TimePoint newest;  ///< start of its latest traceroute
  std::string batch;
  friend bool operator==(const SpoolEntry&, const SpoolEntry&) = default;
};

/// Where one collector stands. Everything below `end` that is not in `delivered` is owed to it.
struct SpoolCursor {
  std::string name;  ///< of the collector: letters, digits, '.', '_', '-'
  NumberSet delivered;
};

struct SpoolCounters {
  std::uint64_t appended = 0;         ///< entries
  std::uint64_t dropped_entries = 0;  ///< that were owed to some collector when they had to go
  std::uint64_t dropped_traces = 0;   ///< in them
  std::uint64_t damaged = 0;          ///< entries that cannot be read any more
  std::uint64_t torn_bytes = 0;       ///< cut off when the spool was opened
  std::uint64_t write_failures = 0;
  std::uint64_t cursor_failures = 0;
  friend bool operator==(const SpoolCounters&, const SpoolCounters&) = default;
};

/// What a probe has measured and some collector has not yet stored, on disk: segments that are only
/// appended to and removed whole. It survives kill -9 and power loss up to the last `flush` that
/// succeeded; while the disk is full or cannot be written to, entries wait in memory.
class Spool {
 public:
  /// Opens or makes the folder. An error: it cannot be made or read, or another process has it. A
  /// folder that can be read but not written is no error: what comes then waits in memory.
  static Result<std::unique_ptr<Spool>> open(SpoolOptions options,
                                             const std::vector<std::string>& collectors,
                                             const Clocks& now);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// Takes an entry (its index is given here) and returns that index. It is safe after `flush`.
  std::uint64_t append(SpoolEntry entry, const Clocks& now);
  /// Brings everything to disk that is not there; false while that fails, with the reason in
  /// `last_error`. Also drops what is too old, or too much.
  bool flush(const Clocks& now);

  /// Entries of a range, in order, until about `max_bytes`; what is not there any more, or damaged,
  /// is left out. `NumberRange` of what was looked at is returned: the rest was not.
  NumberRange read(NumberRange range, std::size_t max_bytes, std::vector<SpoolEntry>& entries);

  /// The lowest run of entries within a range that are owed to a collector.
  [[nodiscard]] std::optional<NumberRange> first_owed(std::size_t cursor, NumberRange within) const;
  /// How many entries of a range are owed to a collector.
  [[nodiscard]] std::uint64_t owed(std::size_t cursor, NumberRange within) const;
  [[nodiscard]] std::uint64_t owed(std::size_t cursor) const { return owed(cursor, range()); }
  /// The collector has stored a range (or it cannot be had any more).
  void delivered(std::size_t cursor, NumberRange range);
  /// Writes down where the collectors stand, and removes segments that nobody is owed anything of.
  /// What is not written down is delivered again after a restart, and dropped there as a duplicate.
  void save_cursors();

  /// All entries there are or will be: [first, next).
  [[nodiscard]] NumberRange range() const { return {first_index(), next_index_}; }
  [[nodiscard]] std::uint64_t disk_bytes() const;
  [[nodiscard]] std::size_t memory_bytes() const { return pending_bytes_; }
  [[nodiscard]] const SpoolCounters& counters() const { return counters_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  struct Segment;
  struct Waiting {
    SpoolEntry entry;
    Duration age_clock;
  };

  explicit Spool(SpoolOptions options);
  Result<void> load(const Clocks& now);
  Result<void> load_segment(const std::string& path, std::uint64_t first, bool last);
  void load_cursors(const std::vector<std::string>& collectors);
  Result<void> write_pending(const Clocks& now);
  Result<void> start_segment();
  void drop_old(const Clocks& now);
  void drop_first_segment();
  void count_dropped(NumberRange range, const Segment* segment);
  void remove_delivered();
  void keep_memory_bounded();
  [[nodiscard]] std::uint64_t first_index() const;
  [[nodiscard]] std::uint64_t first_pending() const { return next_index_ - pending_.size(); }
  [[nodiscard]] Duration age_clock(const Clocks& now) const {
    return age_base_ + (now.monotonic - opened_at_);
  }
  [[nodiscard]] bool is_delivered_to_all(NumberRange range) const;
  [[nodiscard]] bool is_disk_full() const;

  SpoolOptions options_;
  FileHandle lock_;
  std::deque<std::unique_ptr<Segment>> segments_;  ///< ascending; the last is appended to
  std::deque<Waiting> pending_;                    ///< behind all segments
  std::size_t pending_bytes_ = 0;
  std::vector<SpoolCursor> cursors_;
  bool cursors_changed_ = false;
  std::uint64_t next_index_ = 1;
  Duration age_base_{};   ///< the age clock when the spool was opened
  Duration opened_at_{};  ///< monotonic
  SpoolCounters counters_;
  std::string last_error_;
};

}  // namespace isthmus::probe
