#pragma once

#include <array>
#include <string>
#include <string_view>

#include "collector/publish/alert_settings.hpp"
#include "core/runtime/toml_document.hpp"

namespace isthmus::collector {

/// A text under [[receiver]].
struct ReceiverField {
  std::string_view key;
  std::string_view default_value;  ///< empty: it is needed
  std::string_view meaning;
};

inline constexpr std::array kReceiverFields{
    ReceiverField{"name", "", "What the receiver is called in metrics and in the log."},
    ReceiverField{"kind", "\"webhook\"", "\"alertmanager\" or \"webhook\"."},
    ReceiverField{"url", "", "Where it is; of an Alertmanager its root."},
    ReceiverField{"minimum_severity", "\"warning\"", "Alerts of less are not sent to it."},
    ReceiverField{"secret_file", "\"\"", "Holds the key with which webhooks are signed."},
    ReceiverField{"bearer_token_file", "\"\"", "Holds a token that is sent as Authorization."},
    ReceiverField{"ca_file", "\"\"", "Who signed its certificate; empty: the system's list."},
};
inline constexpr std::string_view kExternalUrlMeaning =
    "Where people reach the collector's page; links in alerts begin with it.";
inline constexpr std::string_view kMaxSeriesMeaning =
    "Series of one metric that are served; what is past that is left out and counted.";
inline constexpr std::string_view kLabelledPrefixesMeaning =
    "Prefixes of a target that have series of their own.";

/// Reads [publish] and the [[receiver]] tables; paths are taken from `folder`.
PublishSettings read_publish(TomlTable& root, const std::string& folder);

/// Appends both, as `read_publish` reads them.
void append_publish(std::string& text, const PublishSettings& settings);

}  // namespace isthmus::collector
