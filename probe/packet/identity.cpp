#include "probe/packet/identity.hpp"

#include <algorithm>

#include "probe/packet/probe_fields.hpp"

namespace isthmus::probe {
namespace {

/// What a quotation says in the fields that `build_probe` writes, and which of them came back.
struct Seen {
  IpAddress destination;
  ProbeFields fields;
  std::optional<ProbePayload> payload;
  std::uint16_t destination_port = 0;
  std::uint32_t label = 0;
  bool is_v4 = true;
};

/// How much of the tag agrees: none, ten bits, or all that the header holds.
enum class Fit : std::uint8_t { None, Short, Whole };

std::optional<Seen> read_seen(const ProbeFormat& format, const IpHeader& ip, Bytes transport) {
  if (ip.protocol != protocol_of(format.method, ip.destination.family())) {
    return std::nullopt;
  }
  Seen seen;
  seen.is_v4 = ip.destination.is_v4();
  seen.destination = ip.destination;
  seen.fields.ip_id = ip.ip_id;
  seen.label = ip.flow_label;
  ByteReader reader{transport};
  switch (format.method) {
    case ProbeMethod::Udp:
      seen.fields.flow_port = reader.u16();
      seen.destination_port = reader.u16();
      reader.skip(2);
      seen.fields.checksum = reader.u16();
      break;
    case ProbeMethod::Icmp:
      reader.skip(2);
      seen.fields.checksum = reader.u16();
      seen.fields.flow_port = reader.u16();
      seen.fields.icmp_sequence = reader.u16();
      break;
    case ProbeMethod::TcpSyn:
    case ProbeMethod::TcpAck:
      seen.fields.flow_port = reader.u16();
      seen.destination_port = reader.u16();
      seen.fields.tcp_sequence = reader.u32();
      break;
  }
  if (!reader.ok()) {
    return std::nullopt;
  }
  if (format.method == ProbeMethod::Udp || format.method == ProbeMethod::Icmp) {
    seen.payload = read_payload(reader.rest());
    if (seen.payload && seen.payload->id.ttl == 0) {
      seen.payload.reset();  // zeros: RFC 4884's padding behind a short quotation
    }
  }
  return seen;
}

std::uint8_t claimed_ttl(const ProbeFormat& format, const Seen& seen) {
  const bool is_tcp = protocol_of(format.method, Family::Ipv4) == kProtocolTcp;
  if (is_tcp) {
    return static_cast<std::uint8_t>(seen.fields.tcp_sequence >> 26);
  }
  if (seen.is_v4) {
    return static_cast<std::uint8_t>(seen.fields.ip_id >> 10);
  }
  const std::uint16_t word =
      format.method == ProbeMethod::Udp ? seen.fields.checksum : seen.fields.icmp_sequence;
  return static_cast<std::uint8_t>(word >> 10);
}

Fit fit_of(const ProbeFormat& format, const Seen& seen, const ProbeId& id) {
  const ProbeFields want = probe_fields(format, id);
  bool whole = false;
  switch (format.method) {
    case ProbeMethod::Udp:
      whole = seen.fields.checksum == want.checksum;
      break;
    case ProbeMethod::Icmp:
      whole = seen.fields.icmp_sequence == want.icmp_sequence;
      break;
    case ProbeMethod::TcpSyn:
    case ProbeMethod::TcpAck:
      return seen.fields.tcp_sequence == want.tcp_sequence ? Fit::Whole : Fit::None;
  }
  if (!seen.is_v4) {
    // Ten bits of the tag, and twenty that the label keeps.
    const bool labelled = seen.label == flow_label(format.key, id.destination, id.flow);
    return !whole ? Fit::None : labelled ? Fit::Whole : Fit::Short;
  }
  if (seen.fields.ip_id != want.ip_id) {
    return Fit::None;
  }
  return whole ? Fit::Whole : Fit::Short;
}

bool is_rewritten(const ProbeFormat& format, const Seen& seen, const ProbeId& id) {
  const ProbeFields want = probe_fields(format, id);
  const bool has_port = format.method != ProbeMethod::Icmp;
  return seen.destination != id.destination || seen.fields.flow_port != want.flow_port ||
         seen.fields.checksum != want.checksum || (seen.is_v4 && seen.fields.ip_id != want.ip_id) ||
         (has_port && seen.destination_port != format.destination_port);
}

/// The payload was echoed or quoted whole: it alone decides, whatever happened to the headers.
std::optional<Identity> from_payload(const ProbeFormat& format, const Expectation& expected,
                                     const ProbePayload& payload, const IpAddress& destination) {
  const auto age = static_cast<std::uint8_t>(expected.newest_round - payload.id.round);
  if (age >= expected.rounds || payload.id.ttl == 0 || payload.id.ttl > kMaxTtl ||
      payload.id.flow >= expected.flows) {
    return std::nullopt;
  }
  ProbeId id = payload.id;
  id.destination =
      payload.target < expected.targets.size() ? expected.targets[payload.target] : destination;
  if (probe_fields(format, id).tag32 != payload.tag32) {
    return std::nullopt;
  }
  return Identity{.id = id};
}

/// Tries each expected round, and, where the port was rewritten, each flow in use.
std::optional<Identity> from_headers(const ProbeFormat& format, const Expectation& expected,
                                     const Seen& seen) {
  const int claimed = seen.fields.flow_port - format.base_port;
  const bool has_flow = claimed >= 0 && claimed < expected.flows;
  ProbeId id{.destination = seen.destination, .ttl = claimed_ttl(format, seen)};
  if (id.ttl == 0) {
    return std::nullopt;
  }
  // Sixteen flows bound the work that a hostile packet can cause.
  const int first = has_flow ? claimed : 0;
  const int last = has_flow ? claimed : std::min<int>(expected.flows, 16) - 1;
  std::optional<Identity> weak;
  for (int flow = first; flow <= last; ++flow) {
    id.flow = static_cast<std::uint16_t>(flow);
    for (unsigned age = 0; age < expected.rounds; ++age) {
      id.round = static_cast<std::uint8_t>(expected.newest_round - age);
      const Fit fit = fit_of(format, seen, id);
      if (fit == Fit::Whole) {
        return Identity{.id = id, .nat = is_rewritten(format, seen, id)};
      }
      if (fit == Fit::Short && !weak && has_flow) {
        weak = Identity{.id = id, .nat = true, .certain = false};
      }
    }
  }
  return weak;
}

std::optional<Identity> from_quote(const ProbeFormat& format, const Expectation& expected,
                                   const IpHeader& ip, Bytes transport) {
  const auto seen = read_seen(format, ip, transport);
  if (!seen) {
    return std::nullopt;
  }
  if (seen->payload) {
    auto found = from_payload(format, expected, *seen->payload, seen->destination);
    if (found) {
      found->nat = is_rewritten(format, *seen, found->id);
      return found;
    }
  }
  auto found = from_headers(format, expected, *seen);
  if (found && seen->payload) {
    // The header fits and the payload does not: a router that pads a short quotation, or a guess.
    if (!found->certain || !seen->is_v4) {
      return std::nullopt;
    }
  }
  return found;
}

std::optional<Identity> from_echo(const ProbeFormat& format, const Expectation& expected,
                                  const ReplyPacket& reply) {
  const auto payload = read_payload(reply.echo->payload);
  if (format.method != ProbeMethod::Icmp || !payload) {
    return std::nullopt;
  }
  auto found = from_payload(format, expected, *payload, reply.ip.source);
  if (found) {
    const ProbeFields want = probe_fields(format, found->id);
    if (reply.echo->sequence != want.icmp_sequence) {
      return std::nullopt;
    }
    found->nat = reply.echo->id != want.flow_port;
  }
  return found;
}

std::optional<Identity> from_tcp(const ProbeFormat& format, const Expectation& expected,
                                 const ReplyPacket& reply) {
  const TcpFields& tcp = *reply.tcp;
  if (protocol_of(format.method, Family::Ipv4) != kProtocolTcp ||
      tcp.source_port != format.destination_port) {
    return std::nullopt;
  }
  const bool acknowledges = (tcp.flags & kTcpAck) != 0;
  Seen seen;
  seen.is_v4 = reply.ip.source.is_v4();
  seen.destination = reply.ip.source;
  seen.destination_port = tcp.source_port;
  seen.fields.flow_port = tcp.destination_port;
  seen.fields.tcp_sequence = acknowledges ? tcp.acknowledgment - 1 : tcp.sequence;
  auto found = from_headers(format, expected, seen);
  if (!found && acknowledges) {
    // Some middleboxes acknowledge the SYN as if it took no sequence number.
    seen.fields.tcp_sequence = tcp.acknowledgment;
    found = from_headers(format, expected, seen);
  }
  if (found) {
    found->nat = seen.fields.flow_port != probe_fields(format, found->id).flow_port;
  }
  return found;
}

}  // namespace

std::optional<Identity> identify(const ProbeFormat& format, const Expectation& expected,
                                 const ReplyPacket& reply) {
  if (reply.quote) {
    auto found = from_quote(format, expected, reply.quote->ip, reply.quote->transport);
    if (found) {
      found->nat = found->nat || reply.quote->ip.source != reply.ip.destination;
    }
    return found;
  }
  if (reply.echo) {
    return from_echo(format, expected, reply);
  }
  return reply.tcp ? from_tcp(format, expected, reply) : std::nullopt;
}

std::optional<std::uint32_t> claimed_target(const ReplyPacket& reply) {
  constexpr std::size_t kHeader = 8;  // of UDP and of an echo request alike
  std::optional<ProbePayload> payload;
  if (reply.echo) {
    payload = read_payload(reply.echo->payload);
  } else if (reply.quote && reply.quote->ip.protocol != kProtocolTcp) {
    payload = read_payload(reply.quote->transport.subspan(kHeader));
  }
  return payload ? std::optional{payload->target} : std::nullopt;
}

std::optional<Identity> identify_sent(const ProbeFormat& format, const Expectation& expected,
                                      Bytes packet) {
  const auto ip = parse_ip_header(packet);
  if (!ip || ip->is_later_fragment) {
    return std::nullopt;
  }
  return from_quote(format, expected, *ip, packet.subspan(ip->size));
}

}  // namespace isthmus::probe
