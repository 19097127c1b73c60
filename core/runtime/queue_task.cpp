#include "core/runtime/queue_task.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace isthmus {

struct Wakeup::Impl {
  explicit Impl(const net::any_io_executor& executor)
      : timer{executor, net::steady_timer::time_point::max()} {}

  net::steady_timer timer;
  bool announced = false;
};

Wakeup::Wakeup(const net::any_io_executor& executor) : impl_{std::make_shared<Impl>(executor)} {}

Wakeup::~Wakeup() = default;

std::function<void()> Wakeup::announcer() const {
  // The timer may only be touched on its own thread: so the executor is copied here.
  return [weak = std::weak_ptr<Impl>{impl_}, executor = impl_->timer.get_executor()] {
    net::post(executor, [weak] {
      if (const auto impl = weak.lock()) {
        impl->announced = true;
        impl->timer.cancel();
      }
    });
  };
}

Task<> Wakeup::wait() {
  const auto impl = impl_;
  while (!impl->announced) {
    const auto [error] = co_await impl->timer.async_wait(kAsTuple);
    static_cast<void>(error);
  }
  impl->announced = false;
}

}  // namespace isthmus
