#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "core/runtime/http.hpp"
#include "core/runtime/task.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus {

/// How much a client may ask of a server before it is cut off.
struct HttpServerLimits {
  std::size_t header_bytes = std::size_t{16} << 10;
  std::size_t body_bytes = std::size_t{1} << 20;
  std::chrono::milliseconds handshake_time{10'000};
  std::chrono::milliseconds header_time{10'000};  ///< from the first byte of a request to its body
  std::chrono::milliseconds body_time{60'000};    ///< for the whole body
  std::chrono::milliseconds idle_time{75'000};    ///< between two requests
  std::chrono::milliseconds write_time{20'000};   ///< for each 64 KiB that the client has to take
  std::size_t connections = 20'000;
  std::size_t connections_per_address = 1'000;
};

/// What a server has done so far. All of these only grow, but for `open`.
struct HttpServerCounters {
  std::uint64_t accepted = 0;
  std::uint64_t open = 0;
  std::map<std::string, std::uint64_t> refused;  ///< connections, by reason: "address_limit", ...
  std::map<std::string, std::uint64_t> handshakes_failed;  ///< by reason: "expired", "revoked", ...
  std::map<std::string, std::uint64_t> cut_off;  ///< by reason: "header_time", "slow_reader", ...
  std::map<unsigned, std::uint64_t> responses;   ///< by status
  std::uint64_t bytes_received = 0;              ///< heads and bodies
  std::uint64_t bytes_sent = 0;
};

struct HttpServerOptions {
  std::string name = "http";  ///< for the log
  std::vector<ListenAddress> listen;
  std::optional<TlsContext> tls;
  HttpServerLimits limits;
  /// Asked before a body is read; without it every body up to `limits.body_bytes` is welcome.
  HttpGate gate;
};

/// Serves HTTP/1.1, with TLS or without. Each connection is a coroutine of the executor, whose
/// thread is the only one that may call members; `counters` too.
///
/// A handler is cancelled when its client goes away. What it throws becomes a 500 and a line in the
/// log. When there are too many connections, the oldest that has not yet sent a whole request
/// makes room.
class HttpServer {
 public:
  HttpServer(const net::any_io_executor& executor, HttpServerOptions options, HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Opens the sockets; to be called once, before `run`. The error names the address.
  Result<void> listen();
  /// The ports that are listened on, in the order of the addresses.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;

  /// Serves until `stop` has been called and the last connection has ended.
  Task<> run();
  /// Accepts nothing more, ends idle connections now and others when their request is answered,
  /// or after the grace.
  void stop(std::chrono::milliseconds grace);

  /// For connections from now on: new keys, new authorities.
  void use_tls(TlsContext context);
  /// Ends at once every connection whose client's certificate fits, whatever it is doing. Returns
  /// how many.
  std::size_t close_connections(const std::function<bool(const PeerCertificate&)>& fits);

  [[nodiscard]] const HttpServerCounters& counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus
