#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/wire/result_batch.hpp"

namespace isthmus::collector {

/// Sequences of one boot of a probe, as ranges that do not touch.
class SequenceSet {
 public:
  [[nodiscard]] bool contains(std::uint64_t sequence) const;
  void insert(std::uint64_t sequence) { insert(sequence, sequence); }
  void insert(std::uint64_t first, std::uint64_t last);
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& ranges() const { return ranges_; }
  [[nodiscard]] std::uint64_t count() const;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  ///< last by first
};

/// A batch as it is kept.
struct KeptBatch {
  TimePoint received;
  ResultBatch results;
};

/// Raw traceroutes as they came, in one file an hour (of receiving), each an append-only row of
/// records with CRC32C. A traceroute is kept once: its name is (probe, boot, sequence).
///
/// The folder belongs to one process. What the files hold is known from their records' heads, which
/// are read when the folder is opened; a tail that a crash tore off is cut off then.
class TraceSegments {
 public:
  static Result<TraceSegments> open(const std::string& folder);
  ~TraceSegments();
  TraceSegments(TraceSegments&&) noexcept;
  TraceSegments& operator=(TraceSegments&&) noexcept;

  /// Appends what is new of a batch; not safe on disk before `commit`. Returns how many traceroutes
  /// were there before. After an error nothing of what was appended since the last commit counts,
  /// and all of it has to be appended again.
  Result<std::uint32_t> append(const ResultBatch& batch, TimePoint received);
  /// Brings what was appended to the disk.
  Result<void> commit();
  /// Removes whole files whose hour lies before `time`. Returns how many.
  std::size_t expire(TimePoint time);

  /// Every batch that was received at `from` or later, by file and place. A damaged one ends its
  /// file: the error names it, after all others have been handed over.
  Result<void> read(TimePoint from, const std::function<void(const KeptBatch&)>& each) const;

  /// What is kept, by probe and boot.
  [[nodiscard]] const std::map<std::pair<std::string, std::uint64_t>, SequenceSet>& kept() const;
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  struct Impl;
  explicit TraceSegments(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
