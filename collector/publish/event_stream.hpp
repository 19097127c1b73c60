#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/publish/history_pool.hpp"
#include "collector/publish/self_metrics.hpp"
#include "core/route/event.hpp"
#include "core/runtime/http.hpp"

namespace isthmus::collector {

/// Which events a listener wants; what is not set does not restrict.
struct EventWish {
  std::optional<std::string> target;
  std::set<EventType> types;
  std::optional<Severity> severity;  ///< at least

  [[nodiscard]] bool wants(const Event& event) const;
};

/// The live feed as server-sent events (the HTML standard, section 9.2). Who comes back with the id
/// of the last event that it saw gets those that were told since: from memory, or if that is too
/// long ago from the history. A listener that does not keep up is cut off, and comes back. All on
/// one thread, that of the server.
class EventStream {
 public:
  /// `history` may be null; both must outlive the stream.
  EventStream(SelfMetrics& metrics, HistoryPool* history);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// Events that were told, in their order.
  void tell(const std::vector<Event>& events);
  /// A new snapshot; listeners hear of it at most once a second.
  void tell_snapshot(std::uint64_t generation, TimePoint time);

  /// The body for a new listener; nothing if there are too many. `last_id` is its Last-Event-ID.
  [[nodiscard]] HttpBodySource listen(EventWish wish, std::optional<std::string> last_id);

  /// Ends all listeners.
  void close();

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
