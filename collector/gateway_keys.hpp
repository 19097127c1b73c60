#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "collector/settings.hpp"
#include "core/runtime/toml_document.hpp"

namespace isthmus::collector {

/// A list of texts under [gateway].
struct GatewayListField {
  std::string_view key;
  std::vector<std::string> GatewaySettings::*member;
  std::string_view meaning;
};

/// A text under [gateway].
struct GatewayTextField {
  std::string_view key;
  std::string GatewaySettings::*member;
  std::string_view meaning;
};

inline constexpr std::array kGatewayLists{
    GatewayListField{
        "listen", &GatewaySettings::listen,
        "Addresses at which probes reach the collector, as \":9743\"; none: no probes."},
    GatewayListField{"names", &GatewaySettings::names,
                     "Host names and addresses that probes call the collector by."},
    GatewayListField{"outside_authorities", &GatewaySettings::outside_authorities,
                     "PEM files of other authorities that may sign probes' certificates."},
};
inline constexpr std::array kGatewayTexts{
    GatewayTextField{"folder", &GatewaySettings::folder,
                     "Where the authority's key and the list of probes are kept."},
    GatewayTextField{"admin_listen", &GatewaySettings::admin_listen,
                     "Where isthmusctl reaches the collector; keep it on loopback."},
    GatewayTextField{"outside_uri", &GatewaySettings::outside_uri,
                     "The URI of a probe in certificates of other authorities."},
};
inline constexpr std::string_view kGatewayRateMeaning =
    "Traceroutes a second that one probe may deliver.";

/// Reads [gateway]; paths are taken from `folder`.
GatewaySettings read_gateway(TomlTable& root, const std::string& folder);

}  // namespace isthmus::collector
