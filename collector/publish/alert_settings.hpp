#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// Whoever is told of alerts by the collector itself.
struct AlertReceiver {
  enum class Kind : std::uint8_t { Alertmanager, Webhook };

  Kind kind = Kind::Webhook;
  std::string name;  ///< in metrics and in the log
  std::string url;   ///< of an Alertmanager its root: "http://127.0.0.1:9093"
  Severity minimum_severity = Severity::Warning;
  std::string secret_file;        ///< webhook: the key of the signature
  std::string bearer_token_file;  ///< sent as Authorization, where given
  std::string ca_file;  ///< who signed the receiver's certificate; empty: the system's list
  friend bool operator==(const AlertReceiver&, const AlertReceiver&) = default;
};

/// "alertmanager" or "webhook".
std::string_view to_string(AlertReceiver::Kind kind);

/// How alerts are delivered. The defaults are for real receivers; tests compress them.
struct AlertTiming {
  Duration timeout = std::chrono::seconds{10};     ///< of one attempt
  Duration first_retry = std::chrono::seconds{1};  ///< doubled at each failure
  Duration longest_retry = std::chrono::seconds{60};
  Duration give_up = std::chrono::hours{24 * 3};  ///< after this time an alert is refused
  /// An Alertmanager forgets an alert that is not sent again: half of its resolve_timeout or less.
  Duration resend = std::chrono::seconds{60};
  /// An end is not told sooner after the beginning than this, so that an Alertmanager that groups
  /// alerts (group_wait) has told of the beginning first.
  Duration least_firing = std::chrono::seconds{45};
};

/// What the configuration says of publishing.
struct PublishSettings {
  std::string external_url;              ///< where people reach the collector; may be empty
  std::uint64_t max_series = 100'000;    ///< of each metric
  std::uint64_t labelled_prefixes = 64;  ///< of each target and family
  std::vector<AlertReceiver> receivers;
  friend bool operator==(const PublishSettings&, const PublishSettings&) = default;
};

struct AlertSettings {
  std::vector<AlertReceiver> receivers;
  std::string queue_file;    ///< a SQLite file; what waits outlasts the program
  std::string external_url;  ///< where people reach the collector: links in alerts; may be empty
  AlertTiming timing;
};

}  // namespace isthmus::collector
