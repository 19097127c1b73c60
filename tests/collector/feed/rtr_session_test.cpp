#include "collector/feed/rtr_session.hpp"

#include <catch2/catch.hpp>

#include "tests/support/mrt_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;
using namespace std::chrono_literals;

namespace {

using State = RtrSession::State;
const TimePoint kNow{std::chrono::seconds{1742256000}};  // 2025-03-18

std::string pdu(unsigned type, unsigned field, const std::string& body, unsigned version = 1) {
  return u8(version) + u8(type) + u16(field) + u32(body.size() + 8) + body;
}
std::string vrp(const char* text, unsigned max_length, std::uint32_t asn, bool announced = true) {
  const Prefix prefix = *Prefix::parse(text);
  return pdu(prefix.family() == Family::Ipv4 ? 4 : 6, 0,
             u8(announced ? 1 : 0) + u8(prefix.length()) + u8(max_length) + u8(0) +
                 address(prefix.address().to_string()) + u32(asn));
}
std::string response(unsigned session = 7) {
  return pdu(3, session, "");
}
std::string end_of_data(std::uint32_t serial, unsigned session = 7, unsigned expire = 7200) {
  return pdu(7, session, u32(serial) + u32(3600) + u32(600) + u32(expire));
}

struct Fixture {
  std::string sent;
  RtrSession session{[this](Bytes bytes) { sent += as_text(bytes); }};

  void hear(const std::string& bytes, TimePoint now = kNow) {
    sent.clear();
    session.receive(as_bytes(bytes), now);
  }
  void start() {
    session.connected(kNow);
    hear(response() + vrp("175.45.176.0/22", 24, 131279) + vrp("2001:db8::/32", 48, 64500) +
         end_of_data(5));
  }
};

const std::string kResetQuery = pdu(2, 0, "");

}  // namespace

TEST_CASE_METHOD(Fixture, "a first connection asks for all, the next for what has changed",
                 "[rtr]") {
  session.connected(kNow);
  CHECK(session.state() == State::Asking);
  CHECK(sent == kResetQuery);
  hear(response());
  CHECK(session.state() == State::Receiving);
  hear(vrp("175.45.176.0/22", 24, 131279));
  CHECK(session.table() == nullptr);
  hear(end_of_data(5));
  CHECK(session.state() == State::Synchronised);
  REQUIRE(session.table() != nullptr);
  CHECK(session.table()->vrps() ==
        std::vector<Vrp>{{*Prefix::parse("175.45.176.0/22"), 24, Asn{131279}}});
  const auto before = session.table();
  session.disconnected();
  CHECK(session.table() == before);
  sent.clear();
  session.connected(kNow + 1min);
  CHECK(sent == pdu(1, 7, u32(5)));
  hear(response() + vrp("175.45.176.0/22", 24, 131279, false) + vrp("10.0.0.0/8", 8, 1) +
       end_of_data(6));
  CHECK(session.table()->vrps() == std::vector<Vrp>{{*Prefix::parse("10.0.0.0/8"), 8, Asn{1}}});
  CHECK(before->size() == 1);  // who still reads the old table is not disturbed
  CHECK(session.oddities() == 0);
}

TEST_CASE_METHOD(Fixture, "a cache that cannot tell what has changed is asked for all", "[rtr]") {
  start();
  session.disconnected();
  session.connected(kNow);
  hear(pdu(8, 0, ""));
  CHECK(sent == kResetQuery);
  hear(response(8) + vrp("10.0.0.0/8", 8, 1) + end_of_data(1, 8));
  CHECK(session.table()->size() == 1);
  // The same where the session is another one.
  session.disconnected();
  session.connected(kNow);
  hear(response(9));
  CHECK(sent == kResetQuery);
}

TEST_CASE_METHOD(Fixture, "it asks when it is told to, and when it is time", "[rtr]") {
  start();
  hear(pdu(0, 7, u32(6)));
  CHECK(sent == pdu(1, 7, u32(5)));
  hear(response() + end_of_data(6));
  session.tick(kNow + 30min);
  CHECK(sent.empty());
  session.tick(kNow + 60min);
  CHECK(sent == pdu(1, 7, u32(6)));
  session.tick(kNow + 63min);
  CHECK(session.state() == State::Broken);
}

TEST_CASE_METHOD(Fixture, "a table that nobody has confirmed for too long is not used", "[rtr]") {
  start();
  session.disconnected();
  session.tick(kNow + 119min);
  CHECK(session.table() != nullptr);
  session.tick(kNow + 120min);
  CHECK(session.table() == nullptr);
  session.connected(kNow + 121min);
  CHECK(sent == kResetQuery);
}

TEST_CASE_METHOD(Fixture, "a cache of the first version is spoken to in it", "[rtr]") {
  session.connected(kNow);
  sent.clear();
  hear(pdu(10, 4, u32(0) + u32(0), 0));
  CHECK(sent == pdu(2, 0, "", 0));
  CHECK(session.version() == 0);
  hear(pdu(3, 7, "", 0) + pdu(7, 7, u32(1), 0));
  CHECK(session.state() == State::Synchronised);
}

TEST_CASE_METHOD(Fixture, "what breaks the rules ends the connection and keeps the table",
                 "[rtr]") {
  const std::string bytes =
      GENERATE(std::string("GET / HTTP/1.1\r\n\r\n"), u8(1) + u8(4) + u16(0) + u32(7),
               u8(1) + u8(4) + u16(0) + u32(0xffffffff), vrp("10.0.0.0/8", 8, 1), end_of_data(9),
               response() + response(), pdu(10, 3, u32(0) + u32(3) + "bad"),
               pdu(10, 3, u32(0xffffffff) + u32(3)), pdu(4, 0, "short"));
  start();
  const auto table = session.table();
  hear(bytes);
  CHECK(session.state() == State::Broken);
  CHECK_FALSE(session.reason().empty());
  CHECK(session.table() == table);
  hear("more");
  const ByteAccount account = session.account();
  std::uint64_t sum = account.decoded + account.left_over;
  for (const auto& [reason, count] : account.skipped) {
    sum += count;
  }
  CHECK(sum == account.total);
}

TEST_CASE_METHOD(Fixture, "prefixes out of range are refused", "[rtr]") {
  session.connected(kNow);
  hear(response());
  const auto [length, max_length] =
      GENERATE(table<unsigned, unsigned>({{33, 33}, {24, 33}, {24, 23}}));
  hear(pdu(4, 0, u8(1) + u8(length) + u8(max_length) + u8(0) + u32(0) + u32(1)));
  CHECK(session.state() == State::Broken);
}

TEST_CASE_METHOD(Fixture, "an answer may be cut at every byte", "[rtr]") {
  const std::string answer = response() + vrp("175.45.176.0/22", 24, 131279) +
                             pdu(9, 0, std::string(30, 'k')) + pdu(77, 0, "later") +
                             vrp("2001:db8::/32", 48, 64500) + end_of_data(5);
  session.connected(kNow);
  for (const char each : answer) {
    session.receive(as_bytes(std::string_view{&each, 1}), kNow);
  }
  REQUIRE(session.state() == State::Synchronised);
  CHECK(session.table()->size() == 2);
  CHECK(session.account().skipped.at("router_key") == 38);
  CHECK(session.account().skipped.at("unknown_type") == 13);
}
