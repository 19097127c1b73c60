#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "collector/detect/status.hpp"
#include "collector/feed/feed_status.hpp"
#include "collector/feed/probe_status.hpp"
#include "core/base/time.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// The program that runs.
struct BuildInfo {
  std::string version;
  std::string revision;  ///< of the source; "unknown" if it was built outside a repository
  friend bool operator==(const BuildInfo&, const BuildInfo&) = default;
};

/// Who an AS is, for people.
struct AsDescription {
  std::string name;
  std::string country;         ///< of registration, two letters; empty if it is not known
  std::string country_source;  ///< which file says so
  friend bool operator==(const AsDescription&, const AsDescription&) = default;
};

/// A label table in force.
struct TableStatus {
  std::string source;             ///< "mrt", "pfx2as", "ixp", ...
  std::string version;            ///< as events store it
  std::optional<TimePoint> made;  ///< the time of its data, where that is known
  std::uint64_t prefixes = 0;     ///< entries
  friend bool operator==(const TableStatus&, const TableStatus&) = default;
};

/// A queue between two threads of the collector.
struct QueueStatus {
  std::string name;
  std::size_t length = 0;
  std::size_t capacity = 0;
  friend bool operator==(const QueueStatus&, const QueueStatus&) = default;
};

/// Upper bounds of the buckets of a detection delay, in seconds; one more holds what is above.
inline constexpr std::array<double, 12> kDelayBounds{10,  30,   60,   120,  180,   300,
                                                     600, 1800, 3600, 7200, 21600, 86400};

/// The event that a series points to.
struct EventMark {
  std::string id;
  TimePoint time;
  double value = 0;
};

/// Events of one target, type and severity.
struct EventCount {
  std::uint64_t count = 0;
  std::optional<EventMark> last;
};

/// Delays of one event type.
struct DelayStats {
  std::array<std::uint64_t, kDelayBounds.size() + 1> counts{};  ///< each bucket alone
  double sum = 0;                                               ///< seconds
  std::array<std::optional<EventMark>, kDelayBounds.size() + 1> last;
};

/// What has been told since the start.
struct EventStats {
  std::map<std::tuple<std::string, EventType, Severity>, EventCount> by_target;
  std::map<EventType, DelayStats> delays;

  void add(const Event& event);
};

/// The state of the whole collector at one moment. Immutable once it is published, so that every
/// reader sees one consistent picture and none of them holds up the ingest.
struct Snapshot {
  std::uint64_t generation = 0;  ///< counts up from 1 with each snapshot
  TimePoint time;                ///< up to when the detector has judged
  TimePoint started;             ///< when the program began
  std::vector<TargetStatus> targets;
  DetectorCounters counters;
  EventStats events;
  std::vector<FeedStatus> feeds;
  std::vector<ProbeStatus> probes;
  std::vector<TableStatus> tables;
  std::vector<QueueStatus> queues;
  std::map<Asn, AsDescription> ases;  ///< at least the upstreams of the targets
  BuildInfo build;
  bool last_reload_good = true;          ///< of the configuration
  std::optional<TimePoint> last_reload;  ///< when it last succeeded

  /// Asked about ASes that are not in `ases`; any thread; may be null.
  std::function<AsDescription(Asn)> describe_others;

  [[nodiscard]] AsDescription describe(Asn asn) const;
};

/// The snapshot that is in force. Any thread may read and replace it.
class CurrentSnapshot {
 public:
  /// Never null: before the first one it is an empty snapshot of generation 0.
  [[nodiscard]] std::shared_ptr<const Snapshot> get() const;
  void set(std::shared_ptr<const Snapshot> snapshot);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ = std::make_shared<const Snapshot>();
};

}  // namespace isthmus::collector
