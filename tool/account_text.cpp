#include "tool/account_text.hpp"

#include <fmt/format.h>

namespace isthmus::tool {

std::string describe(const std::string& name, const collector::ByteAccount& account) {
  std::string text = fmt::format("{}: {} elements in {} records; {} bytes: {} decoded", name,
                                 account.elements, account.records, account.total, account.decoded);
  for (const auto& [reason, bytes] : account.skipped) {
    text += fmt::format(", {} skipped ({})", bytes, reason);
  }
  if (account.left_over > 0) {
    text += fmt::format(", {} left over", account.left_over);
  }
  for (const Error& error : account.first_errors) {
    text += "\n  " + error.message;
  }
  if (account.records == 0 && account.total > 0) {
    text += "\n  there is no MRT record in it: is this an MRT archive?";
  }
  return text;
}

}  // namespace isthmus::tool
