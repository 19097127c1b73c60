#include "collector/publish/event_stream.hpp"

#include <algorithm>
#include <chrono>
#include <list>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "collector/record/event_json.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kListeners = 1000;
constexpr std::size_t kRemembered = 1024;  ///< events, for those who come back
constexpr std::size_t kCatchUp = 10'000;   ///< events that one who comes back gets at most
constexpr std::size_t kBehind = 1 << 20;   ///< bytes that may wait for a slow listener
constexpr std::chrono::seconds kHeartbeat{15};
constexpr std::chrono::seconds kSnapshotPause{1};

std::string event_frame(const Event& event) {
  std::string frame = "event: event\nid: " + event.id + "\ndata: ";
  append_json(frame, event);  // without a line feed
  return frame + "\n\n";
}

}  // namespace

bool EventWish::wants(const Event& event) const {
  return (!target || *target == event.target) && (types.empty() || types.contains(event.type)) &&
         (!severity || event.severity >= *severity);
}

/// One who listens. What waits for it is written by `tell` and taken by its coroutine.
struct Listener {
  EventWish wish;
  std::string waiting;
  std::string snapshot;  ///< the last word on it, not yet sent
  std::chrono::steady_clock::time_point snapshot_sent;
  std::optional<net::steady_timer> wake;  ///< made when the coroutine is there
  bool ended = false;
  /// While what was missed is being read, what is told is kept apart: it comes behind.
  std::optional<std::string> resume_after;

  void add(const std::string& text) {
    waiting += text;
    if (waiting.size() > kBehind) {
      ended = true;
      waiting.clear();
    }
    rouse();
  }
  void rouse() {
    if (wake) {
      wake->cancel();
    }
  }
};

struct EventStream::Impl {
  Impl(SelfMetrics& counters, HistoryPool* pool) : metrics{counters}, history{pool} {}

  SelfMetrics& metrics;
  HistoryPool* history;
  std::list<std::weak_ptr<Listener>> listeners;
  std::deque<Event> remembered;
  std::string last_snapshot;

  template <typename F>
  void each(const F& visit) {
    listeners.remove_if([](const auto& weak) { return weak.expired(); });
    for (const auto& weak : listeners) {
      if (const auto listener = weak.lock()) {
        visit(*listener);
      }
    }
  }
};

EventStream::EventStream(SelfMetrics& metrics, HistoryPool* history)
    : impl_{std::make_shared<Impl>(metrics, history)} {}

EventStream::~EventStream() {
  close();
}

void EventStream::tell(const std::vector<Event>& events) {
  for (const Event& event : events) {
    const std::string frame = event_frame(event);
    impl_->each([&](Listener& listener) {
      if (listener.wish.wants(event)) {
        listener.add(frame);
      }
    });
    impl_->remembered.push_back(event);
    if (impl_->remembered.size() > kRemembered) {
      impl_->remembered.pop_front();
    }
  }
}

void EventStream::tell_snapshot(std::uint64_t generation, TimePoint time) {
  impl_->last_snapshot =
      fmt::format("event: snapshot\ndata: {{\"generation\":{},\"time\":\"{}\"}}\n\n", generation,
                  format_utc(time));
  impl_->each([&](Listener& listener) {
    listener.snapshot = impl_->last_snapshot;
    listener.rouse();
  });
}

void EventStream::close() {
  impl_->each([](Listener& listener) {
    listener.ended = true;
    listener.rouse();
  });
}

namespace {

/// What one has missed, and the last of it.
struct Missed {
  std::string frames;
  std::string last_id;
};

/// The events behind one that the history knows, oldest first.
Result<Missed> read_missed(const History& history, const EventWish& wish, const std::string& id) {
  const auto last = history.event(id);
  if (!last) {
    return unexpected{last.error()};
  }
  Missed missed{{}, id};
  if (!*last) {
    return missed;  // from another history: there is nothing that it missed here
  }
  HistoryFilter filter;
  filter.target = wish.target;
  filter.types.assign(wish.types.begin(), wish.types.end());
  filter.severity = wish.severity;
  filter.after = place_of(**last);
  filter.limit = kCatchUp;
  const auto read = history.events(filter, [&](const Event& event) {
    missed.frames += event_frame(event);
    missed.last_id = event.id;
    return true;
  });
  return read ? Result<Missed>{std::move(missed)} : unexpected{read.error()};
}

/// Appends what is remembered behind an event, for a listener, which then waits for nothing of it.
/// False: the event is not remembered.
bool append_remembered(const EventStream::Impl& stream, Listener& listener, const std::string& id,
                       std::string& frames) {
  const auto found = std::find_if(stream.remembered.rbegin(), stream.remembered.rend(),
                                  [&](const Event& event) { return event.id == id; });
  if (found == stream.remembered.rend()) {
    return false;
  }
  std::for_each(found.base(), stream.remembered.end(), [&](const Event& event) {
    if (listener.wish.wants(event)) {
      frames += event_frame(event);
    }
  });
  listener.waiting.clear();
  return true;
}

Task<std::string> catch_up(std::shared_ptr<EventStream::Impl> stream,
                           std::shared_ptr<Listener> listener, std::string id) {
  std::string frames;
  if (append_remembered(*stream, *listener, id, frames) || stream->history == nullptr) {
    co_return frames;
  }
  std::function<Result<Missed>(const History&)> work = [wish = listener->wish,
                                                        id](const History& history) {
    return read_missed(history, wish, id);
  };
  Result<Missed> missed = co_await stream->history->read<Missed>(std::move(work));
  if (missed) {
    frames = std::move(missed->frames);
    append_remembered(*stream, *listener, missed->last_id, frames);
  }
  co_return frames;
}

/// The next piece for a listener; nothing when it is over.
Task<std::optional<std::string>> next_frames(std::shared_ptr<EventStream::Impl> stream,
                                             std::shared_ptr<Listener> listener) {
  if (!listener->wake) {
    listener->wake.emplace(co_await net::this_coro::executor);
    std::string first = "retry: 3000\n\n";
    if (listener->resume_after) {
      first += co_await catch_up(stream, listener, *listener->resume_after);
    }
    co_return first + stream->last_snapshot;
  }
  const auto heartbeat = std::chrono::steady_clock::now() + kHeartbeat;
  while (!listener->ended) {
    const auto now = std::chrono::steady_clock::now();
    std::string piece = std::exchange(listener->waiting, {});
    const auto snapshot_due = listener->snapshot_sent + kSnapshotPause;
    if (!listener->snapshot.empty() && now >= snapshot_due) {
      piece += std::exchange(listener->snapshot, {});
      listener->snapshot_sent = now;
    }
    if (piece.empty() && now >= heartbeat) {
      piece = ": nothing new\n\n";
    }
    if (!piece.empty()) {
      co_return piece;
    }
    listener->wake->expires_at(listener->snapshot.empty() ? heartbeat
                                                          : std::min(heartbeat, snapshot_due));
    co_await listener->wake->async_wait(kAsTuple);
  }
  co_return std::nullopt;
}

}  // namespace

HttpBodySource EventStream::listen(EventWish wish, std::optional<std::string> last_id) {
  impl_->listeners.remove_if([](const auto& weak) { return weak.expired(); });
  if (impl_->listeners.size() >= kListeners) {
    return {};
  }
  const auto leave = [metrics = &impl_->metrics](Listener* listener) {
    metrics->change_streams(-1);
    delete listener;  // NOLINT(cppcoreguidelines-owning-memory): the deleter of a shared_ptr
  };
  const std::shared_ptr<Listener> listener{new Listener{}, leave};
  listener->wish = std::move(wish);
  listener->resume_after = std::move(last_id);
  impl_->metrics.change_streams(1);
  impl_->listeners.push_back(listener);
  return [stream = impl_, listener]() -> Task<std::optional<std::string>> {
    return next_frames(stream, listener);
  };
}

}  // namespace isthmus::collector
