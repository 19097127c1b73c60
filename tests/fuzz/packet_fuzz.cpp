// A packet of any bytes, behind any link layer: what is accepted accounts for each byte and points
// into the input; extension objects lie in the extension; and what passes for an answer to one of
// our probes names a probe that we may have sent.
#include <array>
#include <cstdlib>
#include <functional>

#include "probe/packet/icmp_extension.hpp"
#include "probe/packet/identity.hpp"
#include "probe/packet/link_layer.hpp"
#include "probe/packet/reply_packet.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::probe;

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

bool inside(Bytes part, Bytes whole) {
  const std::less_equal<const std::byte*> before;
  return part.empty() || (before(whole.data(), part.data()) &&
                          before(part.data() + part.size(), whole.data() + whole.size()));
}

void check_views(const ReplyPacket& reply, Bytes packet) {
  expect(reply.bytes.sum() == packet.size());
  expect(inside(reply.extension, packet));
  if (reply.quote) {
    expect(inside(reply.quote->transport, packet) && reply.quote->transport.size() >= 8);
  }
  if (reply.echo) {
    expect(inside(reply.echo->payload, packet));
  }
  std::size_t used = reply.extension.empty() ? 0 : 4;
  ExtensionReader reader{reply.extension};
  while (const auto object = reader.next()) {
    expect(inside(object->payload, reply.extension));
    used += 4 + object->payload.size();
    std::vector<MplsLabel> labels;
    append_mpls(*object, labels);
    expect(labels.size() == object->payload.size() / 4);
  }
  expect(used + reader.left_over() == reply.extension.size());
}

void check_identity(const std::optional<Identity>& found, const Expectation& expected) {
  if (found) {
    expect(found->id.ttl >= 1 && found->id.ttl <= kMaxTtl);
    expect(found->id.flow < expected.flows);
    expect(static_cast<std::uint8_t>(expected.newest_round - found->id.round) < expected.rounds);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<int, 10> kLinks{1, 101, 113, 276, 0, 9, 108, 12, 228, 4711};
  constexpr std::array<ProbeMethod, 4> kMethods{ProbeMethod::Udp, ProbeMethod::Icmp,
                                                ProbeMethod::TcpSyn, ProbeMethod::TcpAck};
  if (size < 2) {
    return 0;
  }
  const Bytes input = std::as_bytes(std::span{data, size});
  const auto frame = strip_link_layer(kLinks[data[0] % kLinks.size()], input.subspan(2));
  if (!frame) {
    return 0;
  }
  expect(inside(frame->packet, input));
  const std::array<IpAddress, 1> targets{IpAddress::v4(0x08080808)};
  const Expectation expected{.newest_round = 1, .rounds = 3, .flows = 4, .targets = targets};
  const ProbeFormat format{.method = kMethods[data[1] % kMethods.size()], .key = {1, 2}};
  check_identity(identify_sent(format, expected, frame->packet), expected);
  const auto reply = parse_reply(frame->packet);
  if (reply) {
    check_views(*reply, frame->packet);
    check_identity(identify(format, expected, *reply), expected);
  }
  return 0;
}
