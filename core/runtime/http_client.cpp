#include "core/runtime/http_client.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

#include "core/runtime/byte_stream.hpp"

namespace isthmus {
namespace {

namespace http = boost::beast::http;
using net::ip::tcp;

constexpr std::size_t kReadSize = std::size_t{64} << 10;

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

std::string compose(const HttpClientOptions& options, const HttpCall& call) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n", call.method,
                                 call.target, options.server.authority(), options.user_agent);
  for (const auto& [name, value] : call.headers.all()) {
    head += fmt::format("{}: {}\r\n", name, value);
  }
  if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
    head += fmt::format("Content-Length: {}\r\n", call.body.size());
  }
  return head + "\r\n";
}

/// What ended an attempt.
struct Failure {
  std::string cause;
  bool nothing_came = false;  ///< not a byte of a reply
};

/// A reply that is being read.
struct Reading {
  std::optional<http::response_parser<http::string_body>> parser;
  std::string buffer;
  HttpReply reply;
  HttpBodySink sink;
  bool came = false;
  bool stopped = false;  ///< by the sink

  [[nodiscard]] bool hands_over() const {
    return sink && reply.status >= 200 && reply.status < 300;
  }
};

}  // namespace

struct HttpClient::Impl {
  Impl(net::any_io_executor its_executor, HttpClientOptions its_options)
      : executor{std::move(its_executor)},
        options{std::move(its_options)} {}

  Task<Result<void>> connect() {
    tcp::resolver resolver{executor};
    const auto [resolve_error, found] = co_await resolver.async_resolve(
        options.server.host, std::to_string(options.server.port), kAsTuple);
    if (resolve_error) {
      co_return fail("its address is unknown: " + resolve_error.message());
    }
    tcp::socket socket{executor};
    const auto [error, endpoint] = co_await net::async_connect(socket, found, kAsTuple);
    if (error) {
      co_return fail(error.message());
    }
    stream.emplace(std::move(socket));
    if (options.server.scheme != "https") {
      co_return Result<void>{};
    }
    if (!options.tls) {
      auto usual = TlsContext::client(TlsClientOptions{});
      if (!usual) {
        co_return unexpected{usual.error()};
      }
      options.tls = std::move(*usual);
    }
    const ErrorCode tls_error = co_await stream->connect_tls(*options.tls, options.server.host);
    if (tls_error) {
      std::string cause = "TLS: " + stream->tls_error();
      if (stream->tls_error().empty()) {
        cause += tls_error.message();
      }
      if (!stream->refusal().empty()) {
        cause += " (" + stream->refusal() + ")";
      }
      stream.reset();
      co_return fail(std::move(cause));
    }
    co_return Result<void>{};
  }

  std::string cause_of(const ErrorCode& error) const {
    if (!stream->tls_error().empty()) {
      return "TLS: " + stream->tls_error();
    }
    return error == net::error::eof ? "the server closed the connection" : error.message();
  }

  /// Feeds the parser with what has come; reads when it needs more.
  Task<std::optional<Failure>> advance(Reading& reading) {
    ErrorCode error;
    if (!reading.buffer.empty()) {
      reading.buffer.erase(0, reading.parser->put(net::buffer(reading.buffer), error));
      if (error && error != http::error::need_more) {
        co_return Failure{"its reply is not HTTP: " + error.message(), false};
      }
      if (!error && !reading.buffer.empty()) {
        co_return std::nullopt;  // more can be parsed before anything is read
      }
      if (reading.parser->is_done()) {
        co_return std::nullopt;
      }
    }
    const std::size_t before = reading.buffer.size();
    reading.buffer.resize(before + kReadSize);
    const std::span<char> room = std::span{reading.buffer}.subspan(before);
    const StreamResult read = co_await stream->read_some(room);
    reading.buffer.resize(before + read.count);
    reading.came = reading.came || read.count > 0;
    if (read.error == net::error::eof && reading.came) {
      reading.parser->put_eof(error);
      if (!error) {
        co_return std::nullopt;
      }
    }
    if (read.error) {
      co_return Failure{cause_of(read.error), !reading.came};
    }
    co_return std::nullopt;
  }

  Task<std::optional<Failure>> read_head(Reading& reading, bool is_head) {
    do {  // past every 1xx
      reading.parser.emplace();
      reading.parser->header_limit(static_cast<std::uint32_t>(options.header_bytes));
      reading.parser->skip(is_head);
      if (reading.sink) {
        reading.parser->body_limit(boost::none);
      } else {
        reading.parser->body_limit(options.body_bytes);
      }
      while (!reading.parser->is_header_done()) {
        auto failure = co_await advance(reading);
        if (failure) {
          co_return failure;
        }
      }
      reading.reply.status = reading.parser->get().result_int();
    } while (reading.reply.status < 200);
    reading.parser->eager(true);
    for (const auto& field : reading.parser->get()) {
      reading.reply.headers.add(std::string{field.name_string()}, std::string{field.value()});
    }
    co_return std::nullopt;
  }

  bool hand_over(Reading& reading) {
    std::string& piece = reading.parser->get().body();
    if (piece.empty() || !reading.hands_over()) {
      return true;
    }
    const bool goes_on = reading.sink(piece);
    piece.clear();
    return goes_on;
  }

  Task<std::optional<Failure>> read_body(Reading& reading, std::chrono::nanoseconds silence) {
    while (!reading.parser->is_done()) {
      if (silence.count() > 0) {
        stream->expire_after(silence);
      }
      auto failure = co_await advance(reading);
      if (failure) {
        co_return failure;
      }
      if (!hand_over(reading)) {
        reading.stopped = true;
        co_return std::nullopt;
      }
    }
    hand_over(reading);
    if (!reading.hands_over()) {
      reading.reply.body = std::move(reading.parser->get().body());
    }
    co_return std::nullopt;
  }

  /// Sends the call and reads the head, on a kept connection or a new one.
  Task<std::optional<Failure>> begin(const HttpCall& call, Reading& reading) {
    const bool kept = stream && stream->is_open();
    if (!kept) {
      stream.reset();
      const Result<void> connected = co_await connect();
      if (!connected) {
        co_return Failure{connected.error().message, true};
      }
    }
    stream->expire_never();
    std::string head = compose(options, call);
    ErrorCode error = co_await stream->write(head);
    if (!error) {
      error = co_await stream->write(call.body);
    }
    std::optional<Failure> failure;
    if (!error || error == net::error::broken_pipe || error == net::error::connection_reset) {
      // A server that refuses a body may have answered before it closed.
      failure = co_await read_head(reading, call.method == "HEAD");
    } else {
      failure = Failure{cause_of(error), true};
    }
    if (failure && kept && failure->nothing_came && (is_idempotent(call.method) || error)) {
      stream.reset();
      reading.buffer.clear();
      co_return co_await begin(call, reading);
    }
    co_return failure;
  }

  void finish(const Reading& reading, bool failed) {
    if (failed || reading.stopped || !reading.parser->keep_alive() || !reading.buffer.empty()) {
      stream.reset();
    }
  }

  Error error_at(std::string_view cause) const {
    return Error{options.server.scheme + "://" + options.server.authority() + ": " +
                 std::string{cause}};
  }

  net::any_io_executor executor;
  HttpClientOptions options;
  std::optional<ByteStream> stream;
};

HttpClient::HttpClient(const net::any_io_executor& executor, HttpClientOptions options)
    : impl_{std::make_unique<Impl>(executor, std::move(options))} {}

HttpClient::~HttpClient() = default;

Task<Result<HttpReply>> HttpClient::call(HttpCall call, std::chrono::nanoseconds limit) {
  Reading reading;
  std::optional<Failure> failure;
  const auto work = [](Impl& impl, const HttpCall& its_call, Reading& its_reading,
                       std::optional<Failure>& its_failure) -> Task<> {
    its_failure = co_await impl.begin(its_call, its_reading);
    if (!its_failure) {
      constexpr std::chrono::nanoseconds kAnySilence{};
      its_failure = co_await impl.read_body(its_reading, kAnySilence);
    }
  };
  auto whole = work(*impl_, call, reading, failure);
  if (!co_await with_deadline(std::move(whole), limit)) {
    disconnect();
    co_return unexpected{impl_->error_at("no reply in time")};
  }
  impl_->finish(reading, failure.has_value());
  if (failure) {
    co_return unexpected{impl_->error_at(failure->cause)};
  }
  co_return std::move(reading.reply);
}

Task<Result<HttpReply>> HttpClient::stream(HttpCall call, HttpBodySink sink,
                                           std::chrono::nanoseconds limit,
                                           std::chrono::nanoseconds silence) {
  Reading reading;
  reading.sink = std::move(sink);
  std::optional<Failure> failure;
  const auto work = [](Impl& impl, const HttpCall& its_call, Reading& its_reading,
                       std::optional<Failure>& its_failure) -> Task<> {
    its_failure = co_await impl.begin(its_call, its_reading);
  };
  auto head = work(*impl_, call, reading, failure);
  if (!co_await with_deadline(std::move(head), limit)) {
    disconnect();
    co_return unexpected{impl_->error_at("no reply in time")};
  }
  if (!failure) {
    failure = co_await impl_->read_body(reading, silence);
  }
  impl_->finish(reading, failure.has_value());
  if (failure) {
    co_return unexpected{impl_->error_at(failure->cause)};
  }
  co_return std::move(reading.reply);
}

void HttpClient::disconnect() {
  if (impl_->stream) {
    impl_->stream->close();  // not away with it: a call may be waiting at it
  }
}

std::shared_ptr<const PeerCertificate> HttpClient::server_certificate() const {
  return impl_->stream ? impl_->stream->peer_certificate() : nullptr;
}

}  // namespace isthmus
