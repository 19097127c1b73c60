#include "probe/output/trace_text.hpp"

#include <iterator>

#include <fmt/format.h>

#include "core/base/bytes.hpp"
#include "core/base/json_string.hpp"

namespace isthmus::probe {
namespace {

double milliseconds(Duration time) {
  return static_cast<double>(time.count()) / 1000.0;
}

std::int64_t seconds_of(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::int64_t microseconds_of(TimePoint time) {
  return time.time_since_epoch().count() - seconds_of(time) * 1'000'000;
}

template <typename... Values>
void put(std::string& text, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(text), format, std::forward<Values>(values)...);
}

/// Ends a list or object whose elements were each followed by a comma.
void close_with(std::string& text, char bracket) {
  if (text.back() == ',') {
    text.back() = bracket;
  } else {
    text.push_back(bracket);
  }
}

void put_labels(std::string& text, const Reply& reply) {
  text += "[";
  for (const MplsLabel& each : reply.mpls) {
    put(text, R"({{"exp":{},"label":{},"s":{},"ttl":{}}},)", each.traffic_class, each.label,
        each.bottom ? 1 : 0, each.ttl);
  }
  close_with(text, ']');
}

void put_origins(std::string& text, const std::vector<Asn>& origins) {
  if (!origins.empty()) {
    text += R"(,"origins":[)";
    for (const Asn asn : origins) {
      put(text, "{},", asn.value);
    }
    close_with(text, ']');
  }
}

void put_own_reply(std::string& text, const Reply& reply, const NetworkNames* names) {
  put(text, R"({{"from":"{}","kind":"{}","rtt_ms":{:.3f},"ttl":{},"size":{},"attempt":{},"tos":{})",
      reply.address.to_string(), to_string(reply.kind), milliseconds(reply.rtt), reply.reply_ttl,
      reply.size, reply.attempt, reply.tos);
  if (reply.kind == ReplyKind::TcpSynAck || reply.kind == ReplyKind::TcpReset) {
    put(text, R"(,"tcp_flags":{})", reply.tcp_flags);
  } else {
    put(text, R"(,"icmp_type":{},"icmp_code":{})", reply.icmp_type, reply.icmp_code);
  }
  if (reply.address.is_v4()) {
    put(text, R"(,"ip_id":{})", reply.ip_id);
  }
  if (reply.quoted_ttl) {
    put(text, R"(,"quoted_ttl":{})", *reply.quoted_ttl);
  }
  if (reply.quoted_tos) {
    put(text, R"(,"quoted_tos":{})", *reply.quoted_tos);
  }
  if (reply.mtu != 0) {
    put(text, R"(,"mtu":{})", reply.mtu);
  }
  if (reply.nat) {
    text += R"(,"nat":true)";
  }
  if (names != nullptr) {
    put_origins(text, names->origins(reply.address));
  }
  if (!reply.mpls.empty()) {
    text += R"(,"mpls":)";
    put_labels(text, reply);
  }
  if (!reply.objects.empty()) {
    text += R"(,"objects":[)";
    for (const IcmpObject& each : reply.objects) {
      put(text, R"({{"class":{},"type":{},"payload":"{}"}},)", each.class_number, each.type,
          to_hex(each.payload));
    }
    close_with(text, ']');
  }
  text += "}";
}

std::string_view atlas_protocol(ProbeMethod method) {
  switch (method) {
    case ProbeMethod::Udp:
      return "UDP";
    case ProbeMethod::Icmp:
      return "ICMP";
    case ProbeMethod::TcpSyn:
    case ProbeMethod::TcpAck:
      break;
  }
  return "TCP";
}

/// Atlas's letters: network, host, administratively prohibited, port where not by the target.
std::string atlas_error(const Reply& reply, const IpAddress& destination) {
  switch (reply.kind) {
    case ReplyKind::NetUnreachable:
      return R"("N")";
    case ReplyKind::HostUnreachable:
      return R"("H")";
    case ReplyKind::AdminProhibited:
      return R"("A")";
    case ReplyKind::PortUnreachable:
      return reply.address == destination ? "" : R"("p")";
    case ReplyKind::OtherUnreachable:
      return std::to_string(reply.icmp_code);
    case ReplyKind::TimeExceeded:
    case ReplyKind::EchoReply:
    case ReplyKind::TcpSynAck:
    case ReplyKind::TcpReset:
    case ReplyKind::PacketTooBig:
      break;
  }
  return "";
}

void put_atlas_reply(std::string& text, const Reply& reply, const IpAddress& destination) {
  text += "{";
  if (const std::string error = atlas_error(reply, destination); !error.empty()) {
    put(text, R"("err":{},)", error);
  }
  put(text, R"("from":"{}",)", reply.address.to_string());
  if (!reply.mpls.empty() || !reply.objects.empty()) {
    text += R"("icmpext":{"obj":[)";
    if (!reply.mpls.empty()) {
      text += R"({"class":1,"mpls":)";
      put_labels(text, reply);
      text += R"(,"type":1},)";
    }
    for (const IcmpObject& each : reply.objects) {
      put(text, R"({{"class":{},"type":{}}},)", each.class_number, each.type);
    }
    close_with(text, ']');
    text += R"(,"rfc4884":1,"version":2},)";
  }
  if (reply.quoted_tos.value_or(0) != 0) {
    put(text, R"("itos":{},)", *reply.quoted_tos);
  }
  if (reply.quoted_ttl.value_or(1) != 1) {
    put(text, R"("ittl":{},)", *reply.quoted_ttl);
  }
  if (reply.mtu != 0) {
    put(text, R"("mtu":{},)", reply.mtu);
  }
  put(text, R"("rtt":{:.3f},"size":{},"ttl":{}}})", milliseconds(reply.rtt), reply.size,
      reply.reply_ttl);
}

bool target_responded(const Traceroute& trace) {
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      if (reply.address == trace.destination) {
        return true;
      }
    }
  }
  return false;
}

std::string_view scamper_method(ProbeMethod method) {
  switch (method) {
    case ProbeMethod::Udp:
      return "udp-paris";
    case ProbeMethod::Icmp:
      return "icmp-echo-paris";
    case ProbeMethod::TcpSyn:
      return "tcp";
    case ProbeMethod::TcpAck:
      break;
  }
  return "tcp-ack";
}

std::string_view scamper_stop(StopReason stop) {
  switch (stop) {
    case StopReason::Completed:
      return "COMPLETED";
    case StopReason::Unreachable:
      return "UNREACH";
    case StopReason::GapLimit:
      return "GAPLIMIT";
    case StopReason::HopLimit:
      return "HOPLIMIT";
    case StopReason::Loop:
      return "LOOP";
    case StopReason::Error:
      return "ERROR";
    case StopReason::Cancelled:
      break;
  }
  return "HALTED";
}

void put_scamper_reply(std::string& text, const Traceroute& trace, const Hop& hop,
                       const Reply& reply) {
  put(text,
      R"({{"addr":"{}", "probe_ttl":{}, "probe_id":{}, "probe_size":{}, "rtt":{:.3f}, "reply_ttl":{}, "reply_tos":{}, "reply_ipid":{}, "reply_size":{})",
      reply.address.to_string(), hop.ttl, reply.attempt, trace.probe_size, milliseconds(reply.rtt),
      reply.reply_ttl, reply.tos, reply.ip_id, reply.size);
  if (reply.kind == ReplyKind::TcpSynAck || reply.kind == ReplyKind::TcpReset) {
    put(text, R"(, "tcp_flags":{})", reply.tcp_flags);
  } else {
    put(text, R"(, "icmp_type":{}, "icmp_code":{}, "icmp_q_ttl":{}, "icmp_q_tos":{})",
        reply.icmp_type, reply.icmp_code, reply.quoted_ttl.value_or(0),
        reply.quoted_tos.value_or(0));
  }
  if (!reply.mpls.empty()) {
    text += R"(, "icmpext":[{"ie_cn":1,"ie_ct":1,"ie_dl":)" +
            std::to_string(4 * reply.mpls.size()) + R"(, "mpls_labels":[)";
    for (const MplsLabel& each : reply.mpls) {
      put(text, R"({{"mpls_ttl":{},"mpls_s":{},"mpls_exp":{},"mpls_label":{}}},)", each.ttl,
          each.bottom ? 1 : 0, each.traffic_class, each.label);
    }
    close_with(text, ']');
    text += "}]";
  }
  text += "},";
}

}  // namespace

void append_ndjson(std::string& text, const Traceroute& trace, const NetworkNames* names) {
  text += R"({"type":"trace","probe":)";
  append_json_string(text, trace.vantage.source);
  put(text, R"(,"source":"{}","destination":"{}","method":"{}","flow":{},)",
      trace.source.to_string(), trace.destination.to_string(), to_string(trace.method), trace.flow);
  put(text, R"("source_port":{},"destination_port":{},"probe_size":{},"start":"{}","end":"{}",)",
      trace.source_port, trace.destination_port, trace.probe_size, format_utc(trace.start),
      format_utc(trace.end));
  put(text, R"("stop":"{}","hops":[)", to_string(trace.stop));
  for (const Hop& hop : trace.hops) {
    put(text, R"({{"ttl":{},"sent":{},"replies":[)", hop.ttl, hop.sent);
    for (const Reply& reply : hop.replies) {
      put_own_reply(text, reply, names);
      text += ",";
    }
    close_with(text, ']');
    text += "},";
  }
  close_with(text, ']');
  text += "}\n";
}

void append_atlas(std::string& text, const Traceroute& trace) {
  put(text, R"({{"af":{},"destination_ip_responded":{},"dst_addr":"{}","dst_name":"{}",)",
      trace.destination.is_v4() ? 4 : 6, target_responded(trace), trace.destination.to_string(),
      trace.destination.to_string());
  put(text, R"("endtime":{},"from":"{}","fw":5080,"group_id":0,"lts":-1,"msm_id":0,)",
      seconds_of(trace.end), trace.source.to_string());
  put(text,
      R"("msm_name":"Traceroute","mver":"2.6.2","paris_id":{},"prb_id":0,"proto":"{}","result":[)",
      trace.flow, atlas_protocol(trace.method));
  for (const Hop& hop : trace.hops) {
    put(text, R"({{"hop":{},"result":[)", hop.ttl);
    const unsigned silent =
        hop.sent - std::min<unsigned>(hop.sent, static_cast<unsigned>(hop.replies.size()));
    for (unsigned i = 0; i < silent; ++i) {
      text += R"({"x":"*"},)";
    }
    for (const Reply& reply : hop.replies) {
      put_atlas_reply(text, reply, trace.destination);
      text += ",";
    }
    close_with(text, ']');
    text += "},";
  }
  close_with(text, ']');
  put(text,
      R"(,"size":{},"src_addr":"{}","stored_timestamp":{},"timestamp":{},"type":"traceroute"}})",
      trace.probe_size, trace.source.to_string(), seconds_of(trace.end), seconds_of(trace.start));
  text += "\n";
}

void append_scamper(std::string& text, const Traceroute& trace, const TraceContext& context) {
  unsigned sent = 0;
  for (const Hop& hop : trace.hops) {
    sent += hop.sent;
  }
  put(text,
      R"({{"type":"trace", "version":"0.1", "userid":0, "method":"{}", "src":"{}", "dst":"{}", "sport":{}, "dport":{}, "stop_reason":"{}", "stop_data":0,)",
      scamper_method(trace.method), trace.source.to_string(), trace.destination.to_string(),
      trace.source_port, trace.destination_port, scamper_stop(trace.stop));
  put(text, R"( "start":{{"sec":{}, "usec":{}, "ftime":"{:.19}"}}, "hop_count":{}, "attempts":{},)",
      seconds_of(trace.start), microseconds_of(trace.start), format_utc(trace.start),
      trace.hops.empty() ? 0 : trace.hops.back().ttl, context.attempts);
  put(text,
      R"( "hoplimit":{}, "firsthop":{}, "wait":{}, "wait_probe":0, "tos":0, "probe_size":{}, "probe_count":{}, "hops":[)",
      context.max_ttl, context.first_ttl, static_cast<int>(context.wait_seconds), trace.probe_size,
      sent);
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      put_scamper_reply(text, trace, hop, reply);
    }
  }
  close_with(text, ']');
  text += "}\n";
}

void append_table(std::string& text, const Traceroute& trace, const NetworkNames* names) {
  put(text, "trace to {} from {}, {}, flow {}: {}\n", trace.destination.to_string(),
      trace.source.to_string(), to_string(trace.method), trace.flow, to_string(trace.stop));
  for (const Hop& hop : trace.hops) {
    if (hop.replies.empty()) {
      put(text, "{:3}  *{:>{}}{} sent, no answer\n", hop.ttl, "", 40, hop.sent);
    }
    for (const Reply& reply : hop.replies) {
      put(text, "{:3}  {:<40} {:9.3f} ms", hop.ttl, reply.address.to_string(),
          milliseconds(reply.rtt));
      if (const std::string network = names != nullptr ? names->describe(reply.address) : "";
          !network.empty()) {
        put(text, "  {}", network);
      }
      if (reply.kind != ReplyKind::TimeExceeded) {
        put(text, "  {}", to_string(reply.kind));
      }
      if (reply.nat) {
        text += "  nat";
      }
      for (const MplsLabel& each : reply.mpls) {
        put(text, "  mpls {} ttl {}", each.label, each.ttl);
      }
      text += "\n";
    }
  }
}

}  // namespace isthmus::probe
