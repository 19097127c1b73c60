#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "core/runtime/task.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus {

/// What an operation on a stream came to.
struct StreamResult {
  ErrorCode error;        ///< `timed_out` when the deadline passed, `eof` when the peer ended it
  std::size_t count = 0;  ///< bytes
};

/// A TCP connection, plain or with TLS. Small when idle (an Asio ssl::stream keeps 70 kB). One
/// coroutine at a time may read, one may write; all on the socket's thread. The socket is closed
/// with the stream.
class ByteStream {
 public:
  explicit ByteStream(net::ip::tcp::socket socket);
  ~ByteStream();
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) noexcept;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// The server's half of the handshake. Where it fails, `refusal()` may say why.
  Task<ErrorCode> accept_tls(TlsContext context);
  /// The client's half; `host` is asked for (SNI) and checked.
  Task<ErrorCode> connect_tls(TlsContext context, std::string host);

  /// At least one byte, or an error.
  Task<StreamResult> read_some(std::span<char> buffer);
  /// All of it, or an error.
  Task<ErrorCode> write(std::string_view bytes);
  /// Ends when the peer has closed the connection or it broke. Ends never while the peer has sent
  /// bytes that nobody reads.
  Task<> hang_up();

  /// From now on every operation together may take so long; then the stream is closed.
  void expire_after(std::chrono::nanoseconds limit);
  void expire_never();
  /// Sends TLS's close_notify where it can be sent at once, and closes. Operations in flight end
  /// with an error.
  void close();
  [[nodiscard]] bool is_open() const;

  [[nodiscard]] std::shared_ptr<const PeerCertificate> peer_certificate() const;
  /// Why a certificate was refused in the handshake, in a word of a small set; empty: another
  /// reason.
  [[nodiscard]] std::string refusal() const;
  /// What went wrong with TLS, in words of OpenSSL.
  [[nodiscard]] std::string tls_error() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace isthmus
