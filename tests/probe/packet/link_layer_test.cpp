#include "probe/packet/link_layer.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace isthmus;
using namespace isthmus::probe;

namespace {

const std::string kIp = "E-packet";

void check(int type, const std::string& header) {
  const std::string text = header + kIp;
  const Bytes frame = as_bytes(text);
  const auto found = strip_link_layer(type, frame);
  REQUIRE(found);
  CHECK(as_text(found->packet) == kIp);
  for (std::size_t size = 0; size < header.size(); ++size) {
    CHECK_FALSE(strip_link_layer(type, frame.first(size)));
  }
}

}  // namespace

TEST_CASE("each link type's header comes off, and a cut one is refused") {
  const std::string macs(12, 'm');
  check(1, macs + std::string{"\x08\x00", 2});
  check(1, macs + std::string{"\x81\x00\x00\x05\x86\xdd", 6});
  check(1, macs + std::string{"\x88\xa8\x00\x05\x81\x00\x00\x06\x08\x00", 10});
  check(0, std::string(4, '\2'));
  check(113, std::string(14, '\0') + std::string{"\x08\x00", 2});
  check(276, std::string{"\x86\xdd\0\0\0\0\0\7\0\1\4\0", 12} + std::string(8, 'a'));
  check(9, std::string{"\x00\x21", 2});
  check(9, std::string{"\xff\x03\x00\x57", 4});
  check(101, "");
}

TEST_CASE("cooked captures tell direction and interface") {
  const std::string frame =
      std::string{"\x08\x00\0\0\0\0\0\7\0\1\4\0", 12} + std::string(8, 'a') + kIp;
  const auto found = strip_link_layer(276, as_bytes(frame));
  CHECK(found->direction == Direction::Outgoing);
  CHECK(found->interface == 7);
}

TEST_CASE("ARP, and link types that nobody taught us, are no IP") {
  CHECK_FALSE(strip_link_layer(1, as_bytes(std::string(12, 'm') + "\x08\x06" + kIp)));
  CHECK_FALSE(strip_link_layer(105, as_bytes(kIp)));
  CHECK_FALSE(knows_link_type(105));
}
