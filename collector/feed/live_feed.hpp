#pragma once

#include <functional>
#include <vector>

#include "collector/feed/feed_status.hpp"
#include "collector/feed/route_batch.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

/// Where live feeds put what they have heard: the way to the detector's thread. It is bounded, and
/// a feed that finds it full stops reading, so that TCP holds the sender back; nothing is lost on
/// the way. `BoundedQueue` has the same members.
class RouteSink {
 public:
  virtual ~RouteSink() = default;

  /// Takes the batch whole and leaves it empty. False: there is no room, and the batch is
  /// unchanged. Never waits.
  virtual bool try_push(RouteBatch& batch) = 0;
  /// Calls `wake` once, from any thread, when it is worth trying again; at once if it is already.
  virtual void when_room(std::function<void()> wake) = 0;
};

/// A feed that runs as long as the collector: a BMP listener, a RIS Live client, an archive
/// follower. All of its members are called on the one thread of the io_context that it was made
/// with.
///
/// Its elements carry the time at which we received them, as that is the order in which the live
/// detector's clock runs; the lag to the sender's own time is in its status.
class LiveFeed {
 public:
  virtual ~LiveFeed() = default;

  /// Starts to listen or to connect. What can be wrong from the start, as an address that is in
  /// use, is an error; what can go wrong later is tried again, and told in the status.
  virtual Result<void> start() = 0;
  /// Ends all connections. The io_context has nothing of the feed's left to do soon afterwards.
  virtual void stop() = 0;
  /// One entry for each source of vantage points: each router, each route collector.
  [[nodiscard]] virtual std::vector<FeedStatus> status(TimePoint now) const = 0;
};

}  // namespace isthmus::collector
