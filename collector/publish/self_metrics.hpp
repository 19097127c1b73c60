#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "collector/publish/metric_catalogue.hpp"

namespace prometheus {
class Registry;
}

namespace isthmus::collector {

class MetricSink;

namespace metrics {

inline constexpr MetricInfo kHttpRequests{"isthmus_http_requests_total", MetricKind::Counter, "",
                                          "handler,code", "Requests by handler and status."};
inline constexpr MetricInfo kHttpDuration{"isthmus_http_request_duration_seconds",
                                          MetricKind::Histogram, "seconds", "handler",
                                          "Time from a request until its answer begins."};
inline constexpr MetricInfo kRender{"isthmus_metrics_render_duration_seconds",
                                    MetricKind::Histogram, "seconds", "format",
                                    "Time that it takes to write the series of a new state."};
inline constexpr MetricInfo kDropped{
    "isthmus_metrics_series_dropped_total", MetricKind::Counter, "", "metric",
    "Series left out since a metric had more than publish.max_series."};
inline constexpr MetricInfo kAlertDeliveries{"isthmus_alert_deliveries_total", MetricKind::Counter,
                                             "", "receiver,result",
                                             "Attempts to hand an alert to a receiver."};
inline constexpr MetricInfo kAlertWaiting{"isthmus_alert_queue_length", MetricKind::Gauge, "",
                                          "receiver", "Alerts that wait for a receiver."};
inline constexpr MetricInfo kAlertOldest{
    "isthmus_alert_queue_oldest_timestamp_seconds", MetricKind::Gauge, "seconds", "receiver",
    "When the alert that has waited longest was queued; 0 if none waits."};
inline constexpr MetricInfo kAlertsFiring{"isthmus_alerts_firing", MetricKind::Gauge, "", "",
                                          "Alerts that the collector itself holds up."};
inline constexpr MetricInfo kStreams{"isthmus_stream_clients", MetricKind::Gauge, "", "",
                                     "Clients that listen to the live feed."};
inline constexpr MetricInfo kExports{"isthmus_exports_running", MetricKind::Gauge, "", "",
                                     "Exports that are being streamed."};
inline constexpr MetricInfo kGeneration{"isthmus_snapshot_generation", MetricKind::Gauge, "", "",
                                        "States published since the start."};
inline constexpr MetricInfo kCpu{"process_cpu_seconds_total", MetricKind::Counter, "seconds", "",
                                 "User and system time of the process."};
inline constexpr MetricInfo kResident{"process_resident_memory_bytes", MetricKind::Gauge, "bytes",
                                      "", "Memory of the process that is in RAM."};
inline constexpr MetricInfo kVirtual{"process_virtual_memory_bytes", MetricKind::Gauge, "bytes", "",
                                     "Address space of the process."};
inline constexpr MetricInfo kStart{"process_start_time_seconds", MetricKind::Gauge, "seconds", "",
                                   "When the process began."};
inline constexpr MetricInfo kOpenFiles{"process_open_fds", MetricKind::Gauge, "", "",
                                       "File descriptors in use."};
inline constexpr MetricInfo kMaxFiles{"process_max_fds", MetricKind::Gauge, "", "",
                                      "File descriptors allowed."};

}  // namespace metrics

/// What the collector says of itself.
std::span<const MetricInfo* const> self_metrics();

/// The collector's own counters, in a registry of prometheus-cpp; may be used from every thread.
/// Label values must come from closed lists or from the configuration.
class SelfMetrics {
 public:
  SelfMetrics();
  ~SelfMetrics();
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  void count_request(std::string_view handler, unsigned status, double seconds);
  void count_render(std::string_view format, double seconds);
  void count_dropped(std::string_view metric, std::uint64_t series);
  void count_delivery(const std::string& receiver, std::string_view result);
  /// `oldest` in seconds since 1970, 0 if none waits.
  void set_queue(const std::string& receiver, std::size_t length, double oldest);
  void set_alerts_firing(std::size_t count);
  void set_generation(std::uint64_t generation);
  void change_streams(int by);
  void change_exports(int by);

  [[nodiscard]] prometheus::Registry& registry();
  /// All of them, with those of the process.
  void visit(MetricSink& sink) const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace isthmus::collector
