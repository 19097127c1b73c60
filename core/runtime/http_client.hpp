#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "core/runtime/http.hpp"
#include "core/runtime/task.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus {

struct HttpClientOptions {
  Url server;  ///< scheme "http" or "https"; its target is not used
  /// For https; without it the system's authorities are trusted.
  std::optional<TlsContext> tls;
  std::string user_agent = "isthmus";
  std::size_t header_bytes = std::size_t{64} << 10;
  std::size_t body_bytes = std::size_t{64} << 20;  ///< a longer body is an error
};

struct HttpCall {
  std::string method = "GET";
  std::string target = "/";
  HttpFields headers;
  std::string body;
};

struct HttpReply {
  unsigned status = 0;
  HttpFields headers;
  std::string body;
};

/// Takes the pieces of a body; false ends the call.
using HttpBodySink = std::function<bool(std::string_view piece)>;

/// Calls one server, one call at a time, and keeps the connection for the next. All on one thread.
/// Errors tell the place: "https://host:port: cause".
class HttpClient {
 public:
  HttpClient(const net::any_io_executor& executor, HttpClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Connects where needed, sends, and reads the whole reply within `limit`. A kept connection that
  /// turns out to be closed is replaced once, if nothing of a reply was read and the method is
  /// idempotent (GET, HEAD, PUT, DELETE) or nothing could have been processed.
  Task<Result<HttpReply>> call(HttpCall call, std::chrono::nanoseconds limit);

  /// The same for a body without an end in sight: hands its pieces over as they come. `limit` is
  /// for the reply's head, `silence` for the time between two pieces. The reply's body is empty,
  /// but for a status that is not 2xx: its body is kept instead of handed over.
  Task<Result<HttpReply>> stream(HttpCall call, HttpBodySink sink, std::chrono::nanoseconds limit,
                                 std::chrono::nanoseconds silence);

  /// Closes the kept connection: the next call makes a new one.
  void disconnect();
  /// The server's certificate on the kept connection; null without.
  [[nodiscard]] std::shared_ptr<const PeerCertificate> server_certificate() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus
