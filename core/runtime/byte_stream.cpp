#include "core/runtime/byte_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "core/net/address.hpp"
#include "core/runtime/openssl.hpp"

namespace isthmus {
namespace {

using net::ip::tcp;

/// A socket's BIO of OpenSSL that never raises SIGPIPE.
int write_socket(BIO* bio, const char* data, int length) {
  const auto fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  const ssize_t count = ::send(fd, data, static_cast<std::size_t>(length), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(count);
}

int read_socket(BIO* bio, char* data, int length) {
  const auto fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  const ssize_t count = ::recv(fd, data, static_cast<std::size_t>(length), 0);
  BIO_clear_retry_flags(bio);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    BIO_set_retry_read(bio);
  }
  return static_cast<int>(count);
}

long control_socket(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "isthmus socket");
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

ErrorCode last_error() {
  return {errno, boost::system::system_category()};
}

}  // namespace

struct ByteStream::State {
  explicit State(tcp::socket connected)
      : socket{std::move(connected)},
        timer{socket.get_executor()} {}
  ~State() { SSL_free(ssl); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  enum class Want : std::uint8_t { Nothing, Read, Write };

  /// What OpenSSL says after an operation that did not succeed: an error, or what to wait for.
  std::pair<ErrorCode, Want> judge(int result) {
    switch (SSL_get_error(ssl, result)) {
      case SSL_ERROR_WANT_READ:
        return {{}, Want::Read};
      case SSL_ERROR_WANT_WRITE:
        return {{}, Want::Write};
      case SSL_ERROR_ZERO_RETURN:
        return {net::error::eof, Want::Nothing};
      case SSL_ERROR_SYSCALL:
        broken = true;
        ERR_clear_error();
        return {errno == 0 ? ErrorCode{net::error::eof} : last_error(), Want::Nothing};
      default:
        broken = true;
        tls_error = take_openssl_error("the connection was lost");
        return {net::error::connection_aborted, Want::Nothing};
    }
  }

  Task<ErrorCode> wait_for(Want want) {
    const auto direction = want == Want::Write ? tcp::socket::wait_write : tcp::socket::wait_read;
    const auto [error] = co_await socket.async_wait(direction, kAsTuple);
    co_return expired ? ErrorCode{net::error::timed_out} : error;
  }

  Task<ErrorCode> shake_hands() {
    for (;;) {
      ERR_clear_error();
      errno = 0;
      const int result = SSL_do_handshake(ssl);
      if (result == 1) {
        co_return ErrorCode{};
      }
      const auto judged = judge(result);
      if (judged.first) {
        co_return judged.first;
      }
      const ErrorCode error = co_await wait_for(judged.second);
      if (error) {
        co_return error;
      }
    }
  }

  bool start_tls(TlsContext context) {
    handshake.state = context.state();
    ssl = SSL_new(handshake.state->context);
    BIO* const bio = ssl != nullptr ? BIO_new(socket_method()) : nullptr;
    if (bio == nullptr) {
      tls_error = take_openssl_error("no memory");
      return false;
    }
    BIO_set_data(bio, reinterpret_cast<void*>(std::intptr_t{socket.native_handle()}));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, static_cast<void*>(&handshake));
    return true;
  }

  void close() {
    if (!socket.is_open()) {
      return;
    }
    timer.cancel();
    if (ssl != nullptr && !broken && SSL_is_init_finished(ssl) == 1) {
      ERR_clear_error();
      SSL_shutdown(ssl);
      ERR_clear_error();
    }
    ErrorCode ignored;
    socket.close(ignored);
  }

  tcp::socket socket;
  net::steady_timer timer;
  net::steady_timer::time_point deadline = net::steady_timer::time_point::max();
  SSL* ssl = nullptr;
  TlsHandshake handshake;
  std::string tls_error;
  bool broken = false;  ///< TLS must not be used any more
  bool expired = false;
  bool timer_runs = false;

  static void watch(const std::shared_ptr<State>& state) {
    state->timer_runs = true;
    state->timer.expires_at(state->deadline);
    state->timer.async_wait([weak = std::weak_ptr<State>{state}](ErrorCode error) {
      const auto self = weak.lock();
      if (!self) {
        return;
      }
      if (error) {
        return;  // replaced by another wait, or closed
      }
      self->timer_runs = false;
      if (self->deadline == net::steady_timer::time_point::max()) {
        return;
      }
      if (self->deadline > net::steady_timer::clock_type::now()) {
        watch(self);
        return;
      }
      self->expired = true;
      self->close();
    });
  }
};

ByteStream::ByteStream(tcp::socket socket) : state_{std::make_shared<State>(std::move(socket))} {
  ErrorCode ignored;
  state_->socket.non_blocking(true, ignored);
  state_->socket.set_option(tcp::no_delay{true}, ignored);
}

ByteStream::~ByteStream() {
  if (state_) {
    state_->close();
  }
}

ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;

Task<ErrorCode> ByteStream::accept_tls(TlsContext context) {
  const auto state = state_;
  if (!state->start_tls(std::move(context))) {
    co_return net::error::no_memory;
  }
  const TlsServerOptions& options = state->handshake.state->server;
  const ClientCertificates asked = options.policy ? options.policy() : options.client_certificates;
  int mode = asked == ClientCertificates::Ignored ? SSL_VERIFY_NONE : SSL_VERIFY_PEER;
  mode |= asked == ClientCertificates::Required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_set_verify(state->ssl, mode, SSL_CTX_get_verify_callback(state->handshake.state->context));
  SSL_set_accept_state(state->ssl);
  const ErrorCode error = co_await state->shake_hands();
  if (error && state->tls_error == "peer did not return a certificate") {
    state->handshake.refusal = "no_certificate";
  }
  co_return error;
}

Task<ErrorCode> ByteStream::connect_tls(TlsContext context, std::string host) {
  const auto state = state_;
  if (!state->start_tls(std::move(context))) {
    co_return net::error::no_memory;
  }
  const bool is_address = IpAddress::parse(host).has_value();
  if (!is_address) {
    // What the macro SSL_set_tlsext_host_name does, without its old-style cast.
    SSL_ctrl(state->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
  }
  if (state->handshake.state->client.verify_host) {
    X509_VERIFY_PARAM* const rules = SSL_get0_param(state->ssl);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str())
                               : X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size());
    if (set != 1) {
      state->tls_error = take_openssl_error("not a host's name");
      co_return net::error::invalid_argument;
    }
  }
  SSL_set_connect_state(state->ssl);
  co_return co_await state->shake_hands();
}

Task<StreamResult> ByteStream::read_some(std::span<char> buffer) {
  const auto state = state_;
  StreamResult result;
  while (state->socket.is_open()) {
    auto want = State::Want::Read;
    if (state->ssl != nullptr) {
      ERR_clear_error();
      errno = 0;
      const int length = static_cast<int>(std::min<std::size_t>(buffer.size(), 1U << 30U));
      const int count = SSL_read(state->ssl, buffer.data(), length);
      if (count > 0) {
        result.count = static_cast<std::size_t>(count);
        co_return result;
      }
      std::tie(result.error, want) = state->judge(count);
    } else {
      const ssize_t count =
          ::recv(state->socket.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count > 0) {
        result.count = static_cast<std::size_t>(count);
        co_return result;
      }
      if (count == 0) {
        result.error = net::error::eof;
      } else if (errno != EAGAIN && errno != EINTR) {
        result.error = last_error();
      }
    }
    if (!result.error) {
      result.error = co_await state->wait_for(want);
    }
    if (result.error) {
      co_return result;
    }
  }
  result.error = state->expired ? net::error::timed_out : net::error::operation_aborted;
  co_return result;
}

Task<ErrorCode> ByteStream::write(std::string_view bytes) {
  const auto state = state_;
  while (!bytes.empty()) {
    if (!state->socket.is_open()) {
      co_return state->expired ? net::error::timed_out : net::error::operation_aborted;
    }
    auto want = State::Want::Write;
    ErrorCode error;
    if (state->ssl != nullptr) {
      ERR_clear_error();
      errno = 0;
      const int length = static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 30U));
      const int count = SSL_write(state->ssl, bytes.data(), length);
      if (count > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
        continue;
      }
      std::tie(error, want) = state->judge(count);
    } else {
      const ssize_t count = ::send(state->socket.native_handle(), bytes.data(), bytes.size(),
                                   MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
        continue;
      }
      if (errno != EAGAIN && errno != EINTR) {
        error = last_error();
      }
    }
    if (!error) {
      error = co_await state->wait_for(want);
    }
    if (error) {
      co_return error;
    }
  }
  co_return ErrorCode{};
}

Task<> ByteStream::hang_up() {
  const auto state = state_;
  while (state->socket.is_open()) {
    auto want = State::Want::Read;
    ErrorCode error;
    int count = 0;
    char byte = 0;
    if (state->ssl != nullptr) {
      ERR_clear_error();
      errno = 0;
      count = SSL_peek(state->ssl, &byte, 1);
      if (count <= 0) {
        std::tie(error, want) = state->judge(count);
      }
    } else {
      count = static_cast<int>(
          ::recv(state->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT));
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        co_return;
      }
    }
    if (count > 0) {
      break;
    }
    if (!error) {
      error = co_await state->wait_for(want);
    }
    if (error) {
      co_return;
    }
  }
  net::steady_timer never{co_await net::this_coro::executor, net::steady_timer::time_point::max()};
  co_await never.async_wait(net::use_awaitable);
}

void ByteStream::expire_after(std::chrono::nanoseconds limit) {
  state_->deadline = net::steady_timer::clock_type::now() + limit;
  // A later deadline is noticed when the earlier one fires: no timer is set per operation.
  if (!state_->timer_runs || state_->timer.expiry() > state_->deadline) {
    State::watch(state_);
  }
}

void ByteStream::expire_never() {
  state_->deadline = net::steady_timer::time_point::max();
}

void ByteStream::close() {
  state_->close();
}

bool ByteStream::is_open() const {
  return state_->socket.is_open();
}

std::shared_ptr<const PeerCertificate> ByteStream::peer_certificate() const {
  return state_->handshake.peer;
}

std::string ByteStream::refusal() const {
  return state_->handshake.refusal;
}

std::string ByteStream::tls_error() const {
  return state_->tls_error;
}

}  // namespace isthmus
