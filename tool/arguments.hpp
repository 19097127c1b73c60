#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/detect/target.hpp"
#include "collector/record/history.hpp"
#include "core/base/result.hpp"

namespace CLI {
class App;
}

namespace isthmus::tool {

/// A target named on the command line.
struct TargetArguments {
  std::string target;
  std::vector<std::string> prefixes;
  std::vector<std::string> known_upstreams;
  std::vector<std::string> siblings;

  void add_to(CLI::App& command);
};

/// Reads them: `--target` is an ASN; the target is named after it.
Result<collector::Target> parse_target(const TargetArguments& arguments);

/// Where the history is, and what of it is asked for.
struct HistoryArguments {
  std::string folder;
  std::string target;
  std::string prefix;
  std::string upstream;
  std::string from;
  std::string until;
  std::uint64_t limit = 0;

  /// `--history` and, if wanted, the filters.
  void add_to(CLI::App& command, bool with_filters);
};

Result<collector::HistoryFilter> parse_filter(const HistoryArguments& arguments);

/// Opens a history to read it; an empty folder is an error, not a new history.
Result<std::unique_ptr<collector::History>> open_existing_history(const std::string& folder);

}  // namespace isthmus::tool
