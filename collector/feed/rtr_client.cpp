#include "collector/feed/rtr_client.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "collector/feed/rtr_session.hpp"
#include "core/runtime/byte_stream.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

using net::ip::tcp;

TimePoint now_utc() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace

struct RtrClient::Impl {
  Impl(const net::any_io_executor& on, Options given)
      : executor{on},
        options{std::move(given)},
        session{[this](Bytes bytes) { send(bytes); }},
        resolver{on},
        pause{on},
        due{on} {}

  static Task<> run(std::shared_ptr<Impl> self);
  static Task<> tend(std::shared_ptr<Impl> self);
  Task<std::string> run_once();
  Task<std::string> connect();
  Task<> wait(net::steady_timer& timer, std::chrono::milliseconds limit);
  void send(Bytes bytes);
  void note_table();
  [[nodiscard]] std::chrono::milliseconds next_wait(std::chrono::milliseconds last,
                                                    bool was_synchronised) const;

  net::any_io_executor executor;
  Options options;
  RtrSession session;
  net::ip::tcp::resolver resolver;
  net::steady_timer pause;  ///< between two connections
  net::steady_timer due;    ///< until something is to be sent, or looked at
  std::optional<tcp::socket> connecting;
  std::shared_ptr<ByteStream> stream;
  std::string outgoing;
  std::shared_ptr<const VrpTable> table;  ///< the last that was told of
  std::string detail;
  std::uint64_t connections = 0;
  std::optional<TimePoint> last_message;
  bool is_refused = false;  ///< the last connection stood, and what came was of no use
  bool is_stopped = false;
};

void RtrClient::Impl::send(Bytes bytes) {
  outgoing.append(as_text(bytes));
  due.cancel();
}

void RtrClient::Impl::note_table() {
  if (session.table() != table) {
    table = session.table();
    if (!table) {
      log_warn("the table of an RPKI cache has expired", {{"cache", options.server.authority()}});
    }
    if (options.changed) {
      options.changed();
    }
  }
}

Task<> RtrClient::Impl::wait(net::steady_timer& timer, std::chrono::milliseconds limit) {
  timer.expires_after(limit);
  const auto [ignored] = co_await timer.async_wait(kAsTuple);
  static_cast<void>(ignored);
}

/// Sends what the session has to say, and lets its time run.
Task<> RtrClient::Impl::tend(std::shared_ptr<Impl> self) {
  while (!self->is_stopped) {
    const std::shared_ptr<ByteStream> stream = self->stream;
    self->session.tick(now_utc());
    self->note_table();
    if (stream && self->session.state() == RtrSession::State::Broken) {
      stream->close();
    } else if (stream && !self->outgoing.empty()) {
      const std::string bytes = std::exchange(self->outgoing, {});
      if (co_await stream->write(bytes)) {
        stream->close();
      }
      continue;
    }
    co_await self->wait(self->due, self->options.tick);
  }
}

/// Nothing, or why there is no connection.
Task<std::string> RtrClient::Impl::connect() {
  const Url& server = options.server;
  const auto [unknown, addresses] =
      co_await resolver.async_resolve(server.host, std::to_string(server.port), kAsTuple);
  if (unknown) {
    co_return server.host + " cannot be found: " + unknown.message();
  }
  connecting.emplace(executor);
  net::steady_timer limit{executor, options.connect_time};
  limit.async_wait([this](const ErrorCode& error) {
    if (!error && connecting) {
      ErrorCode ignored;
      connecting->close(ignored);
    }
  });
  const auto [error, endpoint] = co_await net::async_connect(*connecting, addresses, kAsTuple);
  limit.cancel();
  tcp::socket socket = std::move(*connecting);
  connecting.reset();
  if (error || is_stopped) {
    co_return "no connection: " + error.message();
  }
  ErrorCode ignored;
  socket.set_option(net::socket_base::keep_alive{true}, ignored);
  stream = std::make_shared<ByteStream>(std::move(socket));
  if (options.tls) {
    stream->expire_after(options.connect_time);
    const ErrorCode refused = co_await stream->connect_tls(*options.tls, server.host);
    if (refused) {
      std::string why = "TLS failed: " + refused.message() + " " + stream->tls_error();
      stream.reset();
      co_return why;
    }
  }
  stream->expire_never();
  co_return std::string{};
}

/// One connection; returns why it ended.
Task<std::string> RtrClient::Impl::run_once() {
  is_refused = false;
  std::string why = co_await connect();
  if (!why.empty()) {
    co_return why;
  }
  ++connections;
  detail = "the table is still coming";
  outgoing.clear();
  session.connected(now_utc());
  std::vector<char> buffer(std::size_t{64} << 10);
  const std::shared_ptr<ByteStream> its_stream = stream;
  while (session.state() != RtrSession::State::Broken) {
    const StreamResult result = co_await its_stream->read_some(buffer);
    if (result.error || is_stopped) {
      why = result.error == net::error::eof ? "the cache has closed the connection"
                                            : result.error.message();
      break;
    }
    last_message = now_utc();
    session.receive(std::as_bytes(std::span{buffer}.first(result.count)), *last_message);
    if (session.state() == RtrSession::State::Synchronised) {
      detail.clear();
    }
    note_table();
  }
  its_stream->close();
  stream.reset();
  is_refused = session.state() == RtrSession::State::Broken;
  session.disconnected();
  co_return session.reason().empty() ? why : session.reason();
}

std::chrono::milliseconds RtrClient::Impl::next_wait(std::chrono::milliseconds last,
                                                     bool was_synchronised) const {
  const auto retry = std::chrono::duration_cast<std::chrono::milliseconds>(session.retry_after());
  if (is_refused) {
    return retry;
  }
  return was_synchronised ? options.first_retry
                          : std::min(2 * last, std::max(retry, options.first_retry));
}

Task<> RtrClient::Impl::run(std::shared_ptr<Impl> self) {
  std::chrono::milliseconds wait = self->options.first_retry / 2;
  while (!self->is_stopped) {
    const std::uint64_t before = self->session.account().records;
    const std::string why = co_await self->run_once();
    self->detail = why;
    if (self->is_stopped) {
      break;
    }
    wait = self->next_wait(wait, self->session.account().records > before);
    log_warn(
        "an RPKI cache is not connected; trying again",
        {{"cache", self->options.server.authority()}, {"reason", why}, {"wait_ms", wait.count()}});
    co_await self->wait(self->pause, wait);
  }
}

RtrClient::RtrClient(const net::any_io_executor& executor, Options options)
    : impl_{std::make_shared<Impl>(executor, std::move(options))} {}

RtrClient::~RtrClient() {
  stop();
}

void RtrClient::start() {
  net::co_spawn(impl_->executor, Impl::run(impl_), net::detached);
  net::co_spawn(impl_->executor, Impl::tend(impl_), net::detached);
}

void RtrClient::stop() {
  impl_->is_stopped = true;
  impl_->options.changed = nullptr;
  impl_->resolver.cancel();
  impl_->pause.cancel();
  impl_->due.cancel();
  if (impl_->connecting) {
    ErrorCode ignored;
    impl_->connecting->close(ignored);
  }
  if (impl_->stream) {
    impl_->stream->close();
  }
}

const std::shared_ptr<const VrpTable>& RtrClient::table() const {
  return impl_->session.table();
}

std::string RtrClient::version() const {
  return table() ? "serial " + std::to_string(impl_->session.serial()) : std::string{};
}

FeedStatus RtrClient::status() const {
  using State = RtrSession::State;
  const State state = impl_->session.state();
  FeedStatus status;
  status.name = "rtr-" + impl_->options.server.authority();
  status.kind = FeedKind::Rtr;
  status.detail = impl_->detail;
  if (impl_->is_stopped) {
    status.state = FeedState::Stopped;
  } else if (state == State::Asking || state == State::Receiving || state == State::Synchronised) {
    status.state = table() ? FeedState::Live : FeedState::CatchingUp;
  } else if (table()) {
    status.state = FeedState::Lost;
  } else {
    status.state = state == State::Broken ? FeedState::Refused : FeedState::Waiting;
  }
  const ByteAccount account = impl_->session.account();
  status.counters.messages = account.records;
  status.counters.elements = account.elements;
  status.counters.bytes = account.total;
  status.counters.connections = impl_->connections;
  for (const auto& [reason, bytes] : account.skipped) {
    status.counters.skipped[std::string{reason}] = bytes;
  }
  status.last_message = impl_->last_message;
  status.blind = status.state != FeedState::Live;
  return status;
}

}  // namespace isthmus::collector
