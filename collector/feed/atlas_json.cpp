#include "collector/feed/atlas_json.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <boost/json.hpp>

namespace isthmus::collector {
namespace {

TimePoint to_time(std::uint64_t seconds) {
  constexpr std::uint64_t kLatest = 4'102'444'800;  // the year 2100
  return TimePoint{std::chrono::seconds{std::min(seconds, kLatest)}};
}

ProbeMethod method_of(std::string_view protocol) {
  return protocol == "ICMP"  ? ProbeMethod::Icmp
         : protocol == "TCP" ? ProbeMethod::TcpSyn
                             : ProbeMethod::Udp;
}

/// What an answer without an error is: from the destination the end, from others a router's.
ReplyKind plain_kind(const JsonRow& row, const IpAddress& from, const Traceroute& trace) {
  const std::string_view flags = row.text("flags");
  if (!flags.empty()) {
    return flags.find('R') != std::string_view::npos ? ReplyKind::TcpReset : ReplyKind::TcpSynAck;
  }
  if (from != trace.destination) {
    return row.has("mtu") ? ReplyKind::PacketTooBig : ReplyKind::TimeExceeded;
  }
  return trace.method == ProbeMethod::Icmp  ? ReplyKind::EchoReply
         : trace.method == ProbeMethod::Udp ? ReplyKind::PortUnreachable
                                            : ReplyKind::TcpReset;
}

ReplyKind kind_of(const JsonRow& row, const IpAddress& from, const Traceroute& trace) {
  const std::string_view error = row.text("err");
  if (error.empty() && !row.has("err")) {
    return plain_kind(row, from, trace);
  }
  return error == "N"   ? ReplyKind::NetUnreachable
         : error == "H" ? ReplyKind::HostUnreachable
         : error == "A" ? ReplyKind::AdminProhibited
         : error == "p" ? ReplyKind::PortUnreachable
                        : ReplyKind::OtherUnreachable;
}

void read_mpls(const JsonRow& reply_row, Reply& reply) {
  const auto extension = reply_row.row("icmpext");
  if (!extension) {
    return;
  }
  for (const JsonRow& object : extension->rows("obj")) {
    for (const JsonRow& entry : object.rows("mpls")) {
      MplsLabel label;
      label.label = static_cast<std::uint32_t>(entry.number("label").value_or(0) & 0xfffff);
      label.traffic_class = static_cast<std::uint8_t>(entry.number("exp").value_or(0) & 7);
      label.bottom = entry.number("s").value_or(0) != 0;
      label.ttl = static_cast<std::uint8_t>(entry.number("ttl").value_or(0));
      reply.mpls.push_back(label);
    }
  }
}

void read_reply(const JsonRow& row, Traceroute& trace, Hop& hop) {
  const auto from = IpAddress::parse(row.text("from"));
  const auto rtt = row.real("rtt");
  constexpr double kLongest = 600'000;  // ten minutes
  if (!from || !rtt || row.has("dup") || row.has("late") || !(*rtt >= 0 && *rtt < kLongest)) {
    return;
  }
  Reply reply;
  reply.address = *from;
  reply.kind = kind_of(row, *from, trace);
  reply.rtt = Duration{std::llround(*rtt * 1000)};
  reply.reply_ttl = static_cast<std::uint8_t>(row.number("ttl").value_or(0));
  if (const auto quoted = row.number("ittl")) {
    reply.quoted_ttl = static_cast<std::uint8_t>(*quoted);
  }
  reply.size = static_cast<std::uint16_t>(row.number("size").value_or(0));
  reply.mtu = static_cast<std::uint16_t>(row.number("mtu").value_or(0));
  reply.attempt = static_cast<std::uint8_t>(hop.sent - 1);
  read_mpls(row, reply);
  hop.replies.push_back(std::move(reply));
}

void read_hop(const JsonRow& row, Traceroute& trace) {
  const auto ttl = row.number("hop");
  constexpr std::uint64_t kHighest = 255;
  if (!ttl || *ttl == 0 || *ttl > kHighest) {
    return;
  }
  Hop& hop = hop_at(trace, static_cast<std::uint8_t>(*ttl));
  for (const JsonRow& reply : row.rows("result")) {
    // A late answer stands beside the packets of its hop.
    if (!reply.has("late") && !reply.has("dup") && hop.sent < 255) {
      ++hop.sent;
    }
    read_reply(reply, trace, hop);
  }
}

}  // namespace

TraceRecord read_atlas_result(const JsonRow& row, const TraceFileOptions& options) {
  if (!row.text("type").empty() && row.text("type") != "traceroute") {
    return {};
  }
  const auto* const hops = row.list("result");
  const auto time = row.number("timestamp");
  if (hops == nullptr || !time) {
    return bad_record("an Atlas result needs a list \"result\" and a \"timestamp\"");
  }
  Traceroute trace;
  const auto destination = IpAddress::parse(row.text("dst_addr"));
  if (!destination) {
    return {};
  }
  trace.destination = *destination;
  trace.vantage.source = "atlas-" + std::to_string(row.number("prb_id").value_or(0));
  trace.vantage.address = IpAddress::parse(row.text("from")).value_or(IpAddress{});
  complete_vantage(trace.vantage, options);
  trace.source = IpAddress::parse(row.text("src_addr")).value_or(trace.vantage.address);
  trace.method = method_of(row.text("proto"));
  trace.flow = static_cast<std::uint16_t>(row.number("paris_id").value_or(0));
  trace.probe_size = static_cast<std::uint16_t>(row.number("size").value_or(0));
  trace.start = to_time(*time);
  trace.end = to_time(std::max(row.number("endtime").value_or(*time), *time));
  bool measured = false;
  for (const JsonRow& hop : row.rows("result")) {
    measured |= hop.list("result") != nullptr;
    read_hop(hop, trace);
  }
  if (!measured) {
    return {};
  }
  const bool reached = std::any_of(trace.hops.begin(), trace.hops.end(), [&](const Hop& hop) {
    return std::any_of(hop.replies.begin(), hop.replies.end(),
                       [&](const Reply& reply) { return reply.address == trace.destination; });
  });
  trace.stop = reached ? StopReason::Completed : StopReason::HopLimit;
  return {std::move(trace), {}, {}};
}

}  // namespace isthmus::collector
