#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "collector/detect/path_upstream.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "collector/settings.hpp"
#include "tool/account_text.hpp"
#include "tool/arguments.hpp"
#include "tool/command.hpp"
#include "tool/output.hpp"

namespace isthmus::tool {
namespace {

struct GenerateOptions {
  TargetArguments target;
  std::vector<std::string> files;
};

/// What tables show of a target.
struct Learned {
  std::map<Prefix, std::map<Asn, std::set<Asn>>> groups;  ///< by prefix and upstream
  std::set<Asn> all_groups;
  bool lossy = false;
};

/// Prefixes that were named are the only ones to be watched.
bool is_wanted(const Prefix& prefix, const collector::Target& target) {
  const auto& named = target.prefixes;
  return named.empty() || std::find(named.begin(), named.end(), prefix) != named.end();
}

template <typename T>
void add_once(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) {
    list.push_back(value);
  }
}

Result<Learned> learn(const std::vector<std::string>& files, const collector::Target& target) {
  Learned learned;
  const collector::DetectorSettings settings;
  for (const std::string& path : files) {
    auto reader =
        collector::open_mrt(path, {.source = {}, .detail = collector::Detail::Paths, .wanted = {}});
    if (!reader) {
      return unexpected{reader.error()};
    }
    while (const Route* const route = (*reader)->next()) {
      if (route->attributes == nullptr) {
        continue;
      }
      const auto& path_asns = route->attributes->as_path;
      const std::optional<Asn> origin = path_asns.origin();
      if (!origin || *origin != target.origins.front() || !is_wanted(route->prefix, target)) {
        continue;
      }
      const collector::PathReading reading = read_path(path_asns, target, settings);
      for (const Asn upstream : reading.upstreams) {
        learned.groups[route->prefix][upstream].insert(route->vantage->asn);
        learned.all_groups.insert(route->vantage->asn);
      }
    }
    if ((*reader)->account().lossy()) {
      learned.lossy = true;
      say(describe(path, (*reader)->account()));
    }
  }
  return learned;
}

/// An upstream that a single group names among many is doubtful, and left to the reader's
/// judgement.
bool is_credible(std::size_t groups, std::size_t all) {
  return groups >= 2 || all < 3;
}

void generate(const GenerateOptions& options, Outcome& outcome) {
  Result<collector::Target> target = parse_target(options.target);
  if (!target) {
    return outcome.fail(Exit::Usage, target.error().message);
  }
  const Result<Learned> learned = learn(options.files, *target);
  if (!learned) {
    return outcome.fail(Exit::Failed, learned.error().message);
  }
  if (learned->groups.empty()) {
    return outcome.fail(Exit::Failed, "no archive has a prefix of " + target->name);
  }
  std::map<Asn, std::set<Asn>> upstreams;
  for (const auto& [prefix, by_upstream] : learned->groups) {
    add_once(target->prefixes, prefix);
    for (const auto& [asn, groups] : by_upstream) {
      upstreams[asn].insert(groups.begin(), groups.end());
    }
  }
  std::string notes = fmt::format(
      "# Learned from {} archive(s): {} has {} prefixes, seen from {} vantage ASes. Review it:\n"
      "# an upstream that is missing here will be told as new, one too many will never be.\n",
      options.files.size(), target->name, target->prefixes.size(), learned->all_groups.size());
  for (const auto& [asn, groups] : upstreams) {
    const bool credible = is_credible(groups.size(), learned->all_groups.size());
    notes +=
        fmt::format("#   {}: {} of {} vantage ASes{}\n", asn.to_string(), groups.size(),
                    learned->all_groups.size(), credible ? "" : "; too few to be taken for known");
    if (credible) {
      add_once(target->known_upstreams, asn);
    }
  }
  collector::Settings settings;
  settings.targets.push_back(std::move(*target));
  Output output{outcome};
  output.text() += notes + collector::to_toml(settings);
  outcome.settle(learned->lossy ? Exit::Loss : Exit::Ok);
}

void check(const std::string& path, Outcome& outcome) {
  const std::vector<Error> errors = collector::check_settings(path);
  for (const Error& error : errors) {
    say("isthmusctl: " + error.message);
  }
  if (!errors.empty()) {
    outcome.settle(Exit::Usage);
    return;
  }
  Output output{outcome};
  output.text() += path + ": can be used\n";
}

}  // namespace

void add_config_command(CLI::App& app, Outcome& outcome) {
  CLI::App* const command = app.add_subcommand("config", "Check a configuration, or learn one");
  command->require_subcommand(1);
  command->footer(
      "Example:\n"
      "  isthmusctl config generate --target AS131279 rib.20140530.2200.bz2 >isthmus.toml\n"
      "  isthmusctl config check isthmus.toml");

  auto path = std::make_shared<std::string>();
  CLI::App* const checked = command->add_subcommand("check", "Tell every mistake in a file");
  checked->add_option("FILE", *path, "The configuration")->required();
  checked->footer("Example:\n  isthmusctl config check isthmus.toml");
  checked->callback([path, &outcome] { check(*path, outcome); });

  auto options = std::make_shared<GenerateOptions>();
  CLI::App* const generated =
      command->add_subcommand("generate", "Learn a starting configuration from a table dump");
  options->target.add_to(*generated);
  generated->get_option("--target")->required();
  generated->add_option("FILE", options->files, "MRT table dumps")->required();
  generated->footer(
      "Example:\n"
      "  isthmusctl config generate --target AS131279 rib.20140530.2200.bz2 >isthmus.toml");
  generated->callback([options, &outcome] { generate(*options, outcome); });
}

}  // namespace isthmus::tool
