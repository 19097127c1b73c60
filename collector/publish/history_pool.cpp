#include "collector/publish/history_pool.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include "core/runtime/log.hpp"
#include "core/runtime/queue_task.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kReaders = 2;
constexpr std::size_t kStreams = 4;
constexpr std::size_t kWaiting = 64;  ///< queries that may wait for a reader
constexpr std::size_t kAhead = 4;     ///< pieces of a stream that wait for who reads it

/// What a producing thread and a reading coroutine share.
class Pipe {
 public:
  /// On the producer's thread: waits for room. False: nobody reads any more.
  bool push(std::string piece) {
    std::unique_lock lock{mutex_};
    room_.wait(lock, [this] { return closed_ || pieces_.size() < kAhead; });
    if (closed_) {
      return false;
    }
    pieces_.push_back(std::move(piece));
    announce(lock);
    return true;
  }
  void finish(bool whole) {
    std::unique_lock lock{mutex_};
    done_ = true;
    whole_ = whole;
    announce(lock);
  }
  void close() {
    {
      const std::scoped_lock lock{mutex_};
      closed_ = true;
    }
    room_.notify_all();
  }

  /// On the reader's thread: the next piece, or whether the end is there.
  bool take(std::optional<std::string>& piece, bool& whole) {
    const std::scoped_lock lock{mutex_};
    whole = whole_;
    if (pieces_.empty()) {
      return done_;
    }
    piece = std::move(pieces_.front());
    pieces_.pop_front();
    room_.notify_one();
    return true;
  }
  void set_announcer(std::function<void()> announcer) {
    const std::scoped_lock lock{mutex_};
    announcer_ = std::move(announcer);
  }

 private:
  void announce(std::unique_lock<std::mutex>& lock) {
    const std::function<void()> call = announcer_;
    lock.unlock();
    if (call) {
      call();
    }
  }

  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<std::string> pieces_;
  std::function<void()> announcer_;
  bool closed_ = false;
  bool done_ = false;
  bool whole_ = true;
};

/// The reading end; ends the producer when it is gone.
struct PipeReader {
  explicit PipeReader(std::shared_ptr<Pipe> shared) : pipe{std::move(shared)} {}
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;
  ~PipeReader() { pipe->close(); }

  std::shared_ptr<Pipe> pipe;
  std::unique_ptr<Wakeup> wakeup;
};

/// Throws where the producer failed: the connection breaks off, so that nobody takes half an export
/// for a whole one.
Task<std::optional<std::string>> next_piece(std::shared_ptr<PipeReader> reader) {
  if (!reader->wakeup) {
    reader->wakeup = std::make_unique<Wakeup>(co_await net::this_coro::executor);
    reader->pipe->set_announcer(reader->wakeup->announcer());
  }
  while (true) {
    std::optional<std::string> piece;
    bool whole = true;
    if (reader->pipe->take(piece, whole)) {
      if (!piece && !whole) {
        throw std::runtime_error{"the history could not be read to its end"};
      }
      co_return piece;
    }
    co_await reader->wakeup->wait();
  }
}

}  // namespace

struct HistoryPool::Impl {
  explicit Impl(Open open_history) : open{std::move(open_history)} {}

  /// A reader that nobody uses, or a new one.
  Result<std::unique_ptr<History>> borrow() {
    {
      const std::scoped_lock lock{mutex};
      if (!idle.empty()) {
        auto history = std::move(idle.back());
        idle.pop_back();
        return history;
      }
    }
    return open();
  }
  void give_back(std::unique_ptr<History> history) {
    const std::scoped_lock lock{mutex};
    if (idle.size() < kReaders) {
      idle.push_back(std::move(history));
    }
  }

  Open open;
  std::mutex mutex;
  std::vector<std::unique_ptr<History>> idle;
  std::list<std::weak_ptr<Pipe>> pipes;
  std::atomic<std::size_t> waiting{0};
  std::atomic<std::size_t> streaming{0};
  net::thread_pool readers{kReaders};
  net::thread_pool streamers{kStreams};
};

HistoryPool::HistoryPool(Open open) : impl_{std::make_shared<Impl>(std::move(open))} {}

HistoryPool::~HistoryPool() {
  {
    const std::scoped_lock lock{impl_->mutex};
    for (const auto& weak : impl_->pipes) {
      if (const auto pipe = weak.lock()) {
        pipe->close();
      }
    }
  }
  impl_->readers.join();
  impl_->streamers.join();
}

Task<bool> HistoryPool::run(std::function<void(const Result<const History*>&)> job) {
  if (impl_->waiting >= kWaiting) {
    co_return false;
  }
  ++impl_->waiting;
  Wakeup done{co_await net::this_coro::executor};
  Impl* const impl = impl_.get();  // outlives its threads
  net::post(impl_->readers, [impl, job = std::move(job), announce = done.announcer()] {
    auto history = impl->borrow();
    if (history) {
      job(history->get());
      impl->give_back(std::move(*history));
    } else {
      job(unexpected{history.error()});
    }
    --impl->waiting;
    announce();
  });
  co_await done.wait();
  co_return true;
}

std::size_t HistoryPool::streams() const {
  return impl_->streaming;
}

HttpBodySource HistoryPool::stream(Produce produce) {
  if (impl_->streaming >= kStreams) {
    return {};
  }
  ++impl_->streaming;
  const auto pipe = std::make_shared<Pipe>();
  {
    const std::scoped_lock lock{impl_->mutex};
    impl_->pipes.remove_if([](const auto& weak) { return weak.expired(); });
    impl_->pipes.push_back(pipe);
  }
  Impl* const impl = impl_.get();
  net::post(impl_->streamers, [impl, pipe, produce = std::move(produce)] {
    Result<void> done = fail("");
    if (auto history = impl->open()) {
      done = produce(**history, [&](std::string piece) { return pipe->push(std::move(piece)); });
    } else {
      done = unexpected{history.error()};
    }
    if (!done) {
      log_error("a stream of the history broke off", {{"error", done.error().message}});
    }
    --impl->streaming;
    pipe->finish(done.has_value());
  });
  const auto reader = std::make_shared<PipeReader>(pipe);
  return [reader]() -> Task<std::optional<std::string>> { return next_piece(reader); };
}

}  // namespace isthmus::collector
