#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "core/route/observation.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// What waits to be judged: an observation, or the loss of a session.
struct PendingInput {
  enum class Kind : std::uint8_t {
    SessionDown,  ///< nothing is known from the vantage point any more
    SessionUp,
    Withdraw,  ///< the observation's vantage point has no route to its prefix
    Seen,      ///< the observation holds
  };

  Kind kind = Kind::Seen;
  std::uint32_t sequence = 0;
  std::uint32_t path_id = 0;
  TimePoint since;  ///< Seen: since when it has been so
  std::optional<Asn> foreign_origin;
  /// What the element was, if it counts only where the prefix was learned before.
  std::optional<RouteKind> if_learned;
  Observation observation;

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.kind, self.sequence, self.path_id, self.since, self.foreign_origin,
            self.if_learned, self.observation);
  }
};

constexpr PendingInput::Kind last_of(PendingInput::Kind) {
  return PendingInput::Kind::Seen;
}

/// Puts input into one order, whatever the order of its arrival: by time, then by source and its
/// own sequence, then by content; what is equal in all of that is a duplicate.
struct InputOrder {
  bool operator()(const PendingInput& left, const PendingInput& right) const;
};

using InputBuffer = std::set<PendingInput, InputOrder>;

}  // namespace isthmus::collector
