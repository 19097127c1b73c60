#include "collector/feed/record_log.hpp"

#include <algorithm>
#include <utility>

namespace isthmus::collector {

void RecordLog::begin(std::uint64_t offset, std::uint64_t size) {
  offset_ = offset;
  left_ = size;
}

void RecordLog::skip(std::string_view reason, std::uint64_t bytes, std::string_view what) {
  const std::uint64_t counted = std::min(bytes, left_);
  left_ -= counted;
  if (const auto found = account_.skipped.find(reason); found != account_.skipped.end()) {
    found->second += counted;
  } else {
    account_.skipped.emplace(std::string{reason}, counted);
  }
  if (!what.empty()) {
    account_.note(name_, offset_, what);
  }
}

void RecordLog::skip_rest(std::string_view reason, std::string_view what) {
  skip(reason, left_, what);
}

void RecordLog::end() {
  account_.decoded += std::exchange(left_, 0);
}

}  // namespace isthmus::collector
