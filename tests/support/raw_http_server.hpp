#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace isthmus::testing {

/// A web server on loopback that sends whatever bytes a test wants, and closes
/// after each reply: it can cut bodies off, lie about lengths and answer with
/// nonsense, which no proper server can.
class RawHttpServer {
 public:
  /// Gets the head of a request, without the empty line, and gives all bytes of
  /// the reply.
  using Handler = std::function<std::string(const std::string& head)>;

  explicit RawHttpServer(Handler handler) : handler_{std::move(handler)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        listener_ < 0 ||
        ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        ::pipe(end_.data()) != 0) {
      throw std::runtime_error{"no server can be made on loopback"};
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread{[this] { serve(); }};
  }
  ~RawHttpServer() {
    ::close(end_[1]);
    thread_.join();
    ::close(end_[0]);
    ::close(listener_);
  }
  RawHttpServer(const RawHttpServer&) = delete;
  RawHttpServer& operator=(const RawHttpServer&) = delete;

  /// "http://127.0.0.1:PORT"
  [[nodiscard]] const std::string& url() const { return url_; }
  /// The first lines of all requests so far.
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::scoped_lock lock{mutex_};
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      std::array<pollfd, 2> waiting{{{listener_, POLLIN, 0}, {end_[0], POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 || waiting[1].revents != 0) {
        return;
      }
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection >= 0) {
        answer(connection);
        ::close(connection);
      }
    }
  }
  void answer(int connection) {
    std::string head;
    std::array<char, 4096> piece{};
    while (head.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::recv(connection, piece.data(), piece.size(), 0);
      if (count <= 0) {
        return;
      }
      head.append(piece.data(), static_cast<std::size_t>(count));
    }
    head.resize(head.find("\r\n\r\n"));
    {
      const std::scoped_lock lock{mutex_};
      requests_.push_back(head.substr(0, head.find('\r')));
    }
    const std::string reply = handler_(head);
    for (std::size_t sent = 0; sent < reply.size();) {
      const ssize_t count =
          ::send(connection, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) {
        return;
      }
      sent += static_cast<std::size_t>(count);
    }
    ::shutdown(connection, SHUT_WR);
    while (::recv(connection, piece.data(), piece.size(), 0) > 0) {
    }
  }

  Handler handler_;
  int listener_ = -1;
  std::array<int, 2> end_{};
  std::string url_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace isthmus::testing
