#pragma once

#include <optional>
#include <string>

#include "core/runtime/byte_stream.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/http_server.hpp"
#include "core/runtime/log.hpp"

namespace isthmus {

/// What the connections of one server share; the server owns it and outlives them.
struct HttpService {
  HttpServerOptions options;
  HttpHandler handler;
  HttpServerCounters counters;
  LogThrottle throttle{30};
  bool stopping = false;
};

/// One client's connection, from the handshake to its end.
class HttpConnection {
 public:
  HttpConnection(HttpService& service, ByteStream stream, IpAddress address, std::uint16_t port);

  Task<> run();

  /// Between two requests, or not yet through with the first.
  [[nodiscard]] bool is_idle() const { return !busy_; }
  /// Has sent a whole head at least once.
  [[nodiscard]] bool is_proven() const { return proven_; }
  [[nodiscard]] const IpAddress& address() const { return address_; }
  [[nodiscard]] std::shared_ptr<const PeerCertificate> certificate() const {
    return stream_.peer_certificate();
  }
  void close() { stream_.close(); }

 private:
  struct Exchange;

  Task<bool> shake_hands();
  Task<bool> fill(Exchange& exchange);
  Task<bool> read_head(Exchange& exchange);
  Task<bool> read_body(Exchange& exchange);
  Task<bool> receive(Exchange& exchange);
  Task<> answer(Exchange& exchange);
  Task<bool> respond(Exchange& exchange);
  Task<bool> respond_with_stream(Exchange& exchange, bool chunked);
  Task<bool> write(std::string_view bytes);
  Task<> drain();
  void refuse(Exchange& exchange, HttpResponse response);
  void cut_off(const char* reason);

  HttpService& service_;
  ByteStream stream_;
  IpAddress address_;
  std::uint16_t port_;
  std::string buffer_;  ///< received, not yet parsed
  const char* phase_ = "header_time";
  bool proven_ = false;
  bool busy_ = false;
};

}  // namespace isthmus
