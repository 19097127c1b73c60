#include <cstdio>
#include <exception>

#include "collector/daemon/daemon.hpp"
#include "collector/daemon/options.hpp"

namespace {

int run(int argc, char** argv) {
  using namespace isthmus;
  const auto parsed = collector::parse_options(argc, argv);
  if (!parsed.options) {
    return parsed.exit_status;
  }
  const collector::DaemonOptions& options = *parsed.options;
  auto settings = collector::load_settings(options.config_file);
  if (!settings) {
    std::fprintf(stderr, "%s\n", settings.error().message.c_str());
    return 2;
  }
  if (options.check) {
    std::printf("%s: the configuration is good\n", options.config_file.c_str());
    return 0;
  }
  configure_log(options.log_level, options.log_format);
  return collector::run_daemon(options, std::move(*settings));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "isthmus-collector: a bug, please report it: %s\n", error.what());
    return 70;
  }
}
