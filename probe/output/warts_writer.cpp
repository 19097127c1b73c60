#include "probe/output/warts_writer.hpp"

#include <algorithm>
#include <utility>

#include "core/base/bytes.hpp"

namespace isthmus::probe {
namespace {

constexpr std::uint16_t kMagic = 0x1205;
enum RecordType : std::uint16_t { List = 1, CycleStart = 2, CycleStop = 4, Trace = 6 };

/// The optional fields of a record: a bitmap of seven bits a byte, the fields' length, the fields.
class Parameters {
 public:
  /// Fields come in ascending order of their bit, which counts from 1.
  ByteWriter& field(unsigned bit) {
    const unsigned byte = (bit - 1) / 7;
    flags_.resize(std::max<std::size_t>(flags_.size(), byte + 1), '\0');
    flags_[byte] = static_cast<char>(flags_[byte] | 1 << ((bit - 1) % 7));
    return body_;
  }
  /// An address in full.
  void address(unsigned bit, const IpAddress& address) {
    const auto octets = address.octets();
    const std::size_t size = address_octets(address.family());
    ByteWriter& out = field(bit);
    out.u8(static_cast<std::uint8_t>(size));
    out.u8(address.is_v4() ? 1 : 2);
    out.bytes(Bytes{octets}.first(size));
  }
  void append_to(ByteWriter& out) const {
    for (std::size_t i = 0; i < flags_.size(); ++i) {
      const unsigned more = i + 1 < flags_.size() ? 0x80 : 0;
      out.u8(static_cast<std::uint8_t>(static_cast<unsigned char>(flags_[i]) | more));
    }
    out.u16(static_cast<std::uint16_t>(body_.size()));
    out.bytes(body_.view());
  }

 private:
  std::string flags_;
  ByteWriter body_;
};

void append_record(std::string& text, RecordType type, const ByteWriter& body) {
  ByteWriter head;
  head.u16(kMagic);
  head.u16(type);
  head.u32(static_cast<std::uint32_t>(body.size()));
  text.append(as_text(head.view())).append(as_text(body.view()));
}

std::uint32_t whole_seconds(TimePoint time) {
  return static_cast<std::uint32_t>(time.time_since_epoch().count() / 1'000'000);
}

void put_time(ByteWriter& out, TimePoint time) {
  out.u32(whole_seconds(time));
  out.u32(static_cast<std::uint32_t>(time.time_since_epoch().count() % 1'000'000));
}

std::uint8_t stop_number(StopReason stop) {
  switch (stop) {
    case StopReason::Completed:
      return 1;
    case StopReason::Unreachable:
      return 2;
    case StopReason::Loop:
      return 4;
    case StopReason::GapLimit:
      return 5;
    case StopReason::Error:
      return 6;
    case StopReason::HopLimit:
      return 7;
    case StopReason::Cancelled:
      break;
  }
  return 9;
}

std::uint8_t type_number(ProbeMethod method) {
  switch (method) {
    case ProbeMethod::Udp:
      return 5;  // udp-paris
    case ProbeMethod::Icmp:
      return 4;  // icmp-echo-paris
    case ProbeMethod::TcpSyn:
      return 3;
    case ProbeMethod::TcpAck:
      break;
  }
  return 6;
}

void put_extensions(ByteWriter& out, const Reply& reply) {
  ByteWriter objects;
  if (!reply.mpls.empty()) {
    objects.u16(static_cast<std::uint16_t>(4 * reply.mpls.size()));
    objects.u16(0x0101);
    for (const MplsLabel& each : reply.mpls) {
      objects.u32(each.label << 12 | std::uint32_t{each.traffic_class} << 9 |
                  (each.bottom ? 0x100U : 0U) | each.ttl);
    }
  }
  for (const IcmpObject& each : reply.objects) {
    objects.u16(static_cast<std::uint16_t>(each.payload.size()));
    objects.u8(each.class_number);
    objects.u8(each.type);
    objects.bytes(each.payload);
  }
  out.u16(static_cast<std::uint16_t>(objects.size()));
  out.bytes(objects.view());
}

void put_hop(ByteWriter& out, const Traceroute& trace, const Hop& hop, const Reply& reply) {
  const bool is_tcp = reply.kind == ReplyKind::TcpSynAck || reply.kind == ReplyKind::TcpReset;
  Parameters fields;
  fields.field(2).u8(hop.ttl);
  fields.field(3).u8(reply.reply_ttl);
  fields.field(4).u8(static_cast<std::uint8_t>(0x10 | (is_tcp ? 0x20 : 0)));
  fields.field(5).u8(static_cast<std::uint8_t>(reply.attempt + 1));
  fields.field(6).u32(static_cast<std::uint32_t>(reply.rtt.count()));
  if (!is_tcp) {
    fields.field(7).u16(static_cast<std::uint16_t>(reply.icmp_type << 8 | reply.icmp_code));
  }
  fields.field(8).u16(trace.probe_size);
  fields.field(9).u16(reply.size);
  fields.field(10).u16(reply.ip_id);
  fields.field(11).u8(reply.tos);
  if (reply.mtu != 0) {
    fields.field(12).u16(reply.mtu);
  }
  if (reply.quoted_ttl) {
    fields.field(13).u16(trace.probe_size);
    fields.field(14).u8(*reply.quoted_ttl);
  }
  if (is_tcp) {
    fields.field(15).u8(reply.tcp_flags);
  }
  if (reply.quoted_tos) {
    fields.field(16).u8(*reply.quoted_tos);
  }
  if (!reply.mpls.empty() || !reply.objects.empty()) {
    put_extensions(fields.field(17), reply);
  }
  fields.address(18, reply.address);
  fields.append_to(out);
}

void put_parameters(ByteWriter& out, const Traceroute& trace, const TraceContext& context) {
  unsigned sent = 0;
  for (const Hop& hop : trace.hops) {
    sent += hop.sent;
  }
  Parameters fields;
  fields.field(1).u32(1);
  fields.field(2).u32(1);
  put_time(fields.field(5), trace.start);
  fields.field(6).u8(stop_number(trace.stop));
  fields.field(7).u8(0);
  fields.field(9).u8(context.attempts);
  fields.field(10).u8(context.max_ttl);
  fields.field(11).u8(type_number(trace.method));
  fields.field(12).u16(trace.probe_size);
  fields.field(13).u16(trace.source_port);
  fields.field(14).u16(trace.destination_port);
  fields.field(15).u8(context.first_ttl);
  fields.field(17).u8(static_cast<std::uint8_t>(std::clamp(context.wait_seconds, 1.0, 255.0)));
  fields.field(19).u16(trace.hops.empty() ? std::uint16_t{0} : trace.hops.back().ttl);
  fields.field(20).u8(context.gap_limit);
  fields.field(23).u16(static_cast<std::uint16_t>(std::min(sent, 65'535U)));
  fields.address(26, trace.source);
  fields.address(27, trace.destination);
  fields.append_to(out);
}

}  // namespace

void append_warts_start(std::string& text, TimePoint start) {
  ByteWriter list;
  list.u32(1);
  list.u32(1);
  list.bytes(as_bytes(std::string_view{"isthmus\0", 8}));
  list.u8(0);
  append_record(text, List, list);
  ByteWriter cycle;
  cycle.u32(1);
  cycle.u32(1);
  cycle.u32(1);
  cycle.u32(whole_seconds(start));
  cycle.u8(0);
  append_record(text, CycleStart, cycle);
}

void append_warts(std::string& text, const Traceroute& trace, const TraceContext& context) {
  ByteWriter body;
  put_parameters(body, trace, context);
  std::uint16_t count = 0;
  for (const Hop& hop : trace.hops) {
    count = static_cast<std::uint16_t>(count + hop.replies.size());
  }
  body.u16(count);
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      put_hop(body, trace, hop, reply);
    }
  }
  body.u16(0);
  append_record(text, Trace, body);
}

void append_warts_stop(std::string& text, TimePoint stop) {
  ByteWriter cycle;
  cycle.u32(1);
  cycle.u32(whole_seconds(stop));
  cycle.u8(0);
  append_record(text, CycleStop, cycle);
}

}  // namespace isthmus::probe
