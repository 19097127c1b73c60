#include <algorithm>
#include <span>
#include <utility>

#include "collector/feed/bmp_listener_impl.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

TimePoint now_utc() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace

void add(FeedCounters& sum, const FeedCounters& more) {
  sum.messages += more.messages;
  sum.elements += more.elements;
  sum.bytes += more.bytes;
  sum.gaps += more.gaps;
  sum.connections += more.connections;
  for (const auto& [reason, count] : more.skipped) {
    sum.skipped[reason] += count;
  }
}

Task<> BmpListener::Impl::serve(std::shared_ptr<Impl> self,
                                std::shared_ptr<Connection> connection) {
  std::string why = "the collector stops";
  connection->stream.expire_after(self->options.opening_time);
  if (co_await self->open(*connection)) {
    co_await self->read_all(connection);
    const BmpSession& session = *connection->session;
    why = session.reason().empty() ? "the connection was closed" : session.reason();
  }
  connection->stream.close();
  self->connections.remove(connection);
  self->ended(connection, std::move(why));
}

Task<bool> BmpListener::Impl::open(Connection& connection) {
  if (options.tls) {
    const ErrorCode error = co_await connection.stream.accept_tls(*options.tls);
    if (error) {
      ++refusals.handshake;
      log_warn("a router's TLS handshake failed",
               {{"router", connection.name}, {"error", connection.stream.tls_error()}});
      co_return false;
    }
  }
  BmpSession::Options session;
  session.name = connection.name;
  session.address = connection.from;
  session.origins = options.origins;
  session.max_peers = options.max_peers;
  Connection* const place = &connection;
  const BmpSession::Emit emit = [this, place](const BmpElement& element) { hear(*place, element); };
  connection.session = std::make_unique<BmpSession>(std::move(session), emit);
  co_return true;
}

void BmpListener::Impl::hear(Connection& connection, const BmpElement& element) {
  connection.last_element = element.route.time;
  if (element.route.kind == RouteKind::TableEnd && element.is_witness) {
    connection.table_seen = true;
  }
  outlet.rib().take(element.route, element.vantage, element.is_witness, connection.changes);
}

Task<> BmpListener::Impl::read_all(std::shared_ptr<Connection> connection) {
  // Little until the other side has shown that it is a router: there may be thousands.
  constexpr std::size_t kOpening = std::size_t{2} << 10;
  constexpr std::size_t kEstablished = std::size_t{16} << 10;
  constexpr std::size_t kLargest = std::size_t{64} << 10;
  std::vector<char> buffer(kOpening);
  BmpSession& session = *connection->session;
  while (!is_stopped) {
    const StreamResult result = co_await connection->stream.read_some(buffer);
    if (result.error) {
      if (!connection->is_counted && result.error == net::error::timed_out) {
        ++refusals.opening;
      }
      break;
    }
    if (is_stopped) {
      break;
    }
    const TimePoint now = now_utc();
    Bytes bytes = std::as_bytes(std::span{buffer}.first(result.count));
    if (!connection->has_begun) {
      connection->head.append(as_text(bytes));
      bytes = as_bytes(connection->head);
      if (bytes.size() < BmpFramer::kHeader) {
        continue;
      }
      if (bytes[0] == std::byte{3}) {
        take_over(*connection);
      }
      connection->has_begun = true;
    }
    session.receive(bytes, now);
    connection->head.clear();
    if (session.state() == BmpSession::State::Established && !connection->is_counted) {
      connection->stream.expire_never();
      buffer.resize(kEstablished);
      established(connection);
    }
    if (connection->is_counted) {
      known[connection->name].silence.heard(now);
    }
    if (result.count == buffer.size() && connection->is_counted && buffer.size() < kLargest) {
      buffer.resize(2 * buffer.size());
    }
    const std::size_t told = connection->changes.size();
    co_await outlet.push(connection->changes);
    co_await hold_back(*connection, told);
    if (session.state() == BmpSession::State::Broken ||
        session.state() == BmpSession::State::Terminated) {
      break;
    }
  }
}

/// Waits as long as the router has told more than its share.
Task<> BmpListener::Impl::hold_back(Connection& connection, std::size_t told) {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> since = now - connection.allowed_at;
  connection.allowed_at = now;
  connection.allowance =
      std::min(options.changes_at_once,
               connection.allowance + since.count() * options.changes_per_second) -
      static_cast<double>(told);
  if (connection.allowance >= 0 || is_stopped) {
    co_return;
  }
  const std::chrono::duration<double> wait{-connection.allowance / options.changes_per_second};
  connection.is_held_back = true;
  connection.held_back.expires_after(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(wait));
  const auto [ignored] = co_await connection.held_back.async_wait(kAsTuple);
  static_cast<void>(ignored);
  connection.is_held_back = false;
}

/// A router that calls again has forgotten its old session: its routes are held from here on,
/// before the new session says anything.
void BmpListener::Impl::take_over(const Connection& connection) {
  Known& router = known[connection.name];
  if (router.connection) {
    router.connection->stream.close();
    router.connection->held_back.cancel();
    end_session(connection.name, router, FeedState::Lost, "the router has called again");
  }
}

void BmpListener::Impl::established(const std::shared_ptr<Connection>& connection) {
  Known& router = known[connection->name];
  connection->is_counted = true;
  router.connection = connection;
  router.state = FeedState::CatchingUp;
  router.detail = "the tables of its peers are still coming";
  router.connected_at = now_utc();
  log_info("a router speaks BMP", {{"router", connection->name},
                                   {"address", connection->from.to_string()},
                                   {"system", connection->session->system_name()},
                                   {"description", connection->session->system_description()}});
}

void BmpListener::Impl::ended(const std::shared_ptr<Connection>& connection, std::string why) {
  if (!connection->is_counted) {
    if (connection->session && connection->session->state() == BmpSession::State::Broken) {
      log_warn("a router does not speak BMP", {{"router", connection->name}, {"reason", why}});
      Known& router = known[connection->name];
      if (!router.connection) {
        router.state = FeedState::Refused;
        router.detail = std::move(why);
      }
    }
    return;
  }
  Known& router = known[connection->name];
  if (router.connection != connection) {
    return;
  }
  const bool is_broken = connection->session->state() == BmpSession::State::Broken;
  log_warn("a router's BMP session has ended", {{"router", connection->name}, {"reason", why}});
  end_session(connection->name, router, is_broken ? FeedState::Refused : FeedState::Lost,
              std::move(why));
}

void BmpListener::Impl::end_session(const std::string& name, Known& router, FeedState state,
                                    std::string why) {
  const std::shared_ptr<Connection> connection = std::exchange(router.connection, nullptr);
  add(router.past, connection->session->counters());
  router.last_peers = connection->session->peers();
  ++router.past.gaps;
  router.state = state;
  router.detail = std::move(why);
  outlet.rib().lost(name, now_utc());
}

}  // namespace isthmus::collector
