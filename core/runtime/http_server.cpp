#include "core/runtime/http_server.hpp"

#include <algorithm>
#include <list>
#include <unordered_map>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "core/runtime/http_connection.hpp"

namespace isthmus {
namespace {

using net::ip::tcp;

IpAddress to_address(const net::ip::address& address) {
  if (address.is_v4()) {
    return IpAddress::v4(address.to_v4().to_uint());
  }
  const net::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return IpAddress::v4(net::ip::make_address_v4(net::ip::v4_mapped, v6).to_uint());
  }
  const auto octets = v6.to_bytes();
  return IpAddress::from_bytes(Family::Ipv6, std::as_bytes(std::span{octets}));
}

std::string to_text(const ListenAddress& listen) {
  if (!listen.address) {
    return ":" + std::to_string(listen.port);
  }
  const std::string host = listen.address->to_string();
  return (listen.address->is_v4() ? host : "[" + host + "]") + ":" + std::to_string(listen.port);
}

tcp::endpoint to_endpoint(const ListenAddress& listen) {
  if (!listen.address) {
    return {tcp::v6(), listen.port};
  }
  return {net::ip::make_address(listen.address->to_string()), listen.port};
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(const net::any_io_executor& its_executor, HttpServerOptions options, HttpHandler handler)
      : executor{its_executor},
        service{std::move(options), std::move(handler)},
        ended{its_executor, net::steady_timer::time_point::max()},
        grace{its_executor} {}

  using Place = std::list<HttpConnection>::iterator;

  ErrorCode open(const ListenAddress& listen) {
    tcp::endpoint endpoint = to_endpoint(listen);
    tcp::acceptor acceptor{executor};
    ErrorCode error;
    acceptor.open(endpoint.protocol(), error);
    if (error && !listen.address) {  // a kernel without IPv6
      endpoint = {tcp::v4(), listen.port};
      acceptor.open(endpoint.protocol(), error);
    }
    if (!error) {
      acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
    }
    if (!error && endpoint.protocol() == tcp::v6()) {
      acceptor.set_option(net::ip::v6_only{listen.address.has_value()}, error);
    }
    if (!error) {
      acceptor.bind(endpoint, error);
    }
    if (!error) {
      acceptor.listen(tcp::acceptor::max_listen_connections, error);
    }
    if (!error) {
      acceptors.push_back(std::move(acceptor));
    }
    return error;
  }

  /// Makes room for one more connection, if need be. A word says why there is none.
  const char* make_room(const IpAddress& address) {
    const HttpServerLimits& limits = service.options.limits;
    if (per_address[address] >= limits.connections_per_address) {
      return "address_limit";
    }
    if (connections.size() < limits.connections) {
      return nullptr;
    }
    const auto unproven = std::find_if(connections.begin(), connections.end(),
                                       [](const auto& each) { return !each.is_proven(); });
    if (unproven == connections.end()) {
      return "connection_limit";
    }
    ++service.counters.cut_off["made_room"];
    unproven->close();
    return nullptr;
  }

  void admit(tcp::socket socket) {
    ErrorCode error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (error) {
      return;  // gone already
    }
    ++service.counters.accepted;
    const IpAddress address = to_address(peer.address());
    if (const char* const reason = make_room(address)) {
      ++service.counters.refused[reason];
      if (per_address[address] == 0) {
        per_address.erase(address);
      }
      return;
    }
    ++per_address[address];
    ++service.counters.open;
    connections.emplace_back(service, ByteStream{std::move(socket)}, address, peer.port());
    net::co_spawn(executor, serve(shared_from_this(), std::prev(connections.end())), net::detached);
  }

  static Task<> serve(std::shared_ptr<Impl> self, Place connection) {
    try {
      co_await connection->run();
    } catch (const std::exception& error) {
      log_error("a connection broke off",
                {{"server", self->service.options.name}, {"error", error.what()}});
    }
    const auto count = self->per_address.find(connection->address());
    if (--count->second == 0) {
      self->per_address.erase(count);
    }
    self->connections.erase(connection);
    --self->service.counters.open;
    self->end_if_done();
  }

  void end_if_done() {
    if (service.stopping && connections.empty() && accepting == 0) {
      grace.cancel();
      ended.cancel();
    }
  }

  static Task<> accept(std::shared_ptr<Impl> self, std::size_t index) {
    tcp::acceptor& acceptor = self->acceptors[index];
    while (!self->service.stopping) {
      auto [error, socket] = co_await acceptor.async_accept(kAsTuple);
      if (!error) {
        self->admit(std::move(socket));
      } else if (!self->service.stopping) {
        // No descriptors are left, most likely: wait until some connections have ended.
        ++self->service.counters.refused["accept_failed"];
        constexpr std::chrono::milliseconds kPause{100};
        co_await sleep_for(kPause);
      }
    }
    --self->accepting;
    self->end_if_done();
  }

  net::any_io_executor executor;
  HttpService service;
  std::vector<tcp::acceptor> acceptors;
  std::list<HttpConnection> connections;
  std::unordered_map<IpAddress, std::size_t> per_address;
  net::steady_timer ended;
  net::steady_timer grace;
  std::size_t accepting = 0;
};

HttpServer::HttpServer(const net::any_io_executor& executor, HttpServerOptions options,
                       HttpHandler handler)
    : impl_{std::make_shared<Impl>(executor, std::move(options), std::move(handler))} {}

HttpServer::~HttpServer() {
  impl_->service.stopping = true;
  impl_->acceptors.clear();
  for (HttpConnection& connection : impl_->connections) {
    connection.close();
  }
}

Result<void> HttpServer::listen() {
  for (const ListenAddress& address : impl_->service.options.listen) {
    if (const ErrorCode error = impl_->open(address)) {
      return fail("cannot listen on " + to_text(address) + ": " + error.message());
    }
  }
  return {};
}

std::vector<std::uint16_t> HttpServer::ports() const {
  std::vector<std::uint16_t> ports;
  for (const tcp::acceptor& acceptor : impl_->acceptors) {
    ErrorCode ignored;
    ports.push_back(acceptor.local_endpoint(ignored).port());
  }
  return ports;
}

Task<> HttpServer::run() {
  const auto impl = impl_;
  impl->accepting = impl->acceptors.size();
  for (std::size_t i = 0; i < impl->acceptors.size(); ++i) {
    net::co_spawn(impl->executor, Impl::accept(impl, i), net::detached);
  }
  while (!impl->service.stopping || !impl->connections.empty() || impl->accepting > 0) {
    const auto [error] = co_await impl->ended.async_wait(kAsTuple);
    static_cast<void>(error);
  }
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  if (impl_->service.stopping) {
    return;
  }
  impl_->service.stopping = true;
  for (tcp::acceptor& acceptor : impl_->acceptors) {
    ErrorCode ignored;
    acceptor.close(ignored);
  }
  for (HttpConnection& connection : impl_->connections) {
    if (connection.is_idle()) {
      connection.close();
    }
  }
  impl_->grace.expires_after(grace);
  impl_->grace.async_wait([impl = impl_](ErrorCode error) {
    for (HttpConnection& connection : impl->connections) {
      if (!error) {
        connection.close();
      }
    }
  });
  impl_->end_if_done();
}

void HttpServer::use_tls(TlsContext context) {
  impl_->service.options.tls = std::move(context);
}

std::size_t HttpServer::close_connections(const std::function<bool(const PeerCertificate&)>& fits) {
  std::size_t count = 0;
  for (HttpConnection& connection : impl_->connections) {
    const auto certificate = connection.certificate();
    if (certificate && fits(*certificate)) {
      connection.close();
      ++count;
    }
  }
  return count;
}

const HttpServerCounters& HttpServer::counters() const {
  return impl_->service.counters;
}

}  // namespace isthmus
