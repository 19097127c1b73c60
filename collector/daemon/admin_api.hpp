#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "collector/feed/probe_gateway.hpp"
#include "core/runtime/http_server.hpp"

namespace isthmus::collector {

/// What isthmusctl asks of a running collector: the list of probes, tokens, revocation, a trace
/// from a probe. Served on its own address, on the gateway's thread, to whoever knows the token
/// that lies in `admin.token` in the gateway's folder (mode 0600, made anew at each start).
class AdminApi {
 public:
  AdminApi(const net::any_io_executor& executor, ProbeGateway& gateway, std::string folder,
           const ListenAddress& listen, std::function<TimePoint()> now);

  /// Writes the token and listens.
  Result<void> start();
  Task<> run() { return server_.run(); }
  void stop() { server_.stop(std::chrono::milliseconds{500}); }
  [[nodiscard]] std::vector<std::uint16_t> ports() const { return server_.ports(); }

 private:
  [[nodiscard]] Task<HttpResponse> handle(HttpRequest request);
  HttpResponse list() const;
  HttpResponse add(const HttpRequest& request);
  HttpResponse revoke(const HttpRequest& request);
  HttpResponse trace(const HttpRequest& request);

  ProbeGateway& gateway_;
  std::string folder_;
  std::string token_;
  std::function<TimePoint()> now_;
  HttpServer server_;
};

}  // namespace isthmus::collector
