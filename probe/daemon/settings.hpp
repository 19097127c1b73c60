#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/net/asn.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/log.hpp"
#include "probe/deliver/spool.hpp"
#include "probe/plan/destination_filter.hpp"
#include "probe/plan/schedule.hpp"
#include "probe/trace/trace_options.hpp"

namespace isthmus::probe {

/// A collector that the probe works for.
struct CollectorSettings {
  std::string name;
  Url url;
};

/// All that a probe's owner says in its configuration file.
struct ProbeSettings {
  std::string state_folder = "/var/lib/isthmus-probe";
  std::vector<CollectorSettings> collectors;
  std::optional<IpAddress> address;  ///< public, as the owner knows it
  Asn asn;                           ///< the network the probe stands in; 0: not said
  PlanBounds bounds;
  FilterOptions filter;
  std::uint64_t spool_bytes = std::uint64_t{256} << 20;
  Duration spool_age = std::chrono::hours{24 * 7};
  std::string interface = "any";  ///< to capture on
  std::optional<IpAddress> source_v4;
  std::optional<IpAddress> source_v6;
  TraceOptions trace;
  std::string listen = "127.0.0.1:9741";  ///< health and metrics; empty: nowhere
  LogLevel log_level = LogLevel::Info;
  LogFormat log_format = LogFormat::Logfmt;
};

/// Reads and checks a configuration file. The error holds every mistake, one a line, each as
/// "file:line:column: what is wrong".
Result<ProbeSettings> load_settings(const std::string& path);
Result<ProbeSettings> parse_settings(std::string_view text, const std::string& name);

/// Each key that the file may have, as "table.key": for tests that compare with the documents.
std::vector<std::string> setting_keys();

}  // namespace isthmus::probe
