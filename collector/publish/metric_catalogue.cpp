#include "collector/publish/metric_catalogue.hpp"

#include <array>

#include <fmt/format.h>

#include "collector/publish/self_metrics.hpp"

namespace isthmus::collector {
namespace {

constexpr std::array kSnapshotMetrics{&metrics::kUpstreamInfo,
                                      &metrics::kUpstreamState,
                                      &metrics::kShare,
                                      &metrics::kShareLower,
                                      &metrics::kShareUpper,
                                      &metrics::kHegemony,
                                      &metrics::kPrefixShare,
                                      &metrics::kReachable,
                                      &metrics::kUpstreamVantages,
                                      &metrics::kTargetVantages,
                                      &metrics::kEvidence,
                                      &metrics::kConfidence,
                                      &metrics::kFirstSeen,
                                      &metrics::kLastSeen,
                                      &metrics::kConfirmedAt,
                                      &metrics::kRtt,
                                      &metrics::kRttMin,
                                      &metrics::kGapRtt,
                                      &metrics::kPlaneDisagreement,
                                      &metrics::kLearning,
                                      &metrics::kEvents,
                                      &metrics::kDetectionDelay,
                                      &metrics::kSuppressed,
                                      &metrics::kObservations,
                                      &metrics::kRejected,
                                      &metrics::kLate,
                                      &metrics::kDuplicate,
                                      &metrics::kSweeps,
                                      &metrics::kProbeUp,
                                      &metrics::kProbeLastResult,
                                      &metrics::kProbeClock,
                                      &metrics::kProbeTraceroutes,
                                      &metrics::kProbeCertificate,
                                      &metrics::kBgpPeers,
                                      &metrics::kBgpUp,
                                      &metrics::kBgpLag,
                                      &metrics::kBgpUpdates,
                                      &metrics::kBgpGaps,
                                      &metrics::kBgpSkipped,
                                      &metrics::kTableAge,
                                      &metrics::kTablePrefixes,
                                      &metrics::kQueueLength,
                                      &metrics::kQueueCapacity,
                                      &metrics::kReloadGood,
                                      &metrics::kReloadTime,
                                      &metrics::kBuild,
                                      &metrics::kDetectorTime};

std::string label_cell(const MetricInfo& info) {
  std::string text;
  for (const std::string_view name : label_names(info)) {
    text += fmt::format("{}`{}`", text.empty() ? "" : ", ", name);
  }
  return text;
}

std::string table(std::span<const MetricInfo* const> metrics) {
  std::string text = "| metric | type | labels | meaning |\n|---|---|---|---|\n";
  for (const MetricInfo* const info : metrics) {
    text += fmt::format("| `{}` | {} | {} | {} |\n", info->name, to_string(info->kind),
                        label_cell(*info), info->help);
  }
  return text;
}

constexpr std::string_view kIntroduction = R"(# Metrics

What the collector serves at `/metrics`: in the text format 0.0.4, or as OpenMetrics 1.0.0 if the scraper asks for it;
compressed if it allows that. In OpenMetrics a series of `isthmus_events_total` and a bucket of
`isthmus_event_detection_delay_seconds` point to the last event behind them by an exemplar with its `event_id`.

This page is written by the program (a test compares it), so it holds every metric there is.

## Of targets, upstreams, probes and feeds

Made from one state of the collector, which is replaced as a whole: all series of a scrape belong together. Ratios are 0
to 1.

)";

constexpr std::string_view kBounds = R"(
The number of series is bounded. Each target has, in each address family, labels for 16 upstreams: those that stand, then
those that are suspected, then those that are gone, and among them the largest shares first. Of the rest, `isthmus_upstream_share_ratio`,
`isthmus_prefix_upstream_share_ratio` and `isthmus_upstream_vantages` tell the sum as `upstream_asn="other"`. 64 prefixes of
a target have labels. A metric has at most 100,000 series; what is past that is left out and counted in
`isthmus_metrics_series_dropped_total`. No label ever holds an address, a hop, an AS path or the id of an event; only the
metrics of probes have the name of a probe.

An upstream that is known has its series even while nobody uses it: they are 0, so that a rule needs no `absent()`. An
`isthmus_events_total` that an alert counts begins at 0.

## Of the collector itself

)";

}  // namespace

std::string_view to_string(MetricKind kind) {
  constexpr std::array<std::string_view, 4> kNames{"gauge", "counter", "histogram", "info"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::vector<std::string_view> label_names(const MetricInfo& info) {
  std::vector<std::string_view> names;
  std::string_view rest = info.labels;
  while (!rest.empty()) {
    const std::size_t end = rest.find(',');
    names.push_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return names;
}

std::span<const MetricInfo* const> snapshot_metrics() {
  return kSnapshotMetrics;
}

std::string metrics_reference() {
  std::string text{kIntroduction};
  text += table(snapshot_metrics());
  text += kBounds;
  text += table(self_metrics());
  return text;
}

}  // namespace isthmus::collector
