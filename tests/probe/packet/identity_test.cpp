#include "probe/packet/identity.hpp"

#include <array>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/reply_builder.hpp"

using namespace isthmus;
using namespace isthmus::probe;
using isthmus::test::ReplyBuilder;

namespace {

const IpAddress kUs = IpAddress::v4(0xc0000201);
const IpAddress kUs6 = IpAddress::v6(0x2001'0db8'0000'0000ULL, 1);
const std::vector<IpAddress> kTargets{IpAddress::v4(0x08080808),
                                      IpAddress::v6(0x2001'4860'4860'0000ULL, 0x8888)};

struct Mode {
  ProbeMethod method;
  std::uint32_t target;
};

ProbeFormat format_of(ProbeMethod method, SipKey key = {11, 12}) {
  return {
      .method = method,
      .key = key,
      .destination_port = method == ProbeMethod::Udp ? std::uint16_t{33434} : std::uint16_t{80}};
}

Expectation expecting(std::uint8_t newest, std::uint8_t rounds, std::uint16_t flows = 64) {
  return {.newest_round = newest, .rounds = rounds, .flows = flows, .targets = kTargets};
}

ProbePacket probe_of(const ProbeFormat& format, std::uint32_t target, const ProbeId& id) {
  return build_probe(format,
                     {.source = kTargets[target].is_v4() ? kUs : kUs6, .id = id, .target = target});
}

ReplyBuilder router(std::uint32_t target) {
  return kTargets[target].is_v4()
             ? ReplyBuilder{.from = IpAddress::v4(0xcb007101), .to = kUs}
             : ReplyBuilder{.from = IpAddress::v6(0x2001'0db8'0001'0000ULL, 9), .to = kUs6};
}

ReplyBuilder host(std::uint32_t target) {
  return {.from = kTargets[target], .to = kTargets[target].is_v4() ? kUs : kUs6};
}

std::optional<Identity> identify_bytes(const ProbeFormat& format, const Expectation& expected,
                                       const std::string& packet) {
  const auto reply = parse_reply(as_bytes(packet));
  return reply ? identify(format, expected, *reply) : std::nullopt;
}

}  // namespace

TEST_CASE("a reply names the probe that caused it, in every mode, at every TTL, flow and round") {
  const auto method =
      GENERATE(ProbeMethod::Udp, ProbeMethod::Icmp, ProbeMethod::TcpSyn, ProbeMethod::TcpAck);
  const std::uint32_t target = GENERATE(0U, 1U);
  const std::size_t quoted = GENERATE(as<std::size_t>{}, 8, 1000);
  const ProbeFormat format = format_of(method);
  for (std::uint8_t ttl = 1; ttl <= kMaxTtl; ++ttl) {
    for (const auto flow : std::array<std::uint16_t, 3>{0, 1, 63}) {
      for (const auto round : std::array<std::uint8_t, 4>{250, 255, 0, 3}) {
        const ProbeId id{kTargets[target], ttl, flow, round};
        const ProbePacket probe = probe_of(format, target, id);
        const std::size_t cut = quoted + (target == 0 ? 20 : 40);
        const auto found = identify_bytes(format, expecting(3, 12),
                                          router(target).time_exceeded(probe.view(), cut));
        REQUIRE(found);
        CHECK(found->id == id);
        CHECK_FALSE(found->nat);
        CHECK(found->certain);
      }
    }
  }
}

TEST_CASE("direct replies of the target name the probe") {
  const std::uint32_t target = GENERATE(0U, 1U);
  const ProbeId id{kTargets[target], 33, 2, 1};
  SECTION("echo replies, even from another address") {
    const ProbeFormat format = format_of(ProbeMethod::Icmp);
    const ProbePacket probe = probe_of(format, target, id);
    for (const ReplyBuilder& from : {host(target), router(target)}) {
      const auto found = identify_bytes(format, expecting(1, 2), from.echo_reply(probe.view()));
      REQUIRE(found);
      CHECK(found->id == id);
      CHECK_FALSE(found->nat);
    }
  }
  SECTION("SYN-ACK and RST to a SYN, RST to an ACK") {
    const bool is_open = GENERATE(false, true);
    const auto method = GENERATE(ProbeMethod::TcpSyn, ProbeMethod::TcpAck);
    const ProbeFormat format = format_of(method);
    const ProbePacket probe = probe_of(format, target, id);
    const auto found =
        identify_bytes(format, expecting(1, 2), host(target).tcp_answer(probe.view(), is_open));
    REQUIRE(found);
    CHECK(found->id == id);
    CHECK_FALSE(found->nat);
  }
  SECTION("port unreachable") {
    const ProbeFormat format = format_of(ProbeMethod::Udp);
    const ProbePacket probe = probe_of(format, target, id);
    CHECK(
        identify_bytes(format, expecting(1, 2), host(target).port_unreachable(probe.view()))->id ==
        id);
  }
}

TEST_CASE("other instances, old rounds and altered tags are foreign") {
  const auto method = GENERATE(ProbeMethod::Udp, ProbeMethod::Icmp, ProbeMethod::TcpSyn);
  const std::uint32_t target = GENERATE(0U, 1U);
  const ProbeFormat format = format_of(method);
  const ProbeId id{kTargets[target], 5, 0, 4};
  const ProbePacket probe = probe_of(format, target, id);
  const std::string reply = router(target).time_exceeded(probe.view());
  CHECK(identify_bytes(format, expecting(4, 2), reply));
  CHECK(identify_bytes(format, expecting(5, 2), reply));
  CHECK_FALSE(identify_bytes(format, expecting(6, 2), reply));
  CHECK_FALSE(identify_bytes(format, expecting(3, 2), reply));
  CHECK_FALSE(identify_bytes(format_of(method, {11, 13}), expecting(4, 2), reply));
}

TEST_CASE("of a million forged short quotations none is certain, and few pass at all") {
  const ProbeFormat format = format_of(ProbeMethod::Udp);
  std::mt19937 random{5};
  ProbePacket probe = probe_of(format, 0, {kTargets[0], 5, 0, 0});
  int weak = 0;
  int certain = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const std::uint32_t guess = static_cast<std::uint32_t>(random());
    for (const auto& [offset, shift] : {std::pair{4U, 24U}, {5U, 16U}, {26U, 8U}, {27U, 0U}}) {
      probe.storage[offset] = static_cast<std::byte>(guess >> shift & 0xff);
    }
    ReplyPacket reply;
    reply.ip.destination = kUs;
    reply.quote = Quote{*parse_ip_header(probe.view()), probe.view().subspan(20, 8)};
    if (const auto found = identify(format, expecting(0, 1, 1), reply)) {
      (found->certain ? certain : weak)++;
    }
  }
  CHECK(certain <= 1);  // 63 of 2^32 guesses fit: a chance of 1.5 % over the million
  CHECK(weak < 1'200);  // one in 1,024 fits ten bits
}

TEST_CASE("NAT is noticed, and the hop kept") {
  const ProbeFormat format = format_of(ProbeMethod::Udp);
  const ProbeId id{kTargets[0], 9, 1, 0};
  const ProbePacket probe = probe_of(format, 0, id);
  std::string quote{as_text(probe.view())};
  SECTION("another source address, with the checksum adjusted to it") {
    quote[12] = 10;
    quote[27] = static_cast<char>(quote[27] + 1);
  }
  SECTION("another source port") {
    quote[20] = 17;
  }
  SECTION("another destination") {
    quote[19] = 99;
  }
  SECTION("another IP identification") {
    quote[4] = static_cast<char>(quote[4] ^ 0x55);
  }
  const auto found =
      identify_bytes(format, expecting(0, 1), router(0).time_exceeded(as_bytes(quote)));
  REQUIRE(found);
  CHECK(found->id == id);
  CHECK(found->nat);
}

TEST_CASE("a checksum rewritten in a short quotation is NAT, known by ten bits only") {
  const ProbeFormat format = format_of(ProbeMethod::Udp);
  const ProbeId id{kTargets[0], 9, 1, 0};
  std::string quote{as_text(probe_of(format, 0, id).view())};
  quote[26] = static_cast<char>(quote[26] ^ 0x55);
  const auto found =
      identify_bytes(format, expecting(0, 1), router(0).time_exceeded(as_bytes(quote), 28));
  REQUIRE(found);
  CHECK(found->id == id);
  CHECK(found->nat);
  CHECK_FALSE(found->certain);
}

TEST_CASE("a short quotation that is padded with zeros for an extension is recognised") {
  const std::uint32_t target = GENERATE(0U, 1U);
  const ProbeFormat format = format_of(ProbeMethod::Udp);
  const ProbeId id{kTargets[target], 9, 1, 0};
  const ProbePacket probe = probe_of(format, target, id);
  const Bytes shortest = probe.view().first(target == 0 ? 28 : 48);
  const std::string body =
      isthmus::test::extended_body(shortest, 128, isthmus::test::mpls_object({0x64101}));
  const std::uint32_t length = target == 0 ? 32U << 16 : 16U << 24;
  const auto packet = router(target).icmp(target == 0 ? 11 : 3, 0, length, as_bytes(body));
  const auto found = identify_bytes(format, expecting(0, 1), packet);
  REQUIRE(found);
  CHECK(found->id == id);
  CHECK_FALSE(found->nat);
}

TEST_CASE("our own packets are recognised as they leave") {
  const ProbeFormat format = format_of(ProbeMethod::TcpSyn);
  const ProbeId id{kTargets[1], 9, 1, 0};
  const auto found = identify_sent(format, expecting(0, 1), probe_of(format, 1, id).view());
  REQUIRE(found);
  CHECK(found->id == id);
}
