#include "collector/feed/bmp_listener.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "collector/feed/bmp_session.hpp"
#include "collector/feed/silence_watch.hpp"
#include "core/net/prefix_map.hpp"
#include "core/runtime/byte_stream.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

namespace ip = net::ip;

IpAddress from_asio(const ip::address& address) {
  if (address.is_v4()) {
    return IpAddress::v4(address.to_v4().to_uint());
  }
  if (address.to_v6().is_v4_mapped()) {
    return IpAddress::v4(ip::make_address_v4(ip::v4_mapped, address.to_v6()).to_uint());
  }
  const auto bytes = address.to_v6().to_bytes();
  return IpAddress::from_bytes(Family::Ipv6, std::as_bytes(std::span{bytes}));
}

ip::address to_asio(const IpAddress& address) {
  if (address.is_v4()) {
    return ip::address_v4{address.v4_value()};
  }
  ip::address_v6::bytes_type bytes{};
  const auto octets = address.octets();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = std::to_integer<unsigned char>(octets[i]);
  }
  return ip::address_v6{bytes};
}

TimePoint now_utc() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

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

}  // namespace

struct BmpListener::Impl {
  /// One TCP connection.
  struct Connection {
    Connection(net::ip::tcp::socket socket, std::string router, const IpAddress& address)
        : stream{std::move(socket)},
          name{std::move(router)},
          from{address} {}

    ByteStream stream;
    std::string name;
    IpAddress from;
    std::unique_ptr<BmpSession> session;
    RouteBatch changes;
    std::string head;  ///< until there is enough to see that it is BMP
    bool has_begun = false;
    bool table_seen = false;
    bool is_counted = false;  ///< its first message has come: it is the router's session now
  };
  /// A router over all of its connections.
  struct Known {
    FeedState state = FeedState::Waiting;
    std::string detail;
    FeedCounters past;  ///< of connections that have ended
    SilenceWatch silence;
    TimePoint connected_at;
    Duration lag{};
    std::shared_ptr<Connection> connection;
    std::vector<FeedPeerStatus> last_peers;
  };

  Impl(const net::any_io_executor& on, Options given, FeedOutlet& out)
      : executor{on},
        options{std::move(given)},
        outlet{out},
        acceptor{on},
        pause{on} {
    for (const Router& router : options.routers) {
      routers.insert(router.from, router.name);
      if (router.from.length() == address_bits(router.from.family())) {
        known[router.name];
      }
    }
  }

  static Task<> accept_all(std::shared_ptr<Impl> self);
  static Task<> serve(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection);
  Task<bool> open(Connection& connection);
  Task<> read_all(std::shared_ptr<Connection> connection);
  void admit(net::ip::tcp::socket socket);
  void make_room();
  void take_over(const Connection& connection);
  void established(const std::shared_ptr<Connection>& connection);
  void ended(const std::shared_ptr<Connection>& connection, std::string why);
  void hear(Connection& connection, const BmpElement& element);

  net::any_io_executor executor;
  Options options;
  FeedOutlet& outlet;
  net::ip::tcp::acceptor acceptor;
  net::steady_timer pause;
  PrefixMap<std::string> routers;
  std::map<std::string, Known> known;
  std::list<std::shared_ptr<Connection>> connections;  ///< the oldest first
  Refusals refusals;
  std::weak_ptr<Impl> weak_self;
  bool is_stopped = false;
};

Task<> BmpListener::Impl::accept_all(std::shared_ptr<Impl> self) {
  while (!self->is_stopped) {
    auto [error, socket] = co_await self->acceptor.async_accept(kAsTuple);
    if (self->is_stopped) {
      break;
    }
    if (error) {
      // Out of file descriptors, mostly: others must get the chance to close theirs.
      log_warn("a router cannot be let in", {{"error", error.message()}});
      self->pause.expires_after(std::chrono::milliseconds{200});
      const auto [ignored] = co_await self->pause.async_wait(kAsTuple);
      static_cast<void>(ignored);
      continue;
    }
    self->admit(std::move(socket));
  }
}

void BmpListener::Impl::admit(net::ip::tcp::socket socket) {
  ErrorCode error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) {
    return;
  }
  const IpAddress from = from_asio(endpoint.address());
  const auto* const entry = routers.longest_match(from);
  if (entry == nullptr) {
    if (refusals.access_list++ == 0) {
      log_warn("a router is not on the access list and was refused: name it under feeds.bmp.router",
               {{"address", from.to_string()}});
    }
    return;
  }
  std::string name = entry->second;
  if (entry->first.length() < address_bits(from.family())) {
    name += '-' + from.to_string();
  }
  socket.set_option(net::socket_base::keep_alive{true}, error);
  make_room();
  connections.push_back(std::make_shared<Connection>(std::move(socket), std::move(name), from));
  net::co_spawn(executor, serve(weak_self.lock(), connections.back()), net::detached);
}

/// When there are too many, the oldest that has not said anything yet goes; if all have, the new
/// one takes the place of the oldest of all.
void BmpListener::Impl::make_room() {
  if (connections.size() < options.max_connections) {
    return;
  }
  ++refusals.connections;
  auto oldest = connections.begin();
  for (auto each = connections.begin(); each != connections.end(); ++each) {
    if (!(*each)->is_counted) {
      oldest = each;
      break;
    }
  }
  (*oldest)->stream.close();
  connections.erase(oldest);
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
  if (element.route.kind == RouteKind::TableEnd && element.is_witness) {
    connection.table_seen = true;
  }
  outlet.rib().take(element.route, element.vantage, element.is_witness, connection.changes);
}

Task<> BmpListener::Impl::read_all(std::shared_ptr<Connection> connection) {
  // Little until the other side has shown that it is a router: there may be thousands.
  constexpr std::size_t kOpening = std::size_t{2} << 10;
  constexpr std::size_t kEstablished = std::size_t{64} << 10;
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
    co_await outlet.push(connection->changes);
    if (session.state() == BmpSession::State::Broken ||
        session.state() == BmpSession::State::Terminated) {
      break;
    }
  }
}

/// A router that calls again has forgotten its old session: its routes are held from here on,
/// before the new session says anything.
void BmpListener::Impl::take_over(const Connection& connection) {
  Known& router = known[connection.name];
  if (router.connection) {
    const std::shared_ptr<Connection> old = std::exchange(router.connection, nullptr);
    old->stream.close();
    add(router.past, old->session->counters());
    router.state = FeedState::Lost;
    router.detail = "the router has called again";
    outlet.rib().lost(connection.name, now_utc());
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
  add(router.past, connection->session->counters());
  router.last_peers = connection->session->peers();
  router.connection.reset();
  ++router.past.gaps;
  router.state = is_stopped ? FeedState::Stopped : is_broken ? FeedState::Refused : FeedState::Lost;
  router.detail = why;
  outlet.rib().lost(connection->name, now_utc());
  log_warn("a router's BMP session has ended", {{"router", connection->name}, {"reason", why}});
}

BmpListener::BmpListener(const net::any_io_executor& executor, Options options, FeedOutlet& outlet)
    : impl_{std::make_shared<Impl>(executor, std::move(options), outlet)} {
  impl_->weak_self = impl_;
}

BmpListener::~BmpListener() {
  stop();
}

Result<void> BmpListener::start() {
  const ip::tcp::endpoint endpoint{to_asio(impl_->options.address), impl_->options.port};
  ErrorCode error;
  impl_->acceptor.open(endpoint.protocol(), error);
  if (!error) {
    impl_->acceptor.set_option(net::socket_base::reuse_address{true}, error);
    impl_->acceptor.bind(endpoint, error);
  }
  if (!error) {
    impl_->acceptor.listen(net::socket_base::max_listen_connections, error);
  }
  if (error) {
    return fail("feeds.bmp.listen: " + impl_->options.address.to_string() + " port " +
                std::to_string(impl_->options.port) + ": " + error.message());
  }
  net::co_spawn(impl_->executor, Impl::accept_all(impl_), net::detached);
  return {};
}

void BmpListener::stop() {
  impl_->is_stopped = true;
  ErrorCode ignored;
  impl_->acceptor.close(ignored);
  impl_->pause.cancel();
  for (const auto& connection : impl_->connections) {
    connection->stream.close();
  }
}

std::uint16_t BmpListener::port() const {
  ErrorCode error;
  const auto endpoint = impl_->acceptor.local_endpoint(error);
  return error ? std::uint16_t{0} : endpoint.port();
}

const BmpListener::Refusals& BmpListener::refusals() const {
  return impl_->refusals;
}

std::size_t BmpListener::connections() const {
  return impl_->connections.size();
}

std::vector<FeedStatus> BmpListener::status(TimePoint now) const {
  // A table that never says where it ends is taken for whole after this.
  constexpr Duration kCatchUp = std::chrono::minutes{1};
  std::vector<FeedStatus> list;
  for (const auto& [name, router] : impl_->known) {
    FeedStatus status;
    status.name = name;
    status.kind = FeedKind::Bmp;
    status.state = router.state;
    status.detail = router.detail;
    status.counters = router.past;
    status.last_message = router.silence.last();
    if (router.connection) {
      const BmpSession& session = *router.connection->session;
      add(status.counters, session.counters());
      status.peers = session.peers();
      if (router.connection->table_seen || now - router.connected_at > kCatchUp) {
        status.state = FeedState::Live;
        status.detail.clear();
      }
    } else {
      status.peers = router.last_peers;
      for (FeedPeerStatus& peer : status.peers) {
        peer.state = PeerState::Stale;
      }
      if (router.state == FeedState::Waiting) {
        status.detail = "the router has not called yet";
      }
    }
    for (FeedPeerStatus& peer : status.peers) {
      const VantagePoint vantage{Plane::Control, name, peer.address, peer.asn};
      peer.routes = impl_->outlet.rib().routes_of(vantage);
      status.lag = std::max(status.lag, peer.lag);
    }
    const bool is_silent = router.silence.is_silent(now);
    if (is_silent && status.state == FeedState::Live) {
      status.detail = "silent for longer than it ever was";
    }
    status.blind = status.state != FeedState::Live || is_silent;
    list.push_back(std::move(status));
  }
  return list;
}

}  // namespace isthmus::collector
