#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "collector/publish/metric_catalogue.hpp"
#include "core/base/time.hpp"

namespace isthmus::collector {

/// Points from a series to the event behind it; OpenMetrics alone can say it.
struct Exemplar {
  std::string_view event_id;
  double value = 0;
  TimePoint time;
};

/// A histogram's state: `counts` has one more entry than `bounds` (those above the last), each of
/// its own bucket alone.
struct HistogramView {
  std::span<const double> bounds;  ///< upper bounds, ascending
  std::span<const std::uint64_t> counts;
  double sum = 0;
};

/// Where series go: a text, or prometheus-cpp's families. A family's series come between its
/// `begin` and the next one; past the limit they are dropped and counted.
class MetricSink {
 public:
  using Labels = std::span<const std::string_view>;

  /// `max_series` is for each family; a histogram counts as one.
  explicit MetricSink(std::size_t max_series) : max_series_{max_series} {}
  virtual ~MetricSink() = default;

  /// `info` must outlive the sink.
  void begin(const MetricInfo& info) {
    info_ = &info;
    series_ = 0;
    start(info);
  }
  /// The values of the labels, in the order of the catalogue.
  void sample(Labels labels, double value, const Exemplar* exemplar = nullptr) {
    if (admit()) {
      put(labels, value, exemplar);
    }
  }
  void sample(std::initializer_list<std::string_view> labels, double value,
              const Exemplar* exemplar = nullptr) {
    sample(Labels{labels.begin(), labels.size()}, value, exemplar);
  }
  /// `exemplars` has an entry for each of the counts, or none.
  void histogram(Labels labels, const HistogramView& view,
                 std::span<const std::optional<Exemplar>> exemplars = {}) {
    if (admit()) {
      put(labels, view, exemplars);
    }
  }
  void histogram(std::initializer_list<std::string_view> labels, const HistogramView& view,
                 std::span<const std::optional<Exemplar>> exemplars = {}) {
    histogram(Labels{labels.begin(), labels.size()}, view, exemplars);
  }

  /// Series that were dropped, by metric.
  [[nodiscard]] const std::map<std::string_view, std::uint64_t>& dropped() const {
    return dropped_;
  }

 protected:
  virtual void start(const MetricInfo& info) = 0;
  virtual void put(Labels labels, double value, const Exemplar* exemplar) = 0;
  virtual void put(Labels labels, const HistogramView& view,
                   std::span<const std::optional<Exemplar>> exemplars) = 0;

 private:
  bool admit() {
    if (++series_ > max_series_) {
      ++dropped_[info_->name];
      return false;
    }
    return true;
  }

  std::size_t max_series_;
  std::size_t series_ = 0;
  const MetricInfo* info_ = nullptr;
  std::map<std::string_view, std::uint64_t> dropped_;
};

}  // namespace isthmus::collector
