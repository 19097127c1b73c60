#include "probe/packet/reply_packet.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "probe/packet/icmp_extension.hpp"
#include "probe/packet/probe.hpp"
#include "tests/support/reply_builder.hpp"

using namespace isthmus;
using namespace isthmus::probe;
using isthmus::test::extended_body;
using isthmus::test::mpls_object;
using isthmus::test::ReplyBuilder;

namespace {

const ProbeFormat kUdp{.method = ProbeMethod::Udp, .key = {1, 2}};
const IpAddress kUs = IpAddress::v4(0xc0000201);
const IpAddress kUs6 = IpAddress::v6(0x2001'0db8'0000'0000ULL, 1);

ProbePacket probe_to(const IpAddress& destination) {
  return build_probe(kUdp, {.source = destination.is_v4() ? kUs : kUs6,
                            .id = {.destination = destination, .ttl = 7}});
}

const ProbePacket kProbe = probe_to(IpAddress::v4(0x08080808));
const ProbePacket kProbe6 = probe_to(IpAddress::v6(0x2001'4860'0000'0000ULL, 0x8888));
const ReplyBuilder kRouter{.from = IpAddress::v4(0xcb007101), .to = kUs, .ttl = 249, .tos = 0xc0};
const ReplyBuilder kRouter6{.from = IpAddress::v6(0x2001'0db8'0001'0000ULL, 9), .to = kUs6};

std::vector<ExtensionObject> objects_of(const ReplyPacket& reply) {
  std::vector<ExtensionObject> objects;
  ExtensionReader reader{reply.extension};
  while (auto object = reader.next()) {
    objects.push_back(*object);
  }
  return objects;
}

}  // namespace

TEST_CASE("an ICMP error tells who sent it, and quotes the probe") {
  const std::string packet = kRouter.time_exceeded(kProbe.view());
  const auto reply = parse_reply(as_bytes(packet));
  REQUIRE(reply);
  CHECK(reply->kind == ReplyKind::TimeExceeded);
  CHECK(reply->ip.source == kRouter.from);
  CHECK(reply->ip.ttl == 249);
  CHECK(reply->ip.tos == 0xc0);
  CHECK(reply->ip.ip_id == 0x1234);
  CHECK(reply->ip.total_length == packet.size());
  REQUIRE(reply->quote);
  CHECK(reply->quote->ip.destination == IpAddress::v4(0x08080808));
  CHECK(reply->quote->ip.ttl == 7);
  CHECK(reply->quote->transport.size() == 24);
  CHECK(reply->bytes.sum() == packet.size());
}

TEST_CASE("every shorter packet is refused or quotes eight bytes of transport at least") {
  for (const ProbePacket* probe : {&kProbe, &kProbe6}) {
    const std::string packet = (probe == &kProbe ? kRouter : kRouter6).time_exceeded(probe->view());
    const std::size_t headers = probe == &kProbe ? 20 + 8 + 20 : 40 + 8 + 40;
    for (std::size_t size = 0; size < packet.size(); ++size) {
      const auto reply = parse_reply(as_bytes(packet).first(size));
      REQUIRE(reply.has_value() == (size >= headers + 8));
      if (reply) {
        REQUIRE(reply->bytes.sum() == size);
      }
    }
  }
}

TEST_CASE("a quotation of 28 bytes and one of 48 bytes suffice") {
  const std::string v4 = kRouter.time_exceeded(kProbe.view(), 28);
  const std::string v6 = kRouter6.time_exceeded(kProbe6.view(), 48);
  CHECK(parse_reply(as_bytes(v4))->quote->transport.size() == 8);
  CHECK(parse_reply(as_bytes(v6))->quote->transport.size() == 8);
  CHECK(parse_reply(as_bytes(kRouter.time_exceeded(kProbe.view(), 27))).error() ==
        ReplyFault::NoQuote);
}

TEST_CASE("a quoted length that is zero, byte-swapped or too long does not lose the quotation") {
  const int length = GENERATE(0, 0x2c00, 20, 44, 0xffff);
  std::string quote{as_text(kProbe.view())};
  quote[2] = static_cast<char>(length >> 8);
  quote[3] = static_cast<char>(length & 0xff);
  const std::string packet = kRouter.time_exceeded(as_bytes(quote));
  const auto reply = parse_reply(as_bytes(packet));
  REQUIRE(reply);
  CHECK(reply->quote->transport.size() == 24);
}

TEST_CASE("IP options of the quoted packet and of the reply are stepped over") {
  std::string quote{as_text(kProbe.view())};
  quote[0] = 0x47;
  quote.insert(20, std::string(8, '\1'));
  std::string packet = kRouter.time_exceeded(as_bytes(quote));
  packet[0] = 0x46;
  packet.insert(20, std::string(4, '\1'));
  packet[3] = static_cast<char>(packet.size());
  const auto reply = parse_reply(as_bytes(packet));
  REQUIRE(reply);
  CHECK(reply->bytes.ip_header == 24);
  CHECK(reply->quote->ip.size == 28);
  CHECK(reply->quote->transport.size() >= 8);
}

TEST_CASE("IPv6 extension headers are stepped over, in the reply and in the quotation") {
  std::string quote{as_text(kProbe6.view())};
  const std::string hop_by_hop{"\x11\0\1\4\0\0\0\0", 8};  // then UDP
  quote[6] = 0;
  quote.insert(40, hop_by_hop);
  quote[5] = static_cast<char>(quote[5] + 8);
  std::string packet = kRouter6.time_exceeded(as_bytes(quote));
  const std::string fragment{"\x3a\0\0\0\0\0\0\7", 8};  // an "atomic" fragment, then ICMPv6
  packet[6] = 44;
  packet.insert(40, fragment);
  packet[5] = static_cast<char>(packet[5] + 8);
  const auto reply = parse_reply(as_bytes(packet));
  REQUIRE(reply);
  CHECK(reply->ip.size == 48);
  CHECK(reply->quote->ip.size == 48);
  CHECK(reply->quote->ip.protocol == kProtocolUdp);
  CHECK(reply->quote->ip.flow_label ==
        flow_label(kUdp.key, IpAddress::v6(0x2001'4860'0000'0000ULL, 0x8888), 0));
  CHECK(reply->bytes.sum() == packet.size());
}

TEST_CASE("link padding is neither quotation nor extension") {
  std::string packet = kRouter.time_exceeded(kProbe.view(), 28);
  packet.append(6, '\x5a');
  const auto reply = parse_reply(as_bytes(packet));
  REQUIRE(reply);
  CHECK(reply->quote->transport.size() == 8);
  CHECK(reply->bytes.padding == 6);
}

TEST_CASE("MPLS labels are found by the length field, and in the old style by their checksum") {
  const bool is_old = GENERATE(false, true);
  const std::string labels = mpls_object({0x0012'3a01, 0xffff'ffff});
  const std::string body = extended_body(kProbe.view(), 128, labels);
  const std::string packet = kRouter.icmp(11, 0, is_old ? 0 : 32U << 16, as_bytes(body));
  const auto reply = parse_reply(as_bytes(packet));
  REQUIRE(reply);
  const auto objects = objects_of(*reply);
  REQUIRE(objects.size() == 1);
  REQUIRE(is_mpls(objects[0]));
  std::vector<MplsLabel> stack;
  append_mpls(objects[0], stack);
  CHECK(stack ==
        std::vector<MplsLabel>{{.label = 0x123, .traffic_class = 5, .ttl = 1},
                               {.label = 0xfffff, .traffic_class = 7, .bottom = true, .ttl = 255}});
  CHECK(reply->quote->transport.size() == 24);
  CHECK(reply->bytes.sum() == packet.size());
}

TEST_CASE("ICMPv6 counts its length in words of eight") {
  const std::string body = extended_body(kProbe6.view(), 128, mpls_object({0x64101}));
  const auto packet = kRouter6.icmp(3, 0, 16U << 24, as_bytes(body));
  const auto reply = parse_reply(as_bytes(packet));
  REQUIRE(reply);
  CHECK(objects_of(*reply).size() == 1);
}

TEST_CASE(
    "an extension without a checksum needs a stated length; one with a wrong one is refused") {
  const std::string unsigned_body =
      extended_body(kProbe.view(), 128, mpls_object({0x64101}), false);
  const std::string stated = kRouter.icmp(11, 0, 32U << 16, as_bytes(unsigned_body));
  CHECK(objects_of(*parse_reply(as_bytes(stated))).size() == 1);
  const std::string unstated = kRouter.icmp(11, 0, 0, as_bytes(unsigned_body));
  CHECK(parse_reply(as_bytes(unstated))->extension.empty());
  std::string wrong_body = extended_body(kProbe.view(), 128, mpls_object({0x64101}));
  wrong_body[130] = static_cast<char>(wrong_body[130] ^ 1);
  const std::string wrong = kRouter.icmp(11, 0, 32U << 16, as_bytes(wrong_body));
  const auto reply = parse_reply(as_bytes(wrong));
  REQUIRE(reply);
  CHECK(reply->extension.empty());
  CHECK(reply->bytes.padding == wrong_body.size() - 128);
}

TEST_CASE("objects of length zero, and past the end, end the list; those before them count") {
  const std::string bad = GENERATE(std::string{"\0\0\1\1", 4}, std::string{"\0\x40\1\1", 4});
  const std::string other{"\0\x8\7\1text", 8};
  const std::string body = extended_body(kProbe.view(), 128, other + bad);
  const std::string packet = kRouter.icmp(11, 0, 32U << 16, as_bytes(body));
  const auto reply = parse_reply(as_bytes(packet));
  REQUIRE(reply);
  const auto objects = objects_of(*reply);
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].class_number == 7);
  CHECK(as_text(objects[0].payload) == "text");
}

TEST_CASE("a corrupted ICMP message is refused") {
  std::string packet = kRouter.time_exceeded(kProbe.view());
  packet[40] = static_cast<char>(packet[40] ^ 4);
  CHECK(parse_reply(as_bytes(packet)).error() == ReplyFault::BadChecksum);
}

TEST_CASE("unreachable codes are told apart") {
  struct Case {
    std::uint8_t code;
    ReplyKind v4;
  };
  const auto [code, kind] =
      GENERATE(Case{0, ReplyKind::NetUnreachable}, Case{1, ReplyKind::HostUnreachable},
               Case{2, ReplyKind::OtherUnreachable}, Case{3, ReplyKind::PortUnreachable},
               Case{13, ReplyKind::AdminProhibited}, Case{10, ReplyKind::AdminProhibited});
  const std::string packet = kRouter.icmp(3, code, 0, kProbe.view());
  CHECK(parse_reply(as_bytes(packet))->kind == kind);
}

TEST_CASE("packet too big tells the MTU in both families") {
  const std::string v4 = kRouter.icmp(3, 4, 1400, kProbe.view());
  const std::string v6 = kRouter6.icmp(2, 0, 1280, kProbe6.view());
  CHECK(parse_reply(as_bytes(v4))->kind == ReplyKind::PacketTooBig);
  CHECK(parse_reply(as_bytes(v4))->mtu == 1400);
  CHECK(parse_reply(as_bytes(v6))->mtu == 1280);
}

TEST_CASE("requests, redirects, pure acknowledgments, UDP and fragments are no replies") {
  CHECK(parse_reply(as_bytes(kRouter.icmp(8, 0, 0, {}))).error() == ReplyFault::NotAReply);
  CHECK(parse_reply(as_bytes(kRouter.icmp(5, 0, 0, kProbe.view()))).error() ==
        ReplyFault::NotAReply);
  CHECK(parse_reply(as_bytes(kRouter6.icmp(135, 0, 0, {}))).error() == ReplyFault::NotAReply);
  CHECK(parse_reply(as_bytes(kRouter.tcp(80, 33000, 1, 2, kTcpAck))).error() ==
        ReplyFault::NotAReply);
  CHECK(parse_reply(kProbe.view()).error() == ReplyFault::OtherProtocol);
  std::string fragment = kRouter.time_exceeded(kProbe.view());
  fragment[7] = 1;
  CHECK(parse_reply(as_bytes(fragment)).error() == ReplyFault::Fragment);
}
