#include "probe/daemon_commands.hpp"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "probe/daemon/daemon.hpp"
#include "probe/daemon/settings.hpp"
#include "probe/daemon/version.hpp"
#include "probe/deliver/uplink.hpp"

namespace isthmus::probe {
namespace {

constexpr int kBadConfiguration = 2;
constexpr int kCannotStart = 3;
constexpr const char* kConfigFile = "/etc/isthmus/probe.toml";

struct RunOptions {
  std::string config_file = kConfigFile;
  bool check = false;
};

struct EnrolOptions {
  std::string config_file = kConfigFile;
  std::string token;
  std::string url;
  std::string collector;
  std::string state_folder;
};

int complain(const std::string& message, int status) {
  std::fprintf(stderr, "isthmus-probe: %s\n", message.c_str());
  return status;
}

int run_daemon(const RunOptions& options) {
  auto settings = load_settings(options.config_file);
  if (!settings) {
    std::fprintf(stderr, "%s\n", settings.error().message.c_str());
    return kBadConfiguration;
  }
  if (options.check) {
    std::printf("%s can be used\n", options.config_file.c_str());
    return 0;
  }
  auto daemon = Daemon::open(std::move(*settings), options.config_file);
  if (!daemon) {
    return complain(daemon.error().message, kCannotStart);
  }
  return (*daemon)->run();
}

/// Which collector, and where its credentials go: from the command line, or the configuration.
struct Place {
  Url url;
  std::string folder;
};

Result<Place> find_place(const EnrolOptions& options) {
  const std::string name = options.collector.empty() ? "main" : options.collector;
  if (!options.url.empty()) {
    auto url = Url::parse(options.url);
    if (!url) {
      return unexpected{url.error().within("--url")};
    }
    const std::string folder =
        options.state_folder.empty() ? ProbeSettings{}.state_folder : options.state_folder;
    return Place{.url = std::move(*url), .folder = folder + "/" + name};
  }
  const auto settings = load_settings(options.config_file);
  if (!settings) {
    return fail(settings.error().message + "\n(or name the collector by --url)");
  }
  const std::string folder =
      options.state_folder.empty() ? settings->state_folder : options.state_folder;
  for (const CollectorSettings& each : settings->collectors) {
    if (each.name == name || (options.collector.empty() && settings->collectors.size() == 1)) {
      return Place{.url = each.url, .folder = folder + "/" + each.name};
    }
  }
  return fail(options.config_file + " has no collector called \"" + name + "\"");
}

int run_enrol(const EnrolOptions& options) {
  const auto place = find_place(options);
  if (!place) {
    return complain(place.error().message, kBadConfiguration);
  }
  boost::asio::io_context io{1};
  std::optional<Result<std::string>> name;
  auto work =
      enrol(io.get_executor(), place->url, options.token, std::string{kSoftware}, place->folder);
  boost::asio::co_spawn(io, std::move(work),
                        [&name](const std::exception_ptr& error, Result<std::string> result) {
                          if (error) {
                            std::rethrow_exception(error);
                          }
                          name = std::move(result);
                        });
  io.run();
  if (!*name) {
    return complain("cannot enrol: " + name->error().message, 1);
  }
  std::printf("enrolled as \"%s\"; the certificate is in %s\n", (*name)->c_str(),
              place->folder.c_str());
  return 0;
}

}  // namespace

void add_daemon_commands(CLI::App& app, int& status) {
  auto* const run = app.add_subcommand("run", "Measure for collectors, as a service");
  const auto run_options = std::make_shared<RunOptions>();
  run->add_option("--config.file", run_options->config_file, "The configuration")
      ->capture_default_str();
  run->add_flag("--config.check", run_options->check,
                "Only tell every mistake of the configuration");
  run->footer("SIGHUP or POST /-/reload reads the configuration again; SIGTERM stops within 5 s.");
  run->callback([run_options, &status] { status = run_daemon(*run_options); });

  auto* const enrol_command =
      app.add_subcommand("enroll", "Get this probe's certificate from a collector");
  const auto enrol_options = std::make_shared<EnrolOptions>();
  enrol_command
      ->add_option("--token", enrol_options->token, "What `isthmusctl probe add NAME` printed")
      ->required();
  enrol_command->add_option("--config.file", enrol_options->config_file, "The configuration")
      ->capture_default_str();
  enrol_command->add_option("--collector", enrol_options->collector,
                            "Which of the configuration's collectors, by name");
  enrol_command->add_option("--url", enrol_options->url,
                            "The collector's address instead, as https://collector.example:9743");
  enrol_command->add_option("--state-folder", enrol_options->state_folder,
                            "Where certificates are kept, if not where the configuration says");
  enrol_command->callback([enrol_options, &status] { status = run_enrol(*enrol_options); });
}

}  // namespace isthmus::probe
