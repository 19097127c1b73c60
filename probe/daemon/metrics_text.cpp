#include "probe/daemon/metrics_text.hpp"

#include <array>

#include <fmt/format.h>

#include "probe/daemon/version.hpp"

namespace isthmus::probe {
namespace {

/// Writes families of one metric after another.
class TextWriter {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  }
  template <typename T>
  void sample(T value, std::string_view labels = {}) {
    text_ += labels.empty() ? fmt::format("{} {}\n", name_, value)
                            : fmt::format("{}{{{}}} {}\n", name_, labels, value);
  }
  template <typename T>
  void counter(std::string_view name, std::string_view help, T value) {
    family(name, "counter", help);
    sample(value);
  }
  template <typename T>
  void gauge(std::string_view name, std::string_view help, T value) {
    family(name, "gauge", help);
    sample(value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

void write_plan(TextWriter& out, const MetricsInput& input) {
  out.gauge("isthmus_probe_destinations", "Destinations that are traced in rounds.",
            input.destinations);
  out.family("isthmus_probe_traces_begun_total", "counter",
             "Traces begun, by what asked for them.");
  out.sample(input.plan.rounds, "kind=\"round\"");
  out.sample(input.plan.sweeps, "kind=\"sweep\"");
  out.sample(input.plan.single_traces, "kind=\"single\"");
  out.counter("isthmus_probe_rounds_skipped_total", "Rounds that the limits left no room for.",
              input.plan.rounds_skipped);
  out.counter("isthmus_probe_requests_late_total", "Sweeps and single traces given up as too old.",
              input.plan.requests_late);
  out.family("isthmus_probe_destinations_refused_total", "counter",
             "Destinations of plans that the owner's rules refuse, each time one comes.");
  for (const Refusal each :
       {Refusal::Multicast, Refusal::SpecialPurpose, Refusal::Denied, Refusal::NotAllowed}) {
    const auto found = input.plan.refused.find(each);
    out.sample(found == input.plan.refused.end() ? 0 : found->second,
               fmt::format("reason=\"{}\"", to_string(each)));
  }
  out.sample(input.plan.over_bound, "reason=\"too_many\"");
}

void write_trace(TextWriter& out, const MetricsInput& input) {
  out.counter("isthmus_probe_traceroutes_total", "Traceroutes finished.", input.traceroutes);
  out.counter("isthmus_probe_packets_sent_total", "Probe packets sent.", input.trace.engine.sent);
  out.counter("isthmus_probe_replies_total", "Probe packets answered.",
              input.trace.engine.answered);
  out.counter("isthmus_probe_timeouts_total", "Probe packets not answered in time.",
              input.trace.engine.timed_out);
  out.counter("isthmus_probe_replies_foreign_total", "Replies to others' packets, or forged ones.",
              input.trace.foreign);
  out.counter("isthmus_probe_traces_unresolved_total",
              "Traces that failed for want of a route or a neighbour.", input.trace.unresolved);
}

void write_spool(TextWriter& out, const MetricsInput& input) {
  out.gauge("isthmus_probe_spool_disk_bytes", "Bytes of the spool on disk.",
            input.spool_disk_bytes);
  out.gauge("isthmus_probe_spool_memory_bytes", "Bytes that wait for the disk in memory.",
            input.spool_memory_bytes);
  out.gauge("isthmus_probe_spool_writable", "Whether the last write to the spool went well.",
            input.spool_writable ? 1 : 0);
  out.counter("isthmus_probe_spool_dropped_traceroutes_total",
              "Traceroutes dropped before every collector had them.", input.spool.dropped_traces);
  out.counter("isthmus_probe_spool_damaged_total", "Batches of the spool that cannot be read.",
              input.spool.damaged);
  out.counter("isthmus_probe_spool_write_failures_total", "Writes to the spool that failed.",
              input.spool.write_failures);
}

template <typename F>
void write_each(TextWriter& out, const MetricsInput& input, std::string_view name,
                std::string_view type, std::string_view help, const F& value) {
  out.family(name, type, help);
  for (const CollectorMetrics& each : input.collectors) {
    if (const auto number = value(each)) {
      out.sample(*number, fmt::format("collector=\"{}\"", each.name));
    }
  }
}

void write_collectors(TextWriter& out, const MetricsInput& input) {
  const auto count = [&](std::string_view name, std::string_view help,
                         std::uint64_t UplinkStatus::*member) {
    write_each(out, input, name, "counter", help, [member](const CollectorMetrics& each) {
      return std::optional{each.status.*member};
    });
  };
  write_each(out, input, "isthmus_probe_collector_up", "gauge",
             "Whether the last exchange with the collector went well.",
             [](const CollectorMetrics& each) { return std::optional{each.status.up ? 1 : 0}; });
  write_each(out, input, "isthmus_probe_collector_owed_batches", "gauge",
             "Batches of the spool that the collector has not stored.",
             [](const CollectorMetrics& each) { return std::optional{each.owed}; });
  count("isthmus_probe_collector_stored_traceroutes_total",
        "Traceroutes that the collector has stored.", &UplinkStatus::stored);
  count("isthmus_probe_collector_duplicate_traceroutes_total",
        "Of them, traceroutes that it had stored before.", &UplinkStatus::duplicates);
  count("isthmus_probe_collector_refused_traceroutes_total",
        "Traceroutes that the collector will never take.", &UplinkStatus::refused);
  count("isthmus_probe_collector_failures_total", "Exchanges that failed or were put off.",
        &UplinkStatus::failures);
  count("isthmus_probe_collector_renewals_total", "Certificates received.",
        &UplinkStatus::renewals);
  write_each(out, input, "isthmus_probe_collector_clock_offset_seconds", "gauge",
             "The collector's clock minus the probe's.", [](const CollectorMetrics& each) {
               return each.status.clock_offset
                          ? std::optional{to_seconds(*each.status.clock_offset)}
                          : std::nullopt;
             });
  write_each(
      out, input, "isthmus_probe_certificate_expiry_timestamp_seconds", "gauge",
      "When the certificate for the collector ends.", [](const CollectorMetrics& each) {
        return each.status.certificate_expiry
                   ? std::optional{to_seconds(each.status.certificate_expiry->time_since_epoch())}
                   : std::nullopt;
      });
}

}  // namespace

std::string metrics_text(const MetricsInput& input) {
  TextWriter out;
  out.family("isthmus_probe_build_info", "gauge", "A constant 1 with the version.");
  out.sample(1, fmt::format("version=\"{}\"", kVersion));
  write_plan(out, input);
  write_trace(out, input);
  write_spool(out, input);
  write_collectors(out, input);
  return out.take();
}

}  // namespace isthmus::probe
