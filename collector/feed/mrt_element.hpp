#pragma once

#include <cstdint>
#include <string_view>

#include "core/route/route.hpp"

namespace isthmus::collector {

/// A BGP element as an MRT file has it: the route, and what only archives know.
struct MrtElement {
  Route route;
  /// The kind of record as `bgpdump -m` names it: "BGP4MP", "BGP4MP_ET_LOCAL_AP", "TABLE_DUMP2".
  std::string_view label;
  std::uint8_t safi = 1;        ///< 1 unicast, 2 multicast, 3 both (deprecated by RFC 4760)
  bool add_path = false;        ///< `route.path_id` was there
  bool extended = false;        ///< the record's time has microseconds
  bool is_state = false;        ///< a change of the session's state; there is no prefix
  std::uint16_t old_state = 0;  ///< RFC 6396 section 4.4.1: 1 Idle to 6 Established
  std::uint16_t new_state = 0;
  TimePoint originated;  ///< RIB entries: when the peer's route was received; otherwise the time
};

}  // namespace isthmus::collector
