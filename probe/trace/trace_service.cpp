#include "probe/trace/trace_service.hpp"

#include <deque>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

namespace isthmus::probe {
namespace {

/// Requests in the order in which they shall begin.
class RequestQueue final : public TraceSource {
 public:
  std::optional<TraceJob> next() override {
    std::deque<TraceJob>& jobs = urgent_.empty() ? usual_ : urgent_;
    if (jobs.empty()) {
      return std::nullopt;
    }
    TraceJob job = std::move(jobs.front());
    jobs.pop_front();
    return job;
  }
  [[nodiscard]] bool is_empty() const override { return usual_.empty() && urgent_.empty(); }
  [[nodiscard]] std::size_t size() const { return usual_.size() + urgent_.size(); }

  void add(TraceJob job, bool urgent) { (urgent ? urgent_ : usual_).push_back(std::move(job)); }
  bool remove(std::uint64_t id) { return remove_from(urgent_, id) || remove_from(usual_, id); }
  void clear() {
    usual_.clear();
    urgent_.clear();
  }

 private:
  static bool remove_from(std::deque<TraceJob>& jobs, std::uint64_t id) {
    return std::erase_if(jobs, [id](const TraceJob& job) { return job.id == id; }) != 0;
  }

  std::deque<TraceJob> usual_;
  std::deque<TraceJob> urgent_;
};

std::uint16_t port_of(const TraceRequest& request) {
  const bool is_tcp =
      request.method == ProbeMethod::TcpSyn || request.method == ProbeMethod::TcpAck;
  return request.destination_port != 0 ? request.destination_port : is_tcp ? 80 : 33434;
}

class SocketService final : public TraceService {
 public:
  explicit SocketService(boost::asio::io_context& io) : io_{io} {}
  ~SocketService() override { *alive_ = false; }
  SocketService(const SocketService&) = delete;
  SocketService& operator=(const SocketService&) = delete;

  Result<bool> open(NetworkOptions options) {
    auto loop = TraceLoop::open(io_, std::move(options), queue_,
                                [this](const TraceJob& job, std::vector<Traceroute> traces) {
                                  report(job.id, std::move(traces));
                                },
                                {});
    if (!loop) {
      return unexpected{loop.error()};
    }
    loop_ = std::move(*loop);
    return true;
  }

  TraceId submit(TraceRequest request, Finished finished) override {
    const std::uint64_t id = ++last_;
    requests_.emplace(id, std::move(finished));
    const auto format = loop_->format_for(request.method, port_of(request));
    if (!format) {
      Traceroute failed;
      failed.destination = request.destination;
      failed.method = request.method;
      failed.stop = StopReason::Error;
      report(id, {failed});
      return TraceId{id};
    }
    queue_.add({.destination = request.destination,
                .options = std::make_shared<const TraceOptions>(std::move(request.trace)),
                .id = id,
                .format = *format},
               request.urgent);
    later([this] { loop_->wake(); });
    return TraceId{id};
  }

  bool cancel(TraceId id) override {
    const auto number = static_cast<std::uint64_t>(id);
    if (queue_.remove(number)) {
      report(number, {});
      return true;
    }
    return loop_->cancel(number);
  }

  void cancel_all() override {
    while (const auto job = queue_.next()) {
      report(job->id, {});
    }
    loop_->cancel_all();
  }

  void set_rate(double rate) override { loop_->set_rate(rate); }
  [[nodiscard]] std::size_t waiting() const override { return queue_.size(); }
  [[nodiscard]] std::size_t active() const override { return loop_->active(); }
  [[nodiscard]] TraceCounters counters() const override { return loop_->counters(); }

 private:
  /// From the event loop, so that whoever is called may do anything, this object's end included.
  template <typename Work>
  void later(Work work) {
    boost::asio::post(io_, [alive = alive_, work = std::move(work)] {
      if (*alive) {
        work();
      }
    });
  }

  void report(std::uint64_t id, std::vector<Traceroute> traces) {
    const auto found = requests_.find(id);
    if (found == requests_.end()) {
      return;
    }
    later([finished = std::move(found->second), id, traces = std::move(traces)] {
      finished(TraceId{id}, traces);
    });
    requests_.erase(found);
  }

  boost::asio::io_context& io_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  RequestQueue queue_;
  std::unique_ptr<TraceLoop> loop_;
  std::uint64_t last_ = 0;
  boost::unordered_flat_map<std::uint64_t, Finished> requests_;
};

}  // namespace

Result<std::unique_ptr<TraceService>> TraceService::open(boost::asio::io_context& io,
                                                         NetworkOptions options) {
  auto service = std::make_unique<SocketService>(io);
  if (const auto opened = service->open(std::move(options)); !opened) {
    return unexpected{opened.error()};
  }
  return std::unique_ptr<TraceService>{std::move(service)};
}

}  // namespace isthmus::probe
