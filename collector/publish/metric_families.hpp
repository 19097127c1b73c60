#pragma once

#include <functional>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "collector/publish/metric_sink.hpp"

namespace isthmus::collector {

/// Gathers series as prometheus-cpp's families, for whoever has a use for those: its serializer,
/// its push gateway.
class MetricFamilies final : public MetricSink {
 public:
  explicit MetricFamilies(std::size_t max_series) : MetricSink{max_series} {}

  [[nodiscard]] std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  void start(const MetricInfo& info) override;
  void put(Labels labels, double value, const Exemplar* exemplar) override;
  void put(Labels labels, const HistogramView& view,
           std::span<const std::optional<Exemplar>> exemplars) override;
  prometheus::ClientMetric& add(Labels labels);

  const MetricInfo* info_ = nullptr;
  std::vector<std::string_view> names_;
  std::vector<prometheus::MetricFamily> families_;
};

/// Series that are made when they are asked for.
class MetricSource final : public prometheus::Collectable {
 public:
  using Visit = std::function<void(MetricSink&)>;

  MetricSource(Visit visit, std::size_t max_series)
      : visit_{std::move(visit)},
        max_series_{max_series} {}

  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  Visit visit_;
  std::size_t max_series_;
};

/// Hands families of a registry to a sink. One that is not in the catalogue is a bug, and left out.
void visit_families(const std::vector<prometheus::MetricFamily>& families, MetricSink& sink);

}  // namespace isthmus::collector
