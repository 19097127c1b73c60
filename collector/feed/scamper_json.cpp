#include "collector/feed/scamper_json.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include <boost/json.hpp>

namespace isthmus::collector {
namespace {

constexpr std::array<std::string_view, 10> kStops{"NONE", "COMPLETED", "UNREACH", "ICMP",
                                                  "LOOP", "GAPLIMIT",  "ERROR",   "HOPLIMIT",
                                                  "GSS",  "HALTED"};

std::optional<TimePoint> read_time(const JsonRow& row, std::string_view key) {
  const auto time = row.row(key);
  const auto seconds = time ? time->number("sec") : std::nullopt;
  constexpr std::uint64_t kLatest = 4'102'444'800;  // the year 2100
  if (!seconds || *seconds > kLatest) {
    return std::nullopt;
  }
  return TimePoint{std::chrono::seconds{*seconds}} +
         Duration{std::min<std::uint64_t>(time->number("usec").value_or(0), 999'999)};
}

ProbeMethod method_of(std::string_view method) {
  return method.starts_with("icmp")      ? ProbeMethod::Icmp
         : method.starts_with("tcp-ack") ? ProbeMethod::TcpAck
         : method.starts_with("tcp")     ? ProbeMethod::TcpSyn
                                         : ProbeMethod::Udp;
}

std::uint8_t small(const JsonRow& row, std::string_view key) {
  return static_cast<std::uint8_t>(row.number(key).value_or(0));
}

void read_extensions(const JsonRow& row, Reply& reply) {
  for (const JsonRow& object : row.rows("icmpext")) {
    for (const JsonRow& entry : object.rows("mpls_labels")) {
      MplsLabel label;
      label.label = static_cast<std::uint32_t>(entry.number("mpls_label").value_or(0) & 0xfffff);
      label.traffic_class = static_cast<std::uint8_t>(small(entry, "mpls_exp") & 7);
      label.bottom = small(entry, "mpls_s") != 0;
      label.ttl = small(entry, "mpls_ttl");
      reply.mpls.push_back(label);
    }
  }
}

/// Whether the hop could be read; `end` grows to when its answer came.
bool read_hop(const JsonRow& row, Traceroute& trace) {
  const auto ttl = row.number("probe_ttl");
  const auto rtt = row.real("rtt");
  constexpr double kLongest = 600'000;  // ten minutes
  if (!ttl || *ttl == 0 || *ttl > 255 || !rtt || !(*rtt >= 0 && *rtt < kLongest)) {
    return false;
  }
  const auto attempt = static_cast<std::uint8_t>(
      std::clamp<std::uint64_t>(row.number("probe_id").value_or(1), 1, 255));
  Hop& hop = hop_at(trace, static_cast<std::uint8_t>(*ttl));
  hop.sent = std::max(hop.sent, attempt);
  const auto address = IpAddress::parse(row.text("addr"));
  if (!address) {
    return row.text("addr").empty() || row.text("addr") == "*";
  }
  Reply reply;
  reply.address = *address;
  reply.icmp_type = small(row, "icmp_type");
  reply.icmp_code = small(row, "icmp_code");
  reply.tcp_flags = small(row, "tcp_flags");
  const auto kind = row.has("icmp_type")
                        ? icmp_reply_kind(address->family(), reply.icmp_type, reply.icmp_code)
                        : tcp_reply_kind(reply.tcp_flags);
  if (!kind) {
    return row.has("icmp_type") || row.has("tcp_flags");
  }
  reply.kind = *kind;
  reply.rtt = Duration{std::llround(*rtt * 1000)};
  reply.reply_ttl = small(row, "reply_ttl");
  if (row.has("icmp_q_ttl")) {
    reply.quoted_ttl = small(row, "icmp_q_ttl");
  }
  if (row.has("icmp_q_tos")) {
    reply.quoted_tos = small(row, "icmp_q_tos");
  }
  reply.size = static_cast<std::uint16_t>(row.number("reply_size").value_or(0));
  reply.ip_id = static_cast<std::uint16_t>(row.number("reply_ipid").value_or(0));
  reply.tos = small(row, "reply_tos");
  reply.attempt = static_cast<std::uint8_t>(attempt - 1);
  read_extensions(row, reply);
  if (const auto sent = read_time(row, "tx")) {
    trace.end = std::max(trace.end, *sent + reply.rtt);
  } else {
    trace.end = std::max(trace.end, trace.start + reply.rtt);
  }
  hop.replies.push_back(std::move(reply));
  return true;
}

}  // namespace

StopReason scamper_stop(std::uint8_t number) {
  switch (number) {
    case 1:
      return StopReason::Completed;
    case 2:
    case 3:
      return StopReason::Unreachable;
    case 4:
      return StopReason::Loop;
    case 5:
      return StopReason::GapLimit;
    case 7:
      return StopReason::HopLimit;
    case 8:
    case 9:
      return StopReason::Cancelled;
    default:
      return StopReason::Error;
  }
}

StopReason scamper_stop(std::string_view name) {
  const auto* const place = std::find(kStops.begin(), kStops.end(), name);
  return scamper_stop(static_cast<std::uint8_t>(place - kStops.begin()));
}

VantagePoint scamper_vantage(const ScamperContext& context, const IpAddress& source,
                             const TraceFileOptions& options) {
  VantagePoint vantage;
  vantage.source = options.vantage.source.empty() ? context.host : options.vantage.source;
  vantage.address = options.vantage.address == IpAddress{} ? source : options.vantage.address;
  complete_vantage(vantage, options);
  return vantage;
}

TraceRecord read_scamper_trace(const JsonRow& row, const ScamperContext& context,
                               const TraceFileOptions& options) {
  const auto start = read_time(row, "start");
  const auto destination = IpAddress::parse(row.text("dst"));
  const auto source = IpAddress::parse(row.text("src"));
  if (!start || !destination) {
    return bad_record("a trace needs \"dst\" and \"start\"");
  }
  Traceroute trace;
  trace.destination = *destination;
  trace.source = source.value_or(IpAddress{});
  trace.vantage = scamper_vantage(context, trace.source, options);
  trace.method = method_of(row.text("method"));
  trace.source_port = static_cast<std::uint16_t>(row.number("sport").value_or(0));
  trace.destination_port =
      static_cast<std::uint16_t>(row.number("dport").value_or(row.number("icmp_sum").value_or(0)));
  trace.flow = trace.method == ProbeMethod::Icmp ? trace.destination_port : trace.source_port;
  trace.probe_size = static_cast<std::uint16_t>(row.number("probe_size").value_or(0));
  trace.start = trace.end = *start;
  trace.stop = scamper_stop(row.text("stop_reason"));
  const std::uint64_t last = std::min<std::uint64_t>(row.number("hop_count").value_or(0), 255);
  const std::uint64_t first = std::max<std::uint64_t>(row.number("firsthop").value_or(1), 1);
  for (std::uint64_t ttl = first; ttl <= last; ++ttl) {
    Hop& hop = hop_at(trace, static_cast<std::uint8_t>(ttl));
    hop.sent =
        static_cast<std::uint8_t>(std::min<std::uint64_t>(row.number("attempts").value_or(1), 255));
  }
  for (const JsonRow& hop : row.rows("hops")) {
    if (!read_hop(hop, trace)) {
      return bad_record("a hop of the trace lacks its TTL, its RTT or what came back");
    }
  }
  return {std::move(trace), {}, {}};
}

}  // namespace isthmus::collector
