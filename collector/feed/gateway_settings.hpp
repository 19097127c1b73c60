#pragma once

#include <string>
#include <vector>

namespace isthmus::collector {

/// How probes reach the collector.
struct GatewaySettings {
  std::vector<std::string> listen;  ///< addresses as ":9743"; empty: no probes
  /// Where the authority and the list of probes are kept.
  std::string folder;
  /// Names and addresses that probes call the collector by: they stand in its certificate.
  std::vector<std::string> names;
  /// Where isthmusctl reaches the collector.
  std::string admin_listen = "127.0.0.1:9742";
  double rate = 2'000;  ///< traceroutes a second that one probe may deliver
  /// PEM files of other authorities whose certificates probes may have.
  std::vector<std::string> outside_authorities;
  /// The URI of a probe in a certificate of an outside authority; "{name}" stands for its name.
  std::string outside_uri = "isthmus://probe/{name}";
  friend bool operator==(const GatewaySettings&, const GatewaySettings&) = default;
};

}  // namespace isthmus::collector
