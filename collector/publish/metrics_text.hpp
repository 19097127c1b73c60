#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/publish/metric_sink.hpp"

namespace isthmus::collector {

enum class MetricsFormat : std::uint8_t {
  Prometheus,   ///< text format 0.0.4
  OpenMetrics,  ///< 1.0.0, with units and exemplars
};

/// The value of Content-Type.
std::string_view content_type(MetricsFormat format);

/// The end of an exposition: "# EOF" in OpenMetrics, nothing in the other.
std::string_view end_of_text(MetricsFormat format);

/// Writes series as text, without the end.
class MetricsText final : public MetricSink {
 public:
  MetricsText(std::string& out, MetricsFormat format, std::size_t max_series)
      : MetricSink{max_series},
        out_{&out},
        format_{format} {}

 private:
  void start(const MetricInfo& info) override;
  void put(Labels labels, double value, const Exemplar* exemplar) override;
  void put(Labels labels, const HistogramView& view,
           std::span<const std::optional<Exemplar>> exemplars) override;
  /// The labels in braces; `bound` is the value of `le`, or empty.
  void append_labels(Labels labels, std::string_view bound);
  void append_exemplar(const Exemplar* exemplar);

  std::string* out_;
  MetricsFormat format_;
  const MetricInfo* info_ = nullptr;
  std::vector<std::string>
      names_;  ///< `{target="`, `",plane="`, ...: what stands before each value
};

}  // namespace isthmus::collector
