#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "collector/publish/metrics_text.hpp"
#include "collector/publish/self_metrics.hpp"
#include "collector/publish/snapshot_metrics.hpp"

namespace isthmus::collector {

/// What a scraper wants, as it says in Accept and Accept-Encoding.
struct MetricsWish {
  MetricsFormat format = MetricsFormat::Prometheus;
  bool gzip = false;
};

/// Reads the two header fields (RFC 9110 sections 12.4.2, 12.5): OpenMetrics only for those who
/// prefer it to text.
MetricsWish read_wish(std::string_view accept, std::string_view accept_encoding);

/// The body of an answer to a scrape, in two pieces: what is shared with others, and what follows.
struct MetricsBody {
  std::shared_ptr<const std::string> series;  ///< of the snapshot
  std::string rest;                           ///< of the collector itself, and the end
};

/// Serves the metrics. The series of a snapshot are written once for each format and kept until the
/// next snapshot. Any thread.
class MetricsPage {
 public:
  /// `self` must outlive the page.
  MetricsPage(SelfMetrics& self, MetricLimits limits) : self_{self}, limits_{limits} {}

  MetricsBody body(const Snapshot& snapshot, const MetricsWish& wish);

 private:
  struct Rendered {
    std::uint64_t generation = 0;
    std::shared_ptr<const std::string> text;
    std::shared_ptr<const std::string> gzip;
  };

  std::shared_ptr<const std::string> render(const Snapshot& snapshot, MetricsFormat format);

  SelfMetrics& self_;
  MetricLimits limits_;
  std::mutex mutex_;
  std::array<Rendered, 2> rendered_;  ///< by format
};

}  // namespace isthmus::collector
