#include "probe/output/live_table.hpp"

using namespace isthmus;
using namespace isthmus::probe;

namespace {

const IpAddress kTarget = IpAddress::v4(0xcb007101);

Reply reply_from(std::uint32_t address, int microseconds,
                 ReplyKind kind = ReplyKind::TimeExceeded) {
  Reply reply;
  reply.address = IpAddress::v4(address);
  reply.rtt = Duration{microseconds};
  reply.kind = kind;
  return reply;
}

/// One round: hop 1 answers, hop 2 is silent, hop 3 is the target.
std::vector<Traceroute> round_of(const Reply& first, const Reply& last) {
  Traceroute trace;
  trace.destination = kTarget;
  trace.hops = {{.ttl = 1, .sent = 1, .replies = {first}},
                {.ttl = 2, .sent = 2},
                {.ttl = 3, .sent = 1, .replies = {last}}};
  return {trace};
}

}  // namespace

TEST_CASE("a live table shows answers as they come, and silence once a round is over") {
  LiveTable table{kTarget, nullptr};
  CHECK(table.lines(80).size() == 2);
  const Reply first = reply_from(0x0a000001, 1'000);
  const Reply last = reply_from(0xcb007101, 9'000, ReplyKind::PortUnreachable);
  table.add(1, first);
  table.add(3, last);
  // Packets for hops beyond the target were under way as well.
  table.add(5, last);
  auto lines = table.lines(80);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "trace to 203.0.113.1: tracing, 0 rounds");
  CHECK(lines[2] == "  1  10.0.0.1                  1.000    1.000    1.000    1.000");
  CHECK(lines[3] == "  2  *");
  table.finish_round(round_of(first, last));
  lines = table.lines(120);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "trace to 203.0.113.1: completed, 1 round");
  CHECK(lines[3] == "  2  *               (100%)");
  CHECK(lines[4] ==
        "  3  203.0.113.1         0%    9.000    9.000    9.000    9.000  port_unreachable");
}

TEST_CASE("a live table adds up rounds, and shows every address of a hop") {
  LiveTable table{kTarget, nullptr};
  const Reply last = reply_from(0xcb007101, 9'000, ReplyKind::EchoReply);
  for (const auto& [address, time] : {std::pair{0x0a000001U, 1'000}, std::pair{0x0a000001U, 3'000},
                                      std::pair{0x0a000002U, 2'000}}) {
    const Reply first = reply_from(address, time);
    table.add(1, first);
    table.add(3, last);
    table.finish_round(round_of(first, last));
  }
  const auto lines = table.lines(80);
  REQUIRE(lines.size() == 6);
  CHECK(lines[2] == "  1  10.0.0.1            0%    3.000    1.000    2.000    3.000");
  CHECK(lines[3] == "     10.0.0.2                  2.000    2.000    2.000    2.000");
}

TEST_CASE("no line of a live table is wider than the screen") {
  LiveTable table{kTarget, nullptr};
  table.add(1, reply_from(0x0a000001, 1'000));
  for (const std::string& line : table.lines(20)) {
    CHECK(line.size() <= 20);
  }
}
