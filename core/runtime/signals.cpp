#include "core/runtime/signals.hpp"

#include <csignal>

#include <boost/asio/signal_set.hpp>

namespace isthmus {

struct Signals::Impl {
  explicit Impl(const net::any_io_executor& executor) : caught{executor, SIGTERM, SIGINT, SIGHUP} {}

  net::signal_set caught;
};

Signals::Signals(const net::any_io_executor& executor) : impl_{std::make_unique<Impl>(executor)} {
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
}

Signals::~Signals() = default;

Task<Signal> Signals::next() {
  const int number = co_await impl_->caught.async_wait(net::use_awaitable);
  co_return number == SIGHUP ? Signal::Reload : Signal::Stop;
}

}  // namespace isthmus
