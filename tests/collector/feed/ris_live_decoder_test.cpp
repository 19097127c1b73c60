#include "collector/feed/ris_live_decoder.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/test_paths.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

using Kind = RisLiveDecoder::Kind;
const TimePoint kNow{std::chrono::seconds{1553628000}};

struct Fixture {
  RisLiveDecoder decoder;
  std::vector<std::string> lines;

  Kind read(std::string text) {
    lines.clear();
    text.reserve(text.size() + RisLiveDecoder::kPadding);
    return decoder.decode(
        text, kNow, [this](const Route& route, const std::shared_ptr<const VantagePoint>& at) {
          CHECK(route.vantage == at.get());
          static constexpr std::string_view kKinds = "TAWUD";
          std::string line{kKinds[static_cast<std::size_t>(route.kind)]};
          line += ' ' + at->to_string();
          if (route.kind <= RouteKind::Withdraw) {
            line += ' ' + route.prefix.to_string();
          }
          if (route.attributes != nullptr) {
            line += " [" + route.attributes->as_path.to_string() + ']';
          }
          lines.push_back(line);
        });
  }
};

using Lines = std::vector<std::string>;

std::string update(const std::string& fields) {
  return R"({"type":"ris_message","data":{"timestamp":1553627987.89,"peer":"192.0.2.1",)"
         R"("peer_asn":"4837","id":"x","host":"rrc00.ripe.net","type":"UPDATE",)" +
         fields + "}}";
}

}  // namespace

TEST_CASE_METHOD(Fixture, "an update is read with its path, sets and both families", "[ris-live]") {
  CHECK(read(update(R"("path":[4837,[20485,3356],131279],"origin":"igp","announcements":[)"
                    R"({"next_hop":"192.0.2.1","prefixes":["175.45.176.0/24","175.45.177.0/24"]},)"
                    R"({"next_hop":"2001:db8::1,fe80::1","prefixes":["2001:db8::/32"]}],)"
                    R"("withdrawals":["175.45.178.0/24"])")) == Kind::Update);
  CHECK(lines == Lines{"W rrc00 AS4837 192.0.2.1 175.45.178.0/24",
                       "A rrc00 AS4837 192.0.2.1 175.45.176.0/24 [4837 {20485,3356} 131279]",
                       "A rrc00 AS4837 192.0.2.1 175.45.177.0/24 [4837 {20485,3356} 131279]",
                       "A rrc00 AS4837 192.0.2.1 2001:db8::/32 [4837 {20485,3356} 131279]"});
  CHECK(decoder.last_timestamp() == TimePoint{std::chrono::microseconds{1553627987890000}});
}

TEST_CASE_METHOD(Fixture, "the order of the fields does not matter", "[ris-live]") {
  CHECK(read(R"({"type":"ris_message","data":{"announcements":[{"prefixes":["10.0.0.0/8"],)"
             R"("next_hop":"192.0.2.1"}],"path":[1],"type":"UPDATE","host":"rrc01",)"
             R"("peer_asn":1,"peer":"192.0.2.1"}})") == Kind::Update);
  CHECK(lines == Lines{"A rrc01 AS1 192.0.2.1 10.0.0.0/8 [1]"});
}

TEST_CASE_METHOD(Fixture, "what is not as it should be hands over nothing", "[ris-live]") {
  const auto [text, field] = GENERATE(table<std::string, std::string>({
      {"", "message"},
      {"[]", "message"},
      {"{", "message"},
      {R"({"data":{}})", "type"},
      {R"({"type":"ris_message"})", "data"},
      {update(R"("path":[4837,131279],"announcements":[{"prefixes":["175.45.176.0/33"]}])"),
       "prefixes"},
      {update(R"("path":[4837,131279],"announcements":[{"prefixes":["10.0.0.0/8","x"]}])"),
       "prefixes"},
      {update(R"("path":[4837,-1],"withdrawals":["10.0.0.0/8"])"), "path"},
      {update(R"("path":[4294967296],"withdrawals":["10.0.0.0/8"])"), "path"},
      {update(R"("path":"4837","withdrawals":["10.0.0.0/8"])"), "path"},
      {update(R"("withdrawals":"10.0.0.0/8")"), "withdrawals"},
      {update(R"("announcements":[{"prefixes":["10.0.0.0/8"]}])"), "path"},
      {update(R"("timestamp":-5)"), "timestamp"},
      {R"({"type":"ris_message","data":{"type":"UPDATE","host":"rrc00","peer":"x","peer_asn":"1"}})",
       "peer"},
      {R"({"type":"ris_message","data":{"type":"UPDATE","host":"../etc","peer":"192.0.2.1","peer_asn":"1"}})",
       "peer"},
  }));
  CHECK(read(text) == Kind::Malformed);
  CHECK(decoder.malformed_field() == field);
  CHECK(lines.empty());
}

TEST_CASE_METHOD(Fixture, "every shorter text of a message is malformed", "[ris-live]") {
  const std::string text =
      update(R"("path":[4837,131279],"announcements":[{"prefixes":["175.45.176.0/24"]}])");
  REQUIRE(read(text) == Kind::Update);
  for (std::size_t length = 0; length < text.size(); ++length) {
    REQUIRE(read(text.substr(0, length)) == Kind::Malformed);
    REQUIRE(lines.empty());
  }
}

TEST_CASE_METHOD(Fixture, "sessions, errors and answers are told apart", "[ris-live]") {
  CHECK(read(R"({"type": "ris_message", "data": {"timestamp": 1553625081.88, "peer": )"
             R"("195.66.224.59", "peer_asn": "24931", "host": "rrc01", "type": )"
             R"("RIS_PEER_STATE", "state": "down"}})") == Kind::PeerState);
  CHECK(lines == Lines{"D rrc01 AS24931 195.66.224.59"});
  CHECK(read(R"({"type":"pong"})") == Kind::Pong);
  CHECK(read(R"({"type":"ris_subscribe_ok","data":{}})") == Kind::Other);
  CHECK(read(R"({"type":"ris_error","data":{"message":"no such host"}})") == Kind::Refused);
  CHECK(decoder.error() == "no such host");
}

TEST_CASE_METHOD(Fixture, "the real messages are read as their text says", "[ris-live][data]") {
  std::ifstream file{std::string{test::shared_data()} +
                     "/rislive/libbgpstream/ris-live-stream.json"};
  if (!file) {
    WARN("skipped: ../shared/data is not here");
    return;
  }
  std::vector<Kind> kinds;
  Lines all;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) {
      kinds.push_back(read(line));
      all.insert(all.end(), lines.begin(), lines.end());
    }
  }
  CHECK(kinds == std::vector<Kind>{Kind::Update, Kind::PeerState, Kind::Refused, Kind::Other,
                                   Kind::Other, Kind::Other, Kind::Malformed});
  CHECK(all == Lines{"A rrc00 AS11708 72.22.223.9 45.161.192.0/23 [11708 32097 1299 52320 263009 "
                     "263009 263009 263009 263009 52993 268481 268481]",
                     "D rrc01 AS24931 195.66.224.59"});
}

TEST_CASE("the pre-filter sets aside only what cannot be watched", "[ris-live]") {
  const WatchFilter watch{{*Prefix::parse("175.45.176.0/22"), *Prefix::parse("2001:db8:7::/48")},
                          {Asn{131279}}};
  const RisLivePrefilter filter{watch};
  CHECK(filter.may_match(R"("path":[1,131279])"));
  CHECK(filter.may_match(R"("prefixes":["175.45.179.0/24"])"));
  CHECK(filter.may_match(R"("withdrawals":["2001:db8:7:1::/64"])"));
  CHECK_FALSE(filter.may_match(R"("path":[1,4837],"prefixes":["175.46.176.0/24"])"));
  CHECK_FALSE(filter.may_match(R"("prefixes":["2001:db8:8::/48"])"));
  const RisLivePrefilter short_one{WatchFilter{{*Prefix::parse("128.0.0.0/1")}, {}}};
  CHECK(short_one.may_match("anything"));
}
