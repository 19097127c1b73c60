#include "collector/publish/metric_families.hpp"

#include <limits>
#include <string>

#include "collector/publish/self_metrics.hpp"

namespace isthmus::collector {
namespace {

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::Counter:
      return prometheus::MetricType::Counter;
    case MetricKind::Histogram:
      return prometheus::MetricType::Histogram;
    default:
      return prometheus::MetricType::Gauge;
  }
}

const MetricInfo* find_self_metric(const std::string& name) {
  for (const MetricInfo* const info : self_metrics()) {
    if (info->name == name) {
      return info;
    }
  }
  return nullptr;
}

/// The values in the order of the catalogue.
std::vector<std::string_view> label_values(const MetricInfo& info,
                                           const prometheus::ClientMetric& metric) {
  std::vector<std::string_view> values;
  for (const std::string_view name : label_names(info)) {
    std::string_view value;
    for (const auto& label : metric.label) {
      value = label.name == name ? std::string_view{label.value} : value;
    }
    values.push_back(value);
  }
  return values;
}

void visit_histogram(const std::vector<std::string_view>& labels,
                     const prometheus::ClientMetric::Histogram& histogram, MetricSink& sink) {
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;
  std::uint64_t before = 0;
  for (const auto& bucket : histogram.bucket) {
    if (bucket.upper_bound < std::numeric_limits<double>::infinity()) {
      bounds.push_back(bucket.upper_bound);
    }
    counts.push_back(bucket.cumulative_count - before);
    before = bucket.cumulative_count;
  }
  sink.histogram(labels, {bounds, counts, histogram.sample_sum});
}

}  // namespace

void MetricFamilies::start(const MetricInfo& info) {
  info_ = &info;
  names_ = label_names(info);
  families_.push_back({std::string{info.name}, std::string{info.help}, type_of(info.kind), {}});
}

prometheus::ClientMetric& MetricFamilies::add(Labels labels) {
  prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
  metric.label.reserve(names_.size());
  for (std::size_t i = 0; i < names_.size() && i < labels.size(); ++i) {
    metric.label.push_back({std::string{names_[i]}, std::string{labels[i]}});
  }
  return metric;
}

void MetricFamilies::put(Labels labels, double value, const Exemplar* /*exemplar*/) {
  prometheus::ClientMetric& metric = add(labels);
  if (info_->kind == MetricKind::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void MetricFamilies::put(Labels labels, const HistogramView& view,
                         std::span<const std::optional<Exemplar>> /*exemplars*/) {
  prometheus::ClientMetric::Histogram& histogram = add(labels).histogram;
  for (std::size_t i = 0; i < view.counts.size(); ++i) {
    histogram.sample_count += view.counts[i];
    histogram.bucket.push_back(
        {histogram.sample_count,
         i < view.bounds.size() ? view.bounds[i] : std::numeric_limits<double>::infinity()});
  }
  histogram.sample_sum = view.sum;
}

std::vector<prometheus::MetricFamily> MetricSource::Collect() const {
  MetricFamilies families{max_series_};
  visit_(families);
  return families.take();
}

void visit_families(const std::vector<prometheus::MetricFamily>& families, MetricSink& sink) {
  for (const prometheus::MetricFamily& family : families) {
    const MetricInfo* const info = find_self_metric(family.name);
    if (info == nullptr) {
      continue;
    }
    sink.begin(*info);
    for (const prometheus::ClientMetric& metric : family.metric) {
      const std::vector<std::string_view> labels = label_values(*info, metric);
      if (info->kind == MetricKind::Histogram) {
        visit_histogram(labels, metric.histogram, sink);
      } else {
        sink.sample(labels,
                    info->kind == MetricKind::Counter ? metric.counter.value : metric.gauge.value);
      }
    }
  }
}

}  // namespace isthmus::collector
