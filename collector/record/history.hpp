#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/record/history_place.hpp"
#include "core/base/result.hpp"
#include "core/route/event.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// What is committed together: after a crash either all of it is there, or nothing.
struct HistoryBatch {
  std::vector<RouteInterval> intervals;  ///< an open interval is replaced by its closed form
  std::vector<Event> events;
  std::vector<Observation> observations;   ///< the evidence that events and intervals refer to
  std::vector<NamedValue> table_versions;  ///< label tables in force
  std::optional<TimePoint> progress;       ///< input up to here is in the history
};

/// Restricts a query; what is not set does not restrict. Times are half open: from <= time < until;
/// an interval counts if it lasted at some time in between. An event counts for a prefix if one of
/// its prefixes does, and for the one upstream that it is about; an observation for each of its
/// upstreams.
struct HistoryFilter {
  std::optional<std::string> target;
  std::optional<Prefix> prefix;  ///< this one and its more specifics
  std::optional<Asn> upstream;
  std::optional<TimePoint> from;
  std::optional<TimePoint> until;
  std::optional<std::uint64_t> limit;
  std::vector<EventType> types;      ///< events of one of these; empty: of all
  std::optional<Severity> severity;  ///< events of at least this
  std::optional<Plane> plane;        ///< intervals and observations
  std::optional<Family> family;      ///< intervals
  bool newest_first = false;         ///< events and observations: the order the other way round
  /// Only what stands behind this place in the order of the query; one of another kind of row does
  /// not restrict.
  std::optional<HistoryPlace> after;
};

/// The memory of the collector. Storing the same batch twice changes nothing, nor does storing an
/// older one again: closed intervals stay closed (one without length gives way to any other with
/// its beginning), the first copy of an observation stays, progress does not go back. An interval
/// ends, at the latest, where the next one of its vantage point and prefix begins, in whatever
/// order they are stored. Events are replaced by id.
///
/// Not for more than one thread at a time: whoever reads beside the writer opens the history again.
class History {
 public:
  virtual ~History() = default;

  /// Commits in one transaction.
  virtual Result<void> store(const HistoryBatch& batch) = 0;

  /// Each calls back in a stable order until the callback returns false: events as `precedes` says,
  /// intervals by target, prefix, vantage point and beginning, observations by time.
  virtual Result<void> events(const HistoryFilter& filter,
                              const std::function<bool(const Event&)>& each) const = 0;
  virtual Result<void> intervals(const HistoryFilter& filter,
                                 const std::function<bool(const RouteInterval&)>& each) const = 0;
  virtual Result<void> observations(const HistoryFilter& filter,
                                    const std::function<bool(const Observation&)>& each) const = 0;
  [[nodiscard]] virtual Result<std::optional<Event>> event(const std::string& id) const = 0;
  [[nodiscard]] virtual Result<std::optional<Observation>> observation(
      std::uint64_t evidence_id) const = 0;
  [[nodiscard]] virtual Result<std::vector<NamedValue>> table_versions() const = 0;
  /// Up to where input was stored, if any was.
  [[nodiscard]] virtual Result<std::optional<TimePoint>> progress() const = 0;
};

/// Opens or makes the SQLite history in a folder: `catalog.db` in WAL mode. A schema older than
/// ours is migrated; a newer one is refused.
Result<std::unique_ptr<History>> open_sqlite_history(const std::string& folder);

/// Opens a history that is there, and changes nothing: `store` fails. An older schema is refused.
Result<std::unique_ptr<History>> open_sqlite_history_to_read(const std::string& folder);

}  // namespace isthmus::collector
