#pragma once

#include <cstdint>
#include <string_view>

#include "collector/feed/mrt_record.hpp"

namespace isthmus::collector {

/// Where a decoder writes what it could not use of the record at hand.
class RecordLog {
 public:
  explicit RecordLog(MrtRecordReader& reader) : reader_{reader} {}

  /// Starts a record: all of it counts as decoded until something is skipped.
  void begin(const MrtRecord& record);
  /// Bytes of the record that were not used. `reason` is the name in the account; `what` tells it
  /// to people and may be empty where nothing is wrong.
  void skip(std::string_view reason, std::uint64_t bytes, std::string_view what);
  /// All that is still counted as decoded.
  void skip_rest(std::string_view reason, std::string_view what);
  /// Settles the record's account.
  void end();

 private:
  MrtRecordReader& reader_;
  std::uint64_t offset_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace isthmus::collector
