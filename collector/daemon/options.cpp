#include "collector/daemon/options.hpp"

#include <CLI/CLI.hpp>

#include "core/runtime/http.hpp"

namespace isthmus::collector {

ParsedOptions parse_options(int argc, const char* const* argv) {
  DaemonOptions options;
  std::string level = "info";
  std::string format = "logfmt";
  CLI::App app{
      "isthmus-collector takes in what probes measure and what routers believe, decides who "
      "carries\n"
      "the networks that it watches, remembers it, and tells it.\n"
      "Start with: isthmusctl config generate --target AS131279 RIB >collector.toml && "
      "isthmus-collector --config.file collector.toml"};
  app.name("isthmus-collector");
  app.get_formatter()->column_width(34);
  app.set_version_flag("--version", "isthmus " ISTHMUS_VERSION, "Print the version and exit");
  app.add_option("--config.file", options.config_file,
                 "Configuration (TOML); docs/reference/configuration.md explains every key")
      ->required()
      ->type_name("FILE");
  app.add_flag("--config.check", options.check, "Check the configuration, say what is wrong, exit");
  app.add_option("--web.listen-address", options.web_listen,
                 "Where metrics, API and page are served; may be given more than once")
      ->type_name("HOST:PORT")
      ->capture_default_str()
      ->check([](const std::string& text) {
        const auto listen = ListenAddress::parse(text);
        return listen ? std::string{} : listen.error().message;
      });
  app.add_option("--web.config.file", options.web_config_file,
                 "TLS and users of the web (YAML, as Prometheus' exporters read it)")
      ->type_name("FILE");
  app.add_option("--log.level", level, "Least severity that is logged")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--log.format", format, "Form of the log's lines")
      ->check(CLI::IsMember({"logfmt", "json"}))
      ->capture_default_str();
  app.footer(
      "SIGHUP and POST /-/reload read the configuration again; one with mistakes is refused and "
      "the\n"
      "old one kept. SIGTERM ends the collector within 5 seconds; nothing is lost.\n"
      "Exit status: 0 ended as told, 1 something could not be stored at the end (probes keep it),\n"
      "2 the command line or the configuration is wrong, 3 it could not run.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return {std::nullopt, status == 0 ? 0 : 2};
  }
  options.log_level = parse_log_level(level).value_or(LogLevel::Info);
  options.log_format = parse_log_format(format).value_or(LogFormat::Logfmt);
  return {options, 0};
}

}  // namespace isthmus::collector
