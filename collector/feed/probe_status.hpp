#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/base/time.hpp"
#include "core/net/address.hpp"
#include "core/net/asn.hpp"

namespace isthmus::collector {

/// How an enrolled probe is: what health, metrics and the page show. Counters only grow while the
/// collector runs.
struct ProbeStatus {
  std::string name;
  Asn group;                             ///< the AS it stands in: its vantage group
  std::optional<IpAddress> declared;     ///< the address that it says it measures from
  std::optional<IpAddress> address;      ///< from where its last request came
  bool up = false;                       ///< it was heard within the time in which it has to report
  std::optional<TimePoint> last_result;  ///< when its last batch was received
  /// How far its clock goes before ours, measured at each batch.
  std::optional<Duration> clock_offset;
  /// Traceroutes by what became of them: how they stopped ("completed", "gap_limit", ...), or why
  /// they were not taken ("duplicate", "malformed", ...). A closed list: it becomes a label.
  std::map<std::string, std::uint64_t, std::less<>> results;
  std::string software;  ///< name and version, as it says; may be empty
  std::optional<TimePoint> certificate_expiry;
  friend bool operator==(const ProbeStatus&, const ProbeStatus&) = default;
};

}  // namespace isthmus::collector
