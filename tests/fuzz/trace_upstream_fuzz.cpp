// Whatever a trace looks like, no AS is named but one that a hop's label, a BGP path, or the
// vantage point's declaration names; and the same trace gives the same reading. Each byte is a TTL:
// silent, or an address of one of a few networks with one of a few kinds of answers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "collector/detect/trace_upstream.hpp"
#include "tests/support/trace_story.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

IpAddress address_of(std::uint8_t byte) {
  constexpr std::uint32_t kNetworks[] = {0x14000001, 0x14010001, 0x14020001, 0x15010001,
                                         0x32030001, 0x28000001, 0x28000063, 0x2800005a,
                                         0x3c000001, 0x0a000001, 0x1e000001, 0x1e000050};
  return IpAddress::v4(kNetworks[byte % 12] + (byte % 12 == 11 ? 0U : byte / 12U % 3));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Labeller kLabeller = isthmus::testing::make_labeller();
  if (size < 2 || size > 80) {
    return 0;
  }
  Target target;
  target.origins = {Asn{900}};
  target.prefixes = {*Prefix::parse("30.0.0.0/24")};
  Traceroute trace;
  trace.destination = *IpAddress::parse("30.0.0.80");
  trace.vantage.asn = Asn{data[0] % 4 == 0 ? 0U : 98U + data[0] % 4};
  for (std::size_t i = 2; i < size; ++i) {
    Hop hop;
    hop.ttl = static_cast<std::uint8_t>(i - 1);
    for (unsigned k = 0; k < data[i] / 36U % 3; ++k) {
      Reply reply;
      reply.address = address_of(static_cast<std::uint8_t>(data[i] + 5 * k));
      if (reply.address == trace.destination && data[i] % 2 == 0) {
        reply.kind = ReplyKind::EchoReply;
      }
      hop.replies.push_back(reply);
    }
    trace.hops.push_back(std::move(hop));
  }
  PathEdges edges;
  std::vector<Asn> named{trace.vantage.asn};
  for (unsigned bit = 0; bit < 4; ++bit) {
    if ((data[1] >> bit & 1) != 0) {
      named.insert(named.end(), {Asn{100 + bit}, Asn{101 + bit}});
      edges.add(std::vector<Asn>{Asn{100 + bit}, Asn{101 + bit}, Asn{900}});
    }
  }
  const std::vector<Asn> known{Asn{100 + (data[1] >> 6 & 3U)}};
  TraceContext context{.target = target, .prefix = target.prefixes.front()};
  context.edges = &edges;
  context.known = context.established = known;
  const LabelledTrace labelled = kLabeller.label_trace(std::move(trace));
  for (const LabelledAddress& each : labelled.labels) {
    named.insert(named.end(), each.label.origins.begin(), each.label.origins.end());
  }
  const auto seen = read_trace(labelled, context);
  if (!seen || seen != read_trace(labelled, context) ||
      seen->upstreams.empty() != (seen->grade == Grade::X)) {
    std::abort();
  }
  const auto reasons = trace_reasons();
  for (const std::string& reason : seen->reasons) {
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
      std::abort();
    }
  }
  for (const Asn asn : seen->upstreams) {
    if (asn == Asn{0} || asn == Asn{900} ||
        std::find(named.begin(), named.end(), asn) == named.end()) {
      std::abort();
    }
  }
  return 0;
}
