#include "collector/settings.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "collector/feed_keys.hpp"
#include "collector/gateway_keys.hpp"
#include "collector/key_checks.hpp"
#include "collector/publish_keys.hpp"
#include "collector/setting_fields.hpp"
#include "core/net/prefix_map.hpp"
#include "core/runtime/toml_document.hpp"

namespace isthmus::collector {
namespace {

/// A target with its table, for errors that are found when all targets are known.
struct Declared {
  Target target;
  TomlTable table;
};

/// ASNs that can stand for a network, each once.
std::vector<Asn> read_asns(TomlTable& table, std::string_view key) {
  std::vector<Asn> asns = table.asns(key);
  std::set<Asn> seen;
  for (std::size_t i = 0; i < asns.size(); ++i) {
    if (asns[i].is_reserved()) {
      table.complain(key, i, asns[i].to_string() + " is reserved: no network can have it");
    }
    if (!seen.insert(asns[i]).second) {
      table.complain(key, i, asns[i].to_string() + " stands here twice");
    }
  }
  return asns;
}

void refuse_shared(TomlTable& table, std::string_view key, const std::vector<Asn>& asns,
                   std::string_view other_key, const std::vector<Asn>& others) {
  for (std::size_t i = 0; i < asns.size(); ++i) {
    if (std::find(others.begin(), others.end(), asns[i]) != others.end()) {
      table.complain(key, i, fmt::format("{} is among {} too", asns[i].to_string(), other_key));
    }
  }
}

Target read_target(TomlTable& table) {
  Target target;
  if (table.require("name")) {
    target.name = table.text("name").value_or("");
    if (!is_name(target.name)) {
      table.complain("name", kNameRule);
    }
  }
  table.require("origins");
  target.origins = read_asns(table, "origins");
  if (table.has("origins") && target.origins.empty()) {
    table.complain("origins", "needs at least one AS number");
  }
  target.prefixes = table.prefixes("prefixes");
  target.siblings = read_asns(table, "siblings");
  target.known_upstreams = read_asns(table, "known_upstreams");
  refuse_shared(table, "siblings", target.siblings, "origins", target.origins);
  refuse_shared(table, "known_upstreams", target.known_upstreams, "origins", target.origins);
  refuse_shared(table, "known_upstreams", target.known_upstreams, "siblings", target.siblings);
  std::set<Prefix> seen;
  for (std::size_t i = 0; i < target.prefixes.size(); ++i) {
    const Prefix& prefix = target.prefixes[i];
    if (prefix.length() == 0) {
      table.complain("prefixes", i, "the default route belongs to nobody");
    }
    if (!seen.insert(prefix).second) {
      table.complain("prefixes", i, prefix.to_string() + " stands here twice");
    }
  }
  return target;
}

void check_names(std::vector<Declared>& all) {
  std::set<std::string> names;
  for (Declared& each : all) {
    if (!each.target.name.empty() && !names.insert(each.target.name).second) {
      each.table.complain("name",
                          fmt::format("another target is called \"{}\" already", each.target.name));
    }
  }
}

/// No observation may belong to two targets.
void check_overlaps(std::vector<Declared>& all) {
  PrefixMap<std::size_t> owners;
  struct Watched {
    Prefix prefix;
    std::size_t target;
    std::size_t position;
  };
  std::vector<Watched> watched;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < all[i].target.prefixes.size(); ++k) {
      watched.push_back({all[i].target.prefixes[k], i, k});
    }
  }
  // Less specific ones first, so that whatever contains a prefix is in the table before it.
  std::stable_sort(watched.begin(), watched.end(), [](const Watched& left, const Watched& right) {
    return left.prefix.length() < right.prefix.length();
  });
  for (const Watched& each : watched) {
    const auto* around = owners.longest_match(each.prefix);
    if (around != nullptr && around->second != each.target) {
      all[each.target].table.complain(
          "prefixes", each.position,
          fmt::format("{} overlaps with {} of target \"{}\"", each.prefix.to_string(),
                      around->first.to_string(), all[around->second].target.name));
    } else {
      owners.insert(each.prefix, each.target);
    }
  }
}

/// A target without prefixes watches all of its origins': nobody else may.
void check_origins(std::vector<Declared>& all) {
  std::map<Asn, std::size_t> owners;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& origins = all[i].target.origins;
    for (std::size_t k = 0; k < origins.size(); ++k) {
      const auto [owner, fresh] = owners.emplace(origins[k], i);
      const Target& other = all[owner->second].target;
      if (!fresh && owner->second != i &&
          (other.prefixes.empty() || all[i].target.prefixes.empty())) {
        all[i].table.complain(
            "origins", k,
            fmt::format("{} is an origin of target \"{}\" too, and one of the two names no "
                        "prefixes: their prefixes overlap",
                        origins[k].to_string(), other.name));
      }
    }
  }
}

std::vector<Target> read_targets(TomlTable& root) {
  std::vector<Declared> declared;
  for (TomlTable& table : root.tables("target")) {
    Target target = read_target(table);
    declared.push_back({std::move(target), table});
  }
  if (declared.empty()) {
    root.complain("there is no [[target]]: nothing would be watched");
  }
  check_names(declared);
  check_overlaps(declared);
  check_origins(declared);
  std::vector<Target> targets;
  targets.reserve(declared.size());
  for (Declared& each : declared) {
    targets.push_back(std::move(each.target));
  }
  return targets;
}

DetectorSettings read_detector(TomlTable& root) {
  DetectorSettings settings;
  auto table = root.table("detector");
  if (!table) {
    return settings;
  }
  for (const DurationField& field : kDurationFields) {
    const auto value = table->duration(field.key);
    if (value && (*value < field.min || *value > field.max)) {
      table->complain(field.key,
                      fmt::format("{} is not between {} and {}", format_duration(*value),
                                  format_duration(field.min), format_duration(field.max)));
    } else if (value) {
      settings.*field.member = *value;
    }
  }
  settings.candidate_score =
      table->number("candidate_score", 0.1, kHighestScore).value_or(settings.candidate_score);
  settings.route_servers = table->asns("route_servers");
  return settings;
}

/// A path of the file, seen from where it lies; it must be there.
std::string resolve(TomlTable& table, std::string_view key, std::size_t index,
                    const std::string& written, const std::string& folder) {
  if (written.empty() || written.find('\0') != std::string::npos) {
    table.complain(key, index, "is not a path");
    return {};
  }
  const std::filesystem::path path = (std::filesystem::path{folder} / written).lexically_normal();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    table.complain(key, index, path.string() + " does not exist");
  }
  return path.string();
}

std::vector<std::string> read_files(TomlTable& table, std::string_view key,
                                    const std::string& folder) {
  std::vector<std::string> files = table.texts(key);
  for (std::size_t i = 0; i < files.size(); ++i) {
    files[i] = resolve(table, key, i, files[i], folder);
  }
  return files;
}

std::string read_history(TomlTable& root, const std::string& folder, Settings& settings) {
  auto table = root.table("history");
  if (!table) {
    return {};
  }
  settings.trace_retention = table->duration("trace_retention").value_or(settings.trace_retention);
  if (settings.trace_retention < std::chrono::hours{1}) {
    table->complain("trace_retention", "is less than an hour");
  }
  const std::string written = table->text("folder").value_or("");
  if (written.empty()) {
    return {};
  }
  const std::filesystem::path path = (std::filesystem::path{folder} / written).lexically_normal();
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_directory(path, error)) {
    table->complain("folder", path.string() + " is a file");
  }
  return path.string();
}

Settings read(TomlDocument& document, const std::string& folder) {
  TomlTable root = document.root();
  Settings settings;
  settings.targets = read_targets(root);
  settings.detector = read_detector(root);
  if (auto labels = root.table("labels")) {
    for (const FileField& field : kFileFields) {
      settings.labels.*field.member = read_files(*labels, field.key, folder);
    }
  }
  settings.history_folder = read_history(root, folder, settings);
  if (auto feeds = root.table("feeds")) {
    settings.archives = read_files(*feeds, "archives", folder);
    settings.feeds = read_feeds(*feeds, folder);
    if (!settings.feeds.follow.empty() && settings.history_folder.empty()) {
      feeds->complain("follow", "needs history.folder too, where what has been read is noted");
    }
  }
  settings.gateway = read_gateway(root, folder);
  settings.publish = read_publish(root, folder);
  return settings;
}

Result<Settings> finish(Result<TomlDocument> document, const std::string& folder) {
  if (!document) {
    return unexpected{document.error()};
  }
  Settings settings = read(*document, folder);
  if (const auto errors = document->errors(); !errors.empty()) {
    return unexpected{join_errors(errors)};
  }
  return settings;
}

std::string folder_of(const std::string& path) {
  return std::filesystem::path{path}.parent_path().string();
}

}  // namespace

Result<Settings> load_settings(const std::string& path) {
  return finish(TomlDocument::load(path), folder_of(path));
}

Result<Settings> parse_settings(std::string_view text, const std::string& name,
                                const std::string& folder) {
  return finish(TomlDocument::parse(text, name), folder);
}

std::vector<Error> check_settings(const std::string& path) {
  auto document = TomlDocument::load(path);
  if (!document) {
    return {document.error()};
  }
  read(*document, folder_of(path));
  return document->errors();
}

}  // namespace isthmus::collector
