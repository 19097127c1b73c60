#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"

namespace isthmus::probe {

/// Which way a captured frame went, where the capture says so.
enum class Direction : std::uint8_t { Unknown, Incoming, Outgoing };

/// A captured frame without its link-layer header.
struct LinkFrame {
  Bytes packet;  ///< from the IP header on
  Direction direction = Direction::Unknown;
  std::uint32_t interface = 0;  ///< index; 0 where the capture does not say
};

/// Takes the header of a libpcap link type (DLT_ value) off: Ethernet, with VLAN tags (802.1Q,
/// 802.1ad); PPP; raw IP; BSD loopback; Linux cooked v1 and v2. Nothing if it is cut off, holds no
/// IP, or the type is another.
std::optional<LinkFrame> strip_link_layer(int link_type, Bytes frame);

/// Whether `strip_link_layer` knows a type.
bool knows_link_type(int link_type);

}  // namespace isthmus::probe
