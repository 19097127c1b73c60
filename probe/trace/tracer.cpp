#include "probe/trace/tracer.hpp"

#include <random>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "probe/trace/known_branches.hpp"
#include "probe/trace/target_list.hpp"

namespace isthmus::probe {
namespace {

namespace asio = boost::asio;

/// The list of the round that is under way.
class RoundSource final : public TraceSource {
 public:
  std::optional<TraceJob> next() override { return list_ ? list_->next() : std::nullopt; }
  [[nodiscard]] bool is_empty() const override { return !list_ || list_->is_empty(); }
  void set(TargetList* list) { list_ = list; }

 private:
  TargetList* list_ = nullptr;
};

class ListTracer final : public Tracer {
 public:
  explicit ListTracer(TracerOptions options)
      : options_{std::move(options)},
        signals_{io_, SIGINT, SIGTERM} {}

  Result<bool> open() {
    auto loop = TraceLoop::open(
        io_, options_.network, source_,
        [this](const TraceJob& job, std::vector<Traceroute> traces) {
          finish(job, std::move(traces));
        },
        [this](const TraceJob& job, CellKey key, const Reply& reply) {
          if (*answered_) {
            (*answered_)(round_, job.destination, key, reply);
          }
        });
    if (!loop) {
      return unexpected{loop.error()};
    }
    loop_ = std::move(*loop);
    return true;
  }

  bool run(const std::vector<IpAddress>& targets, const Finished& finished,
           const Answered& answered) override {
    finished_ = &finished;
    answered_ = &answered;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) {
        cancelled_ = true;
        source_.set(nullptr);
        loop_->cancel_all();
        io_.stop();
      }
    });
    const auto shared = std::make_shared<const TraceOptions>(options_.trace);
    const ProbeFormat& format = options_.network.format;
    const auto index = loop_->format_for(format.method, format.destination_port).value_or(0);
    own_options_.resize(revisits() ? targets.size() : 0);
    for (round_ = 0; round_ < options_.rounds && !cancelled_; ++round_) {
      TargetList list{targets, shared, random_(), index};
      list.set_own_options(own_options_);
      source_.set(&list);
      left_ = targets.size();
      if (left_ > 0) {
        io_.restart();
        loop_->wake();
        if (left_ > 0) {
          io_.run();
        }
      }
      source_.set(nullptr);
    }
    return !cancelled_;
  }

  [[nodiscard]] TraceCounters counters() const override { return loop_->counters(); }

 private:
  void finish(const TraceJob& job, std::vector<Traceroute> traces) {
    if (revisits() && !traces.empty() && traces.front().stop != StopReason::Cancelled) {
      own_options_[job.id] = next_options(traces);
    }
    (*finished_)(round_, std::move(traces));
    if (--left_ == 0) {
      io_.stop();
    }
  }

  [[nodiscard]] bool revisits() const {
    return options_.revisit && options_.trace.multipath_failure.has_value();
  }

  /// How to trace a destination in the next round, after what this one showed.
  std::shared_ptr<const TraceOptions> next_options(const std::vector<Traceroute>& traces) {
    auto next = std::make_shared<TraceOptions>(options_.trace);
    next->known = std::make_shared<const KnownBranches>(learn_branches(traces));
    next->fresh_flow = static_cast<std::uint16_t>(random_() % next->multipath_flows);
    return next;
  }

  TracerOptions options_;
  asio::io_context io_;
  asio::signal_set signals_;
  RoundSource source_;
  std::unique_ptr<TraceLoop> loop_;
  std::mt19937_64 random_{std::random_device{}()};
  const Finished* finished_ = nullptr;
  const Answered* answered_ = nullptr;
  std::vector<std::shared_ptr<const TraceOptions>> own_options_;  ///< by target, when revisiting
  unsigned round_ = 0;
  std::size_t left_ = 0;
  bool cancelled_ = false;
};

}  // namespace

Result<std::unique_ptr<Tracer>> Tracer::open(TracerOptions options) {
  auto tracer = std::make_unique<ListTracer>(std::move(options));
  if (const auto opened = tracer->open(); !opened) {
    return unexpected{opened.error()};
  }
  return std::unique_ptr<Tracer>{std::move(tracer)};
}

}  // namespace isthmus::probe
