#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "collector/record/history.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/task.hpp"

namespace isthmus::collector {

/// Reads the history on threads of its own, beside whoever writes it, so that a query never holds
/// up the web server. `read` and `stream` are for one thread, that of the server.
class HistoryPool {
 public:
  using Open = std::function<Result<std::unique_ptr<History>>()>;
  /// Writes pieces of a stream until it is done; false from the sink ends it.
  using Produce =
      std::function<Result<void>(const History&, const std::function<bool(std::string)>& sink)>;

  /// `open` makes a reader; each thread has its own.
  explicit HistoryPool(Open open);
  /// Ends streams that are running, and waits for the threads.
  ~HistoryPool();
  HistoryPool(const HistoryPool&) = delete;
  HistoryPool& operator=(const HistoryPool&) = delete;

  /// Runs `work` with a reader. Too many at once: the error is `busy()`.
  template <typename T>
  Task<Result<T>> read(std::function<Result<T>(const History&)> work) {
    // Shared with the thread, which may outlive a coroutine that is cancelled.
    const auto result = std::make_shared<Result<T>>(fail("the query did not run"));
    std::function<void(const Result<const History*>&)> job =
        [result, work = std::move(work)](const Result<const History*>& history) {
          *result = history ? work(**history) : Result<T>{unexpected{history.error()}};
        };
    if (!co_await run(std::move(job))) {
      co_return unexpected{busy()};
    }
    co_return std::move(*result);
  }

  /// A body that `produce` writes, a few pieces ahead of who reads it; nothing if as many as may
  /// run are running.
  [[nodiscard]] HttpBodySource stream(Produce produce);
  [[nodiscard]] std::size_t streams() const;

  static Error busy() { return {"too many queries at once"}; }

 private:
  struct Impl;
  Task<bool> run(std::function<void(const Result<const History*>&)> job);

  std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
