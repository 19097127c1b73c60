#include "collector/feed/json_text.hpp"

#include <boost/json/src.hpp>

#include "collector/feed/mrt_reader.hpp"
#include "tests/support/mrt_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

/// Every line of an archive, parsed back.
std::vector<boost::json::object> parsed(const std::string& bytes,
                                        const std::string& source = "rrc00") {
  MrtReader reader{memory_input(as_bytes(bytes)), "test", {.source = source}};
  std::vector<boost::json::object> objects;
  while (const MrtElement* element = reader.next_element()) {
    std::string line;
    append_json(line, *element);
    REQUIRE(line.back() == '\n');
    REQUIRE(line.find('\n') == line.size() - 1);
    objects.push_back(boost::json::parse(line).as_object());
  }
  return objects;
}

std::string text(const boost::json::object& object) {
  return boost::json::serialize(object);
}

}  // namespace

TEST_CASE("an announcement is told with everything that is known") {
  const std::string attributes =
      origin(2) + as_path_of(segment(2, {64500, 4837}) + segment(1, {1, 2})) +
      next_hop("192.0.2.9") + med(0) + local_pref(100) + attribute(0x40, 6, {}) +
      aggregator(7, "192.0.2.7") + communities({0xfde80001, 0xffffff01}) +
      attribute(0xc0, 32, u32(1) + u32(2) + u32(4294967295U)) + attribute(0xc0, 35, u32(64500));
  const auto objects = parsed(record(17, 9,
                                     u32(250000) + session(64500, "192.0.2.1") +
                                         bgp(update({}, attributes, nlri("10.0.0.0/8", 3)))));
  REQUIRE(objects.size() == 1);
  CHECK(
      text(objects[0]) ==
      R"({"time":"2017-10-01T09:07:51.250000Z","record":"BGP4MP_ET_AP","type":"announce","collector":"rrc00","peer_address":"192.0.2.1",)"
      R"("peer_asn":64500,"prefix":"10.0.0.0/8","path_id":3,"as_path":"64500 4837 {1,2}","origin":"INCOMPLETE","next_hop":"192.0.2.9",)"
      R"("local_pref":100,"med":0,"atomic_aggregate":true,"aggregator_asn":7,"aggregator_address":"192.0.2.7",)"
      R"("communities":["65000:1","65535:65281"],"large_communities":["1:2:4294967295"],"only_to_customer":64500})");
}

TEST_CASE("what is absent is left out") {
  const auto objects = parsed(message(update(nlri("10.0.0.0/8"), {}, {})));
  REQUIRE(objects.size() == 1);
  CHECK(
      text(objects[0]) ==
      R"({"time":"2017-10-01T09:07:51Z","record":"BGP4MP","type":"withdraw","collector":"rrc00","peer_address":"192.0.2.1","peer_asn":64500,)"
      R"("prefix":"10.0.0.0/8"})");
}

TEST_CASE("tables tell when a route was received, sessions their states, multicast its SAFI") {
  const std::string path = origin() + as_path({64500});
  auto objects = parsed(peer_index({{64500, "2001:db8::1"}}) +
                        rib("2001:db8::/32", {rib_entry(0, path, kTime - 60)}, 5));
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].at("type").as_string() == "table");
  CHECK(objects[0].at("originated").as_string() == "2017-10-01T09:06:51Z");
  CHECK(objects[0].at("safi").as_int64() == 2);
  CHECK_FALSE(objects[0].contains("next_hop"));
  objects = parsed(record(16, 5, session(64500, "192.0.2.1") + u16(3) + u16(6)));
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].at("type").as_string() == "peer_up");
  CHECK(objects[0].at("old_state").as_int64() == 3);
  CHECK(objects[0].at("new_state").as_int64() == 6);
  CHECK_FALSE(objects[0].contains("prefix"));
}

TEST_CASE("a collector's name cannot break the JSON") {
  const std::string name = "a\"b\\c\n\x01\xff";
  const auto objects = parsed(message(update(nlri("10.0.0.0/8"), {}, {})), name);
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].at("collector").as_string() == "a\"b\\c\n\x01\xef\xbf\xbd");
}

TEST_CASE("every line of a damaged archive is one valid object with the same keys first") {
  Dice dice{8};
  std::size_t count = 0;
  for (int round = 0; round < 300; ++round) {
    for (const boost::json::object& object : parsed(dice.damage(dice.archive(5)))) {
      ++count;
      CHECK(object.begin()->key() == "time");
      CHECK(object.contains("peer_asn"));
    }
  }
  CHECK(count > 500);
}
