#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/runtime/log.hpp"

namespace isthmus::collector {

/// What the command line of isthmus-collector says.
struct DaemonOptions {
  std::string config_file;
  bool check = false;  ///< only the configuration
  std::vector<std::string> web_listen{":9740"};
  std::string web_config_file;  ///< empty: reading is open, without TLS
  LogLevel log_level = LogLevel::Info;
  LogFormat log_format = LogFormat::Logfmt;
};

/// Nothing and an exit status: there is nothing more to do (--help, --version), or it was wrong.
struct ParsedOptions {
  std::optional<DaemonOptions> options;
  int exit_status = 0;
};
ParsedOptions parse_options(int argc, const char* const* argv);

}  // namespace isthmus::collector
