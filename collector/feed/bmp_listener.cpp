#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "collector/feed/bmp_listener_impl.hpp"
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

/// Without an address: all of both families, or of IPv4 on a host without IPv6.
ErrorCode open_acceptor(ip::tcp::acceptor& acceptor, const ListenAddress& listen) {
  ip::tcp::endpoint endpoint{ip::tcp::v6(), listen.port};
  ErrorCode error;
  if (listen.address) {
    endpoint = {ip::make_address(listen.address->to_string()), listen.port};
    acceptor.open(endpoint.protocol(), error);
  } else if (acceptor.open(endpoint.protocol(), error); error) {
    endpoint = {ip::tcp::v4(), listen.port};
    acceptor.open(endpoint.protocol(), error);
  } else {
    acceptor.set_option(ip::v6_only{false}, error);
  }
  if (!error) {
    acceptor.set_option(net::socket_base::reuse_address{true}, error);
    acceptor.bind(endpoint, error);
  }
  if (!error) {
    acceptor.listen(net::socket_base::max_listen_connections, error);
  }
  return error;
}

}  // namespace

Task<> BmpListener::Impl::accept_all(std::shared_ptr<Impl> self,
                                     std::shared_ptr<net::ip::tcp::acceptor> acceptor) {
  while (!self->is_stopped) {
    auto [error, socket] = co_await acceptor->async_accept(kAsTuple);
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
  (*oldest)->held_back.cancel();
  connections.erase(oldest);
}

BmpListener::BmpListener(const net::any_io_executor& executor, Options options, FeedOutlet& outlet)
    : impl_{std::make_shared<Impl>(executor, std::move(options), outlet)} {
  impl_->weak_self = impl_;
}

BmpListener::~BmpListener() {
  stop();
}

Result<void> BmpListener::start() {
  for (const ListenAddress& listen : impl_->options.listen) {
    auto acceptor = std::make_shared<ip::tcp::acceptor>(impl_->executor);
    if (const ErrorCode error = open_acceptor(*acceptor, listen)) {
      return fail("feeds.bmp.listen: " + (listen.address ? listen.address->to_string() : "") +
                  " port " + std::to_string(listen.port) + ": " + error.message());
    }
    impl_->acceptors.push_back(std::move(acceptor));
  }
  for (const auto& acceptor : impl_->acceptors) {
    net::co_spawn(impl_->executor, Impl::accept_all(impl_, acceptor), net::detached);
  }
  return {};
}

void BmpListener::stop() {
  if (std::exchange(impl_->is_stopped, true)) {
    return;
  }
  ErrorCode ignored;
  for (const auto& acceptor : impl_->acceptors) {
    acceptor->close(ignored);
  }
  impl_->pause.cancel();
  for (const auto& connection : impl_->connections) {
    connection->stream.close();
    connection->held_back.cancel();
  }
  // Now and not when the connections notice: another listener may be in our place by then.
  for (auto& [name, router] : impl_->known) {
    if (router.connection) {
      impl_->end_session(name, router, FeedState::Stopped, "the collector stops");
    }
  }
}

std::vector<std::uint16_t> BmpListener::ports() const {
  std::vector<std::uint16_t> ports;
  for (const auto& acceptor : impl_->acceptors) {
    ErrorCode error;
    const auto endpoint = acceptor->local_endpoint(error);
    ports.push_back(error ? std::uint16_t{0} : endpoint.port());
  }
  return ports;
}

const BmpListener::Refusals& BmpListener::refusals() const {
  return impl_->refusals;
}

std::size_t BmpListener::connections() const {
  return impl_->connections.size();
}

std::vector<FeedStatus> BmpListener::status(TimePoint now) const {
  // A table that does not say where it ends (RFC 7854 section 9 asks for End-of-RIB; FRR leaves it
  // out where the peer came up later) is taken for whole after a pause, or when it has lasted.
  constexpr Duration kPause = std::chrono::seconds{5};
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
      const TimePoint last = std::max(router.connected_at, router.connection->last_element);
      if (router.connection->table_seen || now - last > kPause ||
          now - router.connected_at > kCatchUp) {
        status.state = FeedState::Live;
        status.detail.clear();
      }
      if (router.connection->is_held_back) {
        status.detail = "held back: it tells more changes of watched routes than one router may";
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
      if (peer.state == PeerState::Up && impl_->outlet.rib().is_stuck(vantage, now)) {
        peer.state = PeerState::Stuck;
      }
      status.lag = std::max(status.lag, peer.lag);
    }
    const bool is_silent = router.silence.is_silent(now);
    if (is_silent && status.state == FeedState::Live) {
      status.detail = "silent for longer than it ever was";
    }
    status.blind = status.state != FeedState::Live || is_silent;
    list.push_back(std::move(status));
  }
  if (const Refusals& refused = impl_->refusals; refused.any()) {
    FeedStatus status;
    status.name = "bmp-listener";
    status.state = FeedState::Live;
    status.blind = false;
    status.counters.skipped = {{"access_list", refused.access_list},
                               {"connections", refused.connections},
                               {"handshake", refused.handshake},
                               {"opening", refused.opening}};
    list.push_back(std::move(status));
  }
  return list;
}

}  // namespace isthmus::collector
