#pragma once

#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "collector/label/labeller.hpp"
#include "core/route/hop.hpp"

namespace isthmus::testing {

/// A trace from words, one a TTL beginning with 1: an address, "*" for silence, several addresses
/// joined by ','. An address with '!' behind is the destination's final answer, with '^' a router
/// that refuses to deliver, with '~' quotes a TTL of 3 (MPLS). RTTs grow by 10 ms a TTL.
inline Traceroute make_trace(std::string_view words, std::string_view destination,
                             Asn vantage = Asn{64500}) {
  Traceroute trace;
  trace.vantage = {Plane::Data, "probe", IpAddress::v4(0x08080808), vantage};
  trace.destination = *IpAddress::parse(destination);
  trace.start = TimePoint{std::chrono::seconds{1506848871}};
  trace.end = trace.start + std::chrono::seconds{5};
  std::istringstream in{std::string{words}};
  std::string word;
  while (in >> word) {
    Hop hop;
    hop.ttl = static_cast<std::uint8_t>(trace.hops.size() + 1);
    hop.sent = 3;
    std::istringstream parts{word};
    std::string part;
    while (word != "*" && std::getline(parts, part, ',')) {
      Reply reply;
      const char mark = part.back();
      if (mark == '!' || mark == '^' || mark == '~') {
        part.pop_back();
        reply.kind = mark == '!'   ? ReplyKind::EchoReply
                     : mark == '^' ? ReplyKind::AdminProhibited
                                   : ReplyKind::TimeExceeded;
        if (mark == '~') {
          reply.quoted_ttl = 3;
        }
      }
      reply.address = *IpAddress::parse(part);
      reply.rtt = std::chrono::milliseconds{10} * hop.ttl;
      reply.reply_ttl = static_cast<std::uint8_t>(64 - hop.ttl);
      hop.replies.push_back(std::move(reply));
    }
    trace.hops.push_back(std::move(hop));
  }
  return trace;
}

/// Networks for traces: 20.N.0.0/16 belongs to AS(100 + N), 21.N.0.0/16 to both AS(100 + N) and
/// AS(200 + N), 30.0.0.0/16 to AS900; 40.0.0.0/24 is a peering LAN whose 40.0.0.N is AS(100 + N)'s
/// for N < 10, 40.0.0.90 AS900's and the others unknown; 50.N.0.0/16 is registered to AS(100 + N)
/// and not announced; 60.0.0.0/8 is nobody's.
inline collector::Labeller make_labeller() {
  using namespace collector;
  Labeller labeller;
  OriginTableBuilder origins;
  RegisteredSpaceBuilder space;
  IxpTableBuilder ixps;
  std::string delegated;
  std::string members;
  for (std::uint32_t n = 0; n < 10; ++n) {
    const std::string number = std::to_string(n);
    const std::string asn = std::to_string(100 + n);
    const auto single = Prefix::covering(IpAddress::v4(20U << 24 | n << 16), 16);
    const auto both = Prefix::covering(IpAddress::v4(21U << 24 | n << 16), 16);
    origins.add(single, Asn{100 + n});
    origins.add(both, Asn{100 + n});
    origins.add(both, Asn{200 + n});
    delegated += "apnic|HK|ipv4|50." + number + ".0.0|65536|20150101|allocated|H" + number + "\n";
    delegated += "apnic|HK|asn|" + asn + "|1|20150101|allocated|H" + number + "\n";
    members += R"({"asn":)" + asn + R"(,"ix_id":1,"ipv4":["40.0.0.)" + number + "\"]}\n";
  }
  origins.add(*Prefix::parse("30.0.0.0/16"), Asn{900});
  members += R"({"asn":900,"ix_id":1,"ipv4":["40.0.0.90"]})";
  labeller.set_table(LabelSource::Csv, *origins.build(), "test");
  space.add_delegated(delegated);
  labeller.set_registrations(*space.build(), "test");
  ixps.add_caida(R"({"ix_id":1,"name":"Test-IX","prefixes":{"ipv4":["40.0.0.0/24"],"ipv6":[]}})");
  ixps.add_caida(members);
  labeller.set_ixps(*ixps.build(), "test");
  return labeller;
}

}  // namespace isthmus::testing
