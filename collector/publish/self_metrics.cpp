#include "collector/publish/self_metrics.hpp"

#include <array>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "collector/publish/metric_families.hpp"
#include "collector/publish/process_metrics.hpp"

namespace isthmus::collector {
namespace {

constexpr std::array kSelfMetrics{
    &metrics::kHttpRequests, &metrics::kHttpDuration,    &metrics::kRender,
    &metrics::kDropped,      &metrics::kAlertDeliveries, &metrics::kAlertWaiting,
    &metrics::kAlertOldest,  &metrics::kAlertsFiring,    &metrics::kStreams,
    &metrics::kExports,      &metrics::kGeneration,      &metrics::kCpu,
    &metrics::kResident,     &metrics::kVirtual,         &metrics::kStart,
    &metrics::kOpenFiles,    &metrics::kMaxFiles};

const prometheus::Histogram::BucketBoundaries kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                       0.1,   0.25,   0.5,   1,    2.5,   10};

template <typename T>
prometheus::Family<T>& family(prometheus::Registry& registry, const MetricInfo& info) {
  return prometheus::detail::Builder<T>{}
      .Name(std::string{info.name})
      .Help(std::string{info.help})
      .Register(registry);
}

std::string text(std::string_view value) {
  return std::string{value};
}

}  // namespace

std::span<const MetricInfo* const> self_metrics() {
  return kSelfMetrics;
}

struct SelfMetrics::Families {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      family<prometheus::Counter>(registry, metrics::kHttpRequests);
  prometheus::Family<prometheus::Histogram>& durations =
      family<prometheus::Histogram>(registry, metrics::kHttpDuration);
  prometheus::Family<prometheus::Histogram>& renders =
      family<prometheus::Histogram>(registry, metrics::kRender);
  prometheus::Family<prometheus::Counter>& dropped =
      family<prometheus::Counter>(registry, metrics::kDropped);
  prometheus::Family<prometheus::Counter>& deliveries =
      family<prometheus::Counter>(registry, metrics::kAlertDeliveries);
  prometheus::Family<prometheus::Gauge>& waiting =
      family<prometheus::Gauge>(registry, metrics::kAlertWaiting);
  prometheus::Family<prometheus::Gauge>& oldest =
      family<prometheus::Gauge>(registry, metrics::kAlertOldest);
  prometheus::Gauge& firing = family<prometheus::Gauge>(registry, metrics::kAlertsFiring).Add({});
  prometheus::Gauge& streams = family<prometheus::Gauge>(registry, metrics::kStreams).Add({});
  prometheus::Gauge& exports = family<prometheus::Gauge>(registry, metrics::kExports).Add({});
  prometheus::Gauge& generation = family<prometheus::Gauge>(registry, metrics::kGeneration).Add({});
};

SelfMetrics::SelfMetrics() : families_{std::make_unique<Families>()} {}
SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::count_request(std::string_view handler, unsigned status, double seconds) {
  families_->requests.Add({{"handler", text(handler)}, {"code", std::to_string(status)}})
      .Increment();
  families_->durations.Add({{"handler", text(handler)}}, kSeconds).Observe(seconds);
}

void SelfMetrics::count_render(std::string_view format, double seconds) {
  families_->renders.Add({{"format", text(format)}}, kSeconds).Observe(seconds);
}

void SelfMetrics::count_dropped(std::string_view metric, std::uint64_t series) {
  families_->dropped.Add({{"metric", text(metric)}}).Increment(static_cast<double>(series));
}

void SelfMetrics::count_delivery(const std::string& receiver, std::string_view result) {
  families_->deliveries.Add({{"receiver", receiver}, {"result", text(result)}}).Increment();
}

void SelfMetrics::set_queue(const std::string& receiver, std::size_t length, double oldest) {
  families_->waiting.Add({{"receiver", receiver}}).Set(static_cast<double>(length));
  families_->oldest.Add({{"receiver", receiver}}).Set(oldest);
}

void SelfMetrics::set_alerts_firing(std::size_t count) {
  families_->firing.Set(static_cast<double>(count));
}

void SelfMetrics::set_generation(std::uint64_t generation) {
  families_->generation.Set(static_cast<double>(generation));
}

void SelfMetrics::change_streams(int by) {
  families_->streams.Increment(by);
}

void SelfMetrics::change_exports(int by) {
  families_->exports.Increment(by);
}

prometheus::Registry& SelfMetrics::registry() {
  return families_->registry;
}

void SelfMetrics::visit(MetricSink& sink) const {
  visit_families(families_->registry.Collect(), sink);
  visit_process(sink);
}

}  // namespace isthmus::collector
