#include "collector/publish/metrics_page.hpp"

#include <charconv>
#include <chrono>
#include <system_error>

#include "collector/publish/gzip.hpp"

namespace isthmus::collector {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes what stands before the separator off the front.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return trim(part);
}

/// The weight of an entry (RFC 9110 section 12.4.2): 1 where none is written, 0 where it is none.
double weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = next_part(parameters, ';');
    if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
      double weight = 0;
      const std::string_view digits = parameter.substr(2);
      const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), weight);
      return end.ec == std::errc{} && weight >= 0 && weight <= 1 ? weight : 0;
    }
  }
  return 1;
}

/// The greatest weight that a list gives to one of two names; less than 0 if it names neither.
double weight_in(std::string_view list, std::string_view name, std::string_view wildcard) {
  double named = -1;
  double wild = -1;
  while (!list.empty()) {
    std::string_view entry = next_part(list, ',');
    const std::string_view what = next_part(entry, ';');
    if (what.empty()) {
      continue;
    }
    if (what == name) {
      named = std::max(named, weight_of(entry));
    } else if (what == wildcard) {
      wild = std::max(wild, weight_of(entry));
    }
  }
  return named >= 0 ? named : wild;
}

std::string end_for(MetricsFormat format, bool compressed) {
  std::string end{end_of_text(format)};
  return compressed && !end.empty() ? gzip(end, GzipLevel::Fast) : end;
}

}  // namespace

MetricsWish read_wish(std::string_view accept, std::string_view accept_encoding) {
  const double open = weight_in(accept, "application/openmetrics-text", "");
  const double text = weight_in(accept, "text/plain", "");
  return {
      .format = open > 0 && open >= text ? MetricsFormat::OpenMetrics : MetricsFormat::Prometheus,
      .gzip = weight_in(accept_encoding, "gzip", "*") > 0};
}

std::shared_ptr<const std::string> MetricsPage::render(const Snapshot& snapshot,
                                                       MetricsFormat format) {
  const auto begin = std::chrono::steady_clock::now();
  auto text = std::make_shared<std::string>();
  if (const auto& before = rendered_.at(static_cast<std::size_t>(format)).text) {
    text->reserve(before->size() + before->size() / 8);
  }
  MetricsText sink{*text, format, limits_.series};
  visit_snapshot(snapshot, limits_, sink);
  for (const auto& [metric, series] : sink.dropped()) {
    self_.count_dropped(metric, series);
  }
  self_.count_render(
      format == MetricsFormat::OpenMetrics ? "openmetrics" : "prometheus",
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return text;
}

MetricsBody MetricsPage::body(const Snapshot& snapshot, const MetricsWish& wish) {
  MetricsBody body;
  {
    const std::scoped_lock lock{mutex_};
    Rendered& rendered = rendered_.at(static_cast<std::size_t>(wish.format));
    if (!rendered.text || rendered.generation != snapshot.generation) {
      rendered = {snapshot.generation, render(snapshot, wish.format), nullptr};
    }
    if (wish.gzip && !rendered.gzip) {
      rendered.gzip = std::make_shared<const std::string>(gzip(*rendered.text, GzipLevel::Fast));
    }
    body.series = wish.gzip ? rendered.gzip : rendered.text;
  }
  self_.set_generation(snapshot.generation);
  std::string own;
  MetricsText sink{own, wish.format, limits_.series};
  self_.visit(sink);
  body.rest = wish.gzip ? gzip(own, GzipLevel::Fast) : std::move(own);
  body.rest += end_for(wish.format, wish.gzip);
  return body;
}

}  // namespace isthmus::collector
