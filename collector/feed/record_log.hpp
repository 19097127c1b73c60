#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "collector/feed/route_source.hpp"

namespace isthmus::collector {

/// Where a decoder writes what it could not use of the record, or the message, at hand.
class RecordLog {
 public:
  /// `name` stands for the input in errors. Both must outlive the log.
  RecordLog(ByteAccount& account, const std::string& name) : account_{account}, name_{name} {}

  /// Starts a record of that many bytes: all of it counts as decoded until something is skipped.
  void begin(std::uint64_t offset, std::uint64_t size);
  /// Bytes of the record that were not used. `reason` is the name in the account; `what` tells it
  /// to people and may be empty where nothing is wrong.
  void skip(std::string_view reason, std::uint64_t bytes, std::string_view what);
  /// All that is still counted as decoded.
  void skip_rest(std::string_view reason, std::string_view what);
  /// Settles the record's account.
  void end();

 private:
  ByteAccount& account_;
  const std::string& name_;
  std::uint64_t offset_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace isthmus::collector
