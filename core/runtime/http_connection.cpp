#include "core/runtime/http_connection.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace isthmus {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kReadSize = std::size_t{16} << 10;
constexpr std::size_t kWriteSize = std::size_t{64} << 10;
constexpr std::size_t kDrainSize = std::size_t{1} << 20;
constexpr std::chrono::seconds kDrainTime{2};

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&now, &fields);
  std::array<char, 40> text{};
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &fields);
  return {text.data(), length};
}

/// A header's value without what could end its line.
std::string one_line(std::string_view value) {
  std::string clean{value};
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return clean;
}

bool has_body(unsigned status) {
  return status >= 200 && status != 204 && status != 304;
}

HttpResponse response_to(const ErrorCode& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return error_response(431, "bad_data", "the request's head is too large");
  }
  if (error == http::error::body_limit) {
    return error_response(413, "bad_data", "the request's body is too large");
  }
  return error_response(400, "bad_data", "this is not HTTP: " + error.message());
}

}  // namespace

/// One request with its response.
struct HttpConnection::Exchange {
  http::request_parser<http::string_body> parser;
  HttpRequest request;
  HttpResponse response;
  bool keep_alive = false;
  bool refused = false;  ///< the response is there before the handler has been asked
  bool unread = false;   ///< a body follows that nobody reads
  unsigned version = 11;
};

HttpConnection::HttpConnection(HttpService& service, ByteStream stream, IpAddress address,
                               std::uint16_t port)
    : service_{service},
      stream_{std::move(stream)},
      address_{address},
      port_{port} {}

Task<> HttpConnection::run() {
  if (service_.options.tls && !co_await shake_hands()) {
    co_return;
  }
  bool goes_on = true;
  while (goes_on && !service_.stopping) {
    Exchange exchange;
    goes_on = co_await receive(exchange);
    if (goes_on) {
      busy_ = true;
      if (!exchange.refused) {
        co_await answer(exchange);
      }
      goes_on = co_await respond(exchange);
      busy_ = false;
    }
  }
  stream_.close();
}

Task<bool> HttpConnection::shake_hands() {
  stream_.expire_after(service_.options.limits.handshake_time);
  const ErrorCode error = co_await stream_.accept_tls(*service_.options.tls);
  if (!error) {
    co_return true;
  }
  std::string reason = stream_.refusal();
  if (reason.empty()) {
    reason = error == net::error::timed_out ? "handshake_time"
             : error == net::error::eof     ? "closed"
                                            : "protocol";
  }
  ++service_.counters.handshakes_failed[reason];
  if (const auto left_out = service_.throttle.admit(std::chrono::steady_clock::now())) {
    log_warn("TLS handshake refused", {{"server", service_.options.name},
                                       {"peer", address_.to_string()},
                                       {"reason", reason},
                                       {"detail", stream_.tls_error()},
                                       {"left_out", *left_out}});
  }
  stream_.close();
  co_return false;
}

/// Reads some more. False: the connection is over.
Task<bool> HttpConnection::fill(Exchange& /*exchange*/) {
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadSize);
  const std::span<char> room = std::span{buffer_}.subspan(before);
  const StreamResult read = co_await stream_.read_some(room);
  buffer_.resize(before + read.count);
  service_.counters.bytes_received += read.count;
  if (read.error == net::error::timed_out) {
    cut_off(phase_);
  }
  co_return !read.error;
}

void HttpConnection::cut_off(const char* reason) {
  ++service_.counters.cut_off[reason];
}

void HttpConnection::refuse(Exchange& exchange, HttpResponse response) {
  exchange.refused = true;
  exchange.unread = true;
  exchange.keep_alive = false;
  exchange.response = std::move(response);
}

Task<bool> HttpConnection::read_head(Exchange& exchange) {
  const HttpServerLimits& limits = service_.options.limits;
  auto& parser = exchange.parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(boost::none);
  parser.eager(false);
  bool begun = !buffer_.empty() || !proven_;
  phase_ = begun ? "header_time" : "idle_time";
  stream_.expire_after(begun ? limits.header_time : limits.idle_time);
  for (;;) {
    if (!buffer_.empty()) {
      ErrorCode error;
      buffer_.erase(0, parser.put(net::buffer(buffer_), error));
      if (error && error != http::error::need_more) {
        refuse(exchange, response_to(error));
        co_return true;
      }
      if (parser.is_header_done()) {
        co_return true;
      }
    } else {
      buffer_.shrink_to_fit();  // an idle connection keeps nothing
    }
    if (!co_await fill(exchange)) {
      co_return false;
    }
    if (!begun) {
      begun = true;
      phase_ = "header_time";
      stream_.expire_after(limits.header_time);
    }
  }
}

/// Reads one request, or makes the response that refuses it. False: the connection is over.
Task<bool> HttpConnection::receive(Exchange& exchange) {
  if (!co_await read_head(exchange)) {
    co_return false;
  }
  if (exchange.refused) {
    co_return true;
  }
  proven_ = true;
  auto& message = exchange.parser.get();
  exchange.version = message.version();
  exchange.keep_alive = message.keep_alive();
  HttpRequest& request = exchange.request;
  request.method = std::string{message.method_string()};
  request.target = std::string{message.target()};
  request.peer_address = address_;
  request.peer_port = port_;
  request.over_tls = service_.options.tls.has_value();
  request.certificate = stream_.peer_certificate();
  for (const auto& field : message) {
    request.headers.add(std::string{field.name_string()}, std::string{field.value()});
  }
  std::size_t limit = service_.options.limits.body_bytes;
  if (service_.options.gate) {
    HttpAdmission admission = service_.options.gate(request);
    limit = admission.body_bytes;
    if (admission.refusal) {
      const bool unread = !exchange.parser.is_done();
      const bool keep_alive = exchange.keep_alive && !unread;
      refuse(exchange, std::move(*admission.refusal));
      exchange.unread = unread;
      exchange.keep_alive = keep_alive;
      co_return true;
    }
  }
  if (exchange.parser.is_done()) {
    co_return true;
  }
  if (exchange.parser.content_length().value_or(0) > limit) {
    refuse(exchange, response_to(http::error::body_limit));
    co_return true;
  }
  exchange.parser.body_limit(limit);
  co_return co_await read_body(exchange);
}

Task<bool> HttpConnection::read_body(Exchange& exchange) {
  auto& parser = exchange.parser;
  phase_ = "body_time";
  stream_.expire_after(service_.options.limits.body_time);
  if (exchange.request.headers.find("Expect") == "100-continue" && buffer_.empty()) {
    const ErrorCode error = co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (error) {
      co_return false;
    }
  }
  parser.eager(true);
  while (!parser.is_done()) {
    if (!buffer_.empty()) {
      ErrorCode error;
      buffer_.erase(0, parser.put(net::buffer(buffer_), error));
      if (error && error != http::error::need_more) {
        refuse(exchange, response_to(error));
        co_return true;
      }
    }
    if (!parser.is_done() && !co_await fill(exchange)) {
      co_return false;
    }
  }
  exchange.request.body = std::move(parser.get().body());
  co_return true;
}

Task<> HttpConnection::answer(Exchange& exchange) {
  stream_.expire_never();
  const auto ask = [](const HttpHandler& handler, HttpRequest request,
                      HttpResponse& response) -> Task<> {
    response = co_await handler(std::move(request));
  };
  const std::string target = exchange.request.target;
  const bool is_head = exchange.request.method == "HEAD";
  try {
    auto work = ask(service_.handler, std::move(exchange.request), exchange.response);
    if (!co_await ends_before(std::move(work), stream_.hang_up())) {
      stream_.close();
    }
  } catch (const std::exception& error) {
    log_error("a request could not be answered",
              {{"server", service_.options.name}, {"target", target}, {"error", error.what()}});
    exchange.response = error_response(500, "internal", "see the log of the server");
  }
  exchange.request.method = is_head ? "HEAD" : "";
}

/// Writes the response. False: the connection ends with it.
Task<bool> HttpConnection::respond(Exchange& exchange) {
  HttpResponse& response = exchange.response;
  if (!stream_.is_open()) {
    co_return false;
  }
  ++service_.counters.responses[response.status];
  const bool body_follows = has_body(response.status) && exchange.request.method != "HEAD";
  const bool chunked = response.stream && exchange.version >= 11;
  const bool keep_alive = exchange.keep_alive && !response.close && !service_.stopping &&
                          (!response.stream || chunked || !body_follows);
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                 http_reason(response.status), date_now());
  for (const auto& [name, value] : response.headers.all()) {
    head += fmt::format("{}: {}\r\n", one_line(name), one_line(value));
  }
  if (chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!response.stream && has_body(response.status)) {
    head += fmt::format("Content-Length: {}\r\n", response.whole_body().size());
  }
  head += keep_alive ? (exchange.version >= 11 ? "" : "Connection: keep-alive\r\n")
                     : "Connection: close\r\n";
  head += "\r\n";
  if (body_follows && !response.stream && response.whole_body().size() < kReadSize) {
    head += response.whole_body();
    response.body.clear();
    response.shared_body.reset();
  }
  bool goes_on = co_await write(head);
  if (goes_on && body_follows) {
    goes_on = response.stream ? co_await respond_with_stream(exchange, chunked)
                              : co_await write(response.whole_body());
  }
  if (goes_on && exchange.unread) {
    co_await drain();
  }
  co_return goes_on&& keep_alive;
}

Task<bool> HttpConnection::respond_with_stream(Exchange& exchange, bool chunked) {
  using Piece = std::optional<std::string>;
  const auto pull = [](HttpBodySource& source, Piece& piece) -> Task<> {
    piece = co_await source();
  };
  for (;;) {
    stream_.expire_never();
    Piece piece;
    try {
      auto work = pull(exchange.response.stream, piece);
      if (!co_await ends_before(std::move(work), stream_.hang_up())) {
        co_return false;
      }
    } catch (const std::exception& error) {
      log_error("a response broke off",
                {{"server", service_.options.name}, {"error", error.what()}});
      co_return false;
    }
    if (!piece) {
      co_return chunked&& co_await write("0\r\n\r\n");
    }
    if (piece->empty()) {
      continue;  // an empty chunk would end the body
    }
    const std::string framed =
        chunked ? fmt::format("{:x}\r\n{}\r\n", piece->size(), *piece) : std::move(*piece);
    if (!co_await write(framed)) {
      co_return false;
    }
  }
}

Task<bool> HttpConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view slice = bytes.substr(0, kWriteSize);
    stream_.expire_after(service_.options.limits.write_time);
    const ErrorCode error = co_await stream_.write(slice);
    if (error) {
      if (error == net::error::timed_out) {
        cut_off("slow_reader");
      }
      co_return false;
    }
    service_.counters.bytes_sent += slice.size();
    bytes.remove_prefix(slice.size());
  }
  co_return true;
}

/// Closing with unread bytes would reset the connection and take the response with it.
Task<> HttpConnection::drain() {
  stream_.expire_after(kDrainTime);
  std::string scrap(kReadSize, '\0');
  for (std::size_t total = 0; total < kDrainSize;) {
    const StreamResult read = co_await stream_.read_some(scrap);
    if (read.error) {
      co_return;
    }
    total += read.count;
  }
}

}  // namespace isthmus
