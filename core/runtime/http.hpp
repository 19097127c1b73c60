#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/net/address.hpp"
#include "core/runtime/task.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus {

/// The header fields of a message (RFC 9110 section 5), in order; names compare without case.
class HttpFields {
 public:
  HttpFields() = default;
  HttpFields(std::initializer_list<std::pair<std::string, std::string>> fields) : all_{fields} {}

  /// The first value of that name; empty when there is none.
  [[nodiscard]] std::string_view find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  void add(std::string name, std::string value);
  /// Replaces all values of that name.
  void set(std::string name, std::string value);
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

/// One request as a server sees it.
struct HttpRequest {
  std::string method;  ///< as sent: "GET"
  std::string target;  ///< as sent: "/api/v1/events?limit=10"
  HttpFields headers;
  std::string body;
  IpAddress peer_address;
  std::uint16_t peer_port = 0;
  bool over_tls = false;
  /// Who the peer proved to be; null without a client certificate.
  std::shared_ptr<const PeerCertificate> certificate;
  /// What the router found: the parts of the path that stand for `{name}`.
  std::map<std::string, std::string, std::less<>> parameters;

  /// The target without its query, percent-decoded; empty where the encoding is broken.
  [[nodiscard]] std::string path() const;
  /// The query's fields (key and value percent-decoded, '+' is a space), in order.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> query() const;
  /// The first of that name.
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
};

/// Yields the next piece of a body each time it is called; nothing at the end. It is cancelled when
/// the peer goes away. A server awaits one call after another and never keeps more than one piece.
using HttpBodySource = std::function<Task<std::optional<std::string>>()>;

/// One response. The body is `body`, or `shared_body` (kept alive, not copied, for what many
/// receive), or else what `stream` yields (chunked).
struct HttpResponse {
  unsigned status = 200;
  HttpFields headers;
  std::string body;
  std::shared_ptr<const std::string> shared_body;
  HttpBodySource stream;
  bool close = false;  ///< ends the connection after it

  /// The body in one piece; empty for a stream.
  [[nodiscard]] std::string_view whole_body() const {
    return shared_body ? std::string_view{*shared_body} : std::string_view{body};
  }
};

HttpResponse text_response(unsigned status, std::string text);
/// `json` is a complete document.
HttpResponse json_response(unsigned status, std::string json);
/// The error form of all our interfaces: {"status":"error","errorType":...,"error":...}, as
/// Prometheus writes it.
HttpResponse error_response(unsigned status, std::string_view type, std::string_view message);

/// "Not Found"; "Unknown" for a number without a name.
std::string_view http_reason(unsigned status);

using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;

/// What may be said about a request before its body is read: how many bytes of body are welcome,
/// or the answer that refuses it.
struct HttpAdmission {
  std::size_t body_bytes = 0;
  std::optional<HttpResponse> refusal;
};
using HttpGate = std::function<HttpAdmission(const HttpRequest& head)>;

/// "%2F" -> "/"; nothing where an escape is broken or yields a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Escapes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

/// A place that can be called: "https://collector.example:9743/path".
struct Url {
  std::string scheme;  ///< "http" or "https", or another that the caller allows
  std::string host;    ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string target;  ///< path and query, at least "/"

  /// The scheme's usual port where none is given (http, ws: 80; https, wss: 443).
  static Result<Url> parse(std::string_view text);
  /// "host:port", with brackets around an IPv6 address.
  [[nodiscard]] std::string authority() const;
};

/// Where a server listens: ":9740", "127.0.0.1:9740", "[::1]:0".
struct ListenAddress {
  std::optional<IpAddress> address;  ///< nothing: every address of both families
  std::uint16_t port = 0;            ///< 0: any that is free

  static Result<ListenAddress> parse(std::string_view text);
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

}  // namespace isthmus
