#include "collector/feed/record_log.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace isthmus::collector {

void RecordLog::begin(const MrtRecord& record) {
  offset_ = record.offset;
  left_ = record.size;
}

void RecordLog::skip(std::string_view reason, std::uint64_t bytes, std::string_view what) {
  const std::uint64_t counted = std::min(bytes, left_);
  left_ -= counted;
  auto& skipped = reader_.account().skipped;
  if (const auto found = skipped.find(reason); found != skipped.end()) {
    found->second += counted;
  } else {
    skipped.emplace(std::string{reason}, counted);
  }
  if (!what.empty()) {
    reader_.note(offset_, what);
  }
}

void RecordLog::skip_rest(std::string_view reason, std::string_view what) {
  skip(reason, left_, what);
}

void RecordLog::end() {
  reader_.account().decoded += std::exchange(left_, 0);
}

}  // namespace isthmus::collector
