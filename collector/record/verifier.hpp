#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace isthmus::collector {

/// What was looked at, and what is wrong with it, in words.
struct VerifyReport {
  std::uint64_t events = 0;
  std::uint64_t routes = 0;
  std::uint64_t observations = 0;
  std::uint64_t files = 0;
  std::vector<std::string> problems;  ///< the first 1000
  std::uint64_t problems_untold = 0;  ///< how many more there are

  [[nodiscard]] bool ok() const { return problems.empty(); }
};

/// Checks a history from the file's pages up to its sense: SQLite's integrity and foreign keys;
/// every row can be read; each event's identity is a ULID of the event's time, its score is the sum
/// of its terms (within 1e-6 nats), and the evidence of its witnesses is there; intervals of one
/// target, prefix and vantage point do not overlap or end before they begin. Changes nothing. An
/// error means that there is no history to check; a damaged one is a report with problems.
Result<VerifyReport> verify_history(const std::string& folder);

/// Checks an export against its manifest: every file's size and SHA-256, no file too many, the rows
/// of every format, and all of `verify_history` for the SQLite format. An error means that there is
/// no manifest that can be read.
Result<VerifyReport> verify_export(const std::string& folder);

}  // namespace isthmus::collector
