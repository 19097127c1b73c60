#include "collector/feed/route_source.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kMaxErrors = 10;

}  // namespace

bool ByteAccount::lossy() const {
  if (left_over > 0 || !first_errors.empty()) {
    return true;
  }
  for (const auto& [reason, bytes] : skipped) {
    if (reason != kNotBgp && reason != kNotRoutes && reason != kOtherFamily &&
        reason != kMislabelledAddPath) {
      return true;
    }
  }
  return false;
}

void ByteAccount::add(const ByteAccount& other) {
  total += other.total;
  decoded += other.decoded;
  left_over += other.left_over;
  records += other.records;
  elements += other.elements;
  for (const auto& [reason, bytes] : other.skipped) {
    skipped[reason] += bytes;
  }
  for (const Error& error : other.first_errors) {
    if (first_errors.size() < kMaxErrors) {
      first_errors.push_back(error);
    }
  }
}

void ByteAccount::note(std::string_view name, std::uint64_t offset, std::string_view what) {
  if (first_errors.size() < kMaxErrors) {
    first_errors.push_back(
        Error{std::string{name} + ": offset " + std::to_string(offset) + ": " + std::string{what}});
  }
}

}  // namespace isthmus::collector
