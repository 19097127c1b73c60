#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/net/address.hpp"
#include "core/net/asn.hpp"

namespace isthmus {

/// Where an observation comes from: packets that were measured, or routes that routers believe.
enum class Plane : std::uint8_t { Data, Control };

/// "data" or "control", as metrics and exports say it.
constexpr std::string_view to_string(Plane plane) {
  return plane == Plane::Data ? "data" : "control";
}

/// A place from which the routes to a target are seen: a probe, or one BGP peer of a route
/// collector.
struct VantagePoint {
  Plane plane = Plane::Control;
  std::string source;  ///< the probe's name, or the route collector's ("rrc00", "route-views.jinx")
  IpAddress address;   ///< the probe's public address, or the BGP peer's
  Asn asn;  ///< the AS it stands in: its vantage group, the unit that votes are counted in

  /// "rrc00 AS64500 192.0.2.1": for people and logs.
  [[nodiscard]] std::string to_string() const {
    return source + ' ' + asn.to_string() + ' ' + address.to_string();
  }
  friend auto operator<=>(const VantagePoint&, const VantagePoint&) = default;
};

}  // namespace isthmus
