#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/detect/target.hpp"
#include "collector/feed/feed_settings.hpp"
#include "collector/feed/gateway_settings.hpp"
#include "collector/publish/alert_settings.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

/// Files from which addresses and ASNs get their names; each list may be empty.
struct LabelSettings {
  std::vector<std::string> override_files;    ///< `prefix,asn` lines that win over all others
  std::vector<std::string> mrt;               ///< RIB dumps: the origin table
  std::vector<std::string> pfx2as;            ///< CAIDA's prefix-to-AS files
  std::vector<std::string> csv;               ///< `start,end,asn` lines
  std::vector<std::string> as_names;          ///< names of ASes
  std::vector<std::string> mmdb;              ///< MaxMind databases of ASes
  std::vector<std::string> ixps;              ///< exchanges: LANs and members
  std::vector<std::string> delegated;         ///< registries' delegated-extended files
  std::vector<std::string> countries;         ///< `asn,country` lines that win over registries
  std::vector<std::string> as_relationships;  ///< who pays whom
  std::vector<std::string> as_cones;          ///< customer cones
  std::vector<std::string> as_organisations;  ///< as2org
  std::vector<std::string> siblings;          ///< ASes that belong together, one group a line
  friend bool operator==(const LabelSettings&, const LabelSettings&) = default;
};

/// All that the collector, or a replay, is told by its configuration file.
struct Settings {
  std::vector<Target> targets;
  DetectorSettings detector;
  LabelSettings labels;
  std::string history_folder;                              ///< empty: nothing is kept
  Duration trace_retention = std::chrono::hours{24 * 30};  ///< of raw traceroutes
  std::vector<std::string> archives;                       ///< MRT files to be read, merged by time
  FeedSettings feeds;
  GatewaySettings gateway;
  PublishSettings publish;
};

/// Reads and checks a configuration file; relative paths in it are taken from its folder. The error
/// holds every mistake, one a line, each as "file:line:column: what is wrong".
Result<Settings> load_settings(const std::string& path);
/// The same from a text; `name` stands for the file, `folder` for where it lies.
Result<Settings> parse_settings(std::string_view text, const std::string& name,
                                const std::string& folder);

/// Every mistake of a configuration file, by place; none if it can be used.
std::vector<Error> check_settings(const std::string& path);

/// A configuration file that `load_settings` reads back, with a comment on each key.
std::string to_toml(const Settings& settings);

/// A key of the configuration file, for its documentation.
struct SettingKey {
  std::string key;            ///< with its table: "detector.lateness"
  std::string default_value;  ///< as it would be written; empty if there is none
  std::string meaning;        ///< one sentence
};

/// Every key there is, in the order of `to_toml`.
std::vector<SettingKey> setting_keys();

}  // namespace isthmus::collector
