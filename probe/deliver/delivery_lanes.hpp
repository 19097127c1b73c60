#pragma once

#include <algorithm>
#include <optional>

#include "probe/deliver/spool.hpp"

namespace isthmus::probe {

/// In which order a collector gets what it is owed. There are two lanes: the live one, from a mark
/// near the end of the spool on, and the backlog before it. Each goes in order of time, the live
/// one first, so that alerts see the present at once while the past is made up for.
class DeliveryLanes {
 public:
  /// Entries that the live lane holds at most: about the last minute. When more wait there, after
  /// an outage, the older of them become backlog.
  static constexpr std::uint64_t kLiveEntries = 64;

  /// What to deliver next to a collector; nothing if it is owed nothing.
  std::optional<NumberRange> next(const Spool& spool, std::size_t cursor) {
    const NumberRange all = spool.range();
    live_from_ = std::max(live_from_, all.first);
    if (spool.owed(cursor, {live_from_, all.end}) > kLiveEntries) {
      live_from_ = all.end - kLiveEntries;
    }
    const auto live = spool.first_owed(cursor, {live_from_, all.end});
    return live ? live : spool.first_owed(cursor, {all.first, live_from_});
  }

 private:
  std::uint64_t live_from_ = 0;
};

}  // namespace isthmus::probe
