#include "collector/publish/metrics_text.hpp"

#include <charconv>
#include <cmath>

#include "core/base/number_text.hpp"

namespace isthmus::collector {
namespace {

/// The name of the family: OpenMetrics leaves out what the samples' names add to it.
std::string_view family_name(const MetricInfo& info, MetricsFormat format) {
  std::string_view name = info.name;
  if (format == MetricsFormat::OpenMetrics) {
    if (info.kind == MetricKind::Counter && name.ends_with("_total")) {
      name.remove_suffix(6);
    } else if (info.kind == MetricKind::Info && name.ends_with("_info")) {
      name.remove_suffix(5);
    }
  }
  return name;
}

std::string_view type_name(const MetricInfo& info, MetricsFormat format) {
  const bool plain = format == MetricsFormat::Prometheus && info.kind == MetricKind::Info;
  return plain ? "gauge" : to_string(info.kind);
}

void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char digits[32];
    const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, end.ptr);
  }
}

/// A bound always reads as a floating-point number, so that both formats name the same series.
std::string bound_text(double bound) {
  std::string text;
  append_value(text, bound);
  if (text.find_first_of(".eIN") == std::string::npos) {
    text += ".0";
  }
  return text;
}

void append_escaped(std::string& out, std::string_view value, bool quote) {
  if (value.find_first_of("\\\n\"") == std::string_view::npos) {
    out += value;
    return;
  }
  for (const char each : value) {
    if (each == '\n') {
      out += "\\n";
    } else {
      if (each == '\\' || (quote && each == '"')) {
        out += '\\';
      }
      out += each;
    }
  }
}

}  // namespace

std::string_view content_type(MetricsFormat format) {
  return format == MetricsFormat::OpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string_view end_of_text(MetricsFormat format) {
  return format == MetricsFormat::OpenMetrics ? "# EOF\n" : "";
}

void MetricsText::start(const MetricInfo& info) {
  info_ = &info;
  names_.clear();
  for (const std::string_view name : label_names(info)) {
    names_.push_back((names_.empty() ? "{" : "\",") + std::string{name} + "=\"");
  }
  const std::string_view name = family_name(info, format_);
  ((*out_ += "# HELP ") += name) += ' ';
  append_escaped(*out_, info.help, format_ == MetricsFormat::OpenMetrics);
  ((((*out_ += "\n# TYPE ") += name) += ' ') += type_name(info, format_)) += '\n';
  if (format_ == MetricsFormat::OpenMetrics && !info.unit.empty() && name.ends_with(info.unit)) {
    ((((*out_ += "# UNIT ") += name) += ' ') += info.unit) += '\n';
  }
}

void MetricsText::append_labels(Labels labels, std::string_view bound) {
  for (std::size_t i = 0; i < names_.size() && i < labels.size(); ++i) {
    *out_ += names_[i];
    append_escaped(*out_, labels[i], true);
  }
  if (!bound.empty()) {
    *out_ += names_.empty() ? "{le=\"" : "\",le=\"";
    *out_ += bound;
  }
  if (!names_.empty() || !bound.empty()) {
    *out_ += "\"}";
  }
}

void MetricsText::append_exemplar(const Exemplar* exemplar) {
  if (exemplar == nullptr || format_ != MetricsFormat::OpenMetrics) {
    return;
  }
  *out_ += " # {event_id=\"";
  append_escaped(*out_, exemplar->event_id, true);
  *out_ += "\"} ";
  append_value(*out_, exemplar->value);
  *out_ += ' ';
  append_value(*out_, to_seconds(exemplar->time.time_since_epoch()));
}

void MetricsText::put(Labels labels, double value, const Exemplar* exemplar) {
  *out_ += info_->name;
  append_labels(labels, {});
  *out_ += ' ';
  append_value(*out_, value);
  if (info_->kind == MetricKind::Counter) {
    append_exemplar(exemplar);
  }
  *out_ += '\n';
}

void MetricsText::put(Labels labels, const HistogramView& view,
                      std::span<const std::optional<Exemplar>> exemplars) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < view.counts.size(); ++i) {
    total += view.counts[i];
    (*out_ += info_->name) += "_bucket";
    append_labels(labels, i < view.bounds.size() ? bound_text(view.bounds[i]) : "+Inf");
    *out_ += ' ';
    append_number(*out_, total);
    append_exemplar(i < exemplars.size() && exemplars[i] ? &*exemplars[i] : nullptr);
    *out_ += '\n';
  }
  (*out_ += info_->name) += "_sum";
  append_labels(labels, {});
  *out_ += ' ';
  append_value(*out_, view.sum);
  ((*out_ += '\n') += info_->name) += "_count";
  append_labels(labels, {});
  *out_ += ' ';
  append_number(*out_, total);
  *out_ += '\n';
}

}  // namespace isthmus::collector
