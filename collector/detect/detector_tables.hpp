#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// What one AS is to another, as far as detection asks.
enum class Neighbour : std::uint8_t { Unknown, Provider, Customer, Peer };

/// Knowledge from outside that detection may ask for. Every question may be left out; answers must
/// not change while the tables are in use.
struct DetectorTables {
  /// What `other` is to `asn`: Provider if `asn` pays it.
  std::function<Neighbour(Asn asn, Asn other)> neighbour;
  /// Number of direct customers.
  std::function<std::size_t(Asn asn)> customers;
  /// Whether the origin's announcement of the prefix is RPKI-invalid (RFC 6811).
  std::function<bool(const Prefix& prefix, Asn origin)> rov_invalid;
  /// The providers that an AS has authorised by ASPA; null if it has published none.
  std::function<const std::vector<Asn>*(Asn customer)> aspa;
  std::vector<TimePoint> changes;    ///< when the origin tables changed, within the last day
  std::vector<NamedValue> versions;  ///< of the data sets, told with every event
};

}  // namespace isthmus::collector
