// Real captures: what routers of four makers sent, against what pmacct, tshark and the recorder of
// our own lab counted in it.
#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "collector/feed/bmp_session.hpp"
#include "tests/support/pcap_streams.hpp"
#include "tests/support/test_paths.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

const std::string kData = std::string{test::shared_data()} + "/bmp/";

bool data_is_here() {
  if (std::ifstream{kData + "frr-lab/normal/index.tsv"}) {
    return true;
  }
  WARN("skipped: ../shared/data is not here");
  return false;
}

struct Read {
  std::array<std::uint64_t, kBmpTypes> types{};
  std::array<std::uint64_t, kBmpViews> views{};
  std::vector<std::pair<Asn, std::string>> announced;  ///< the vantage point's AS and the path
  ByteAccount account;
  FeedCounters counters;
  bool prepends = false;
};

Read read(const std::string& stream, std::size_t piece = 1460) {
  Read result;
  BmpSession session{
      {.name = "r", .address = *IpAddress::parse("192.0.2.9"), .origins = {Asn{131279}}},
      [&](const BmpElement& element) {
        if (element.route.attributes != nullptr) {
          result.announced.emplace_back(element.vantage->asn,
                                        element.route.attributes->as_path.to_string());
        }
      }};
  const TimePoint now{std::chrono::seconds{1795456700}};
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    session.receive(as_bytes(std::string_view{stream}.substr(at, piece)), now);
  }
  CHECK(session.state() == BmpSession::State::Established);
  result.types = session.messages_by_type();
  result.views = session.elements_by_view();
  result.account = session.account();
  result.counters = session.counters();
  result.prepends = session.prepends_own_as();
  std::uint64_t sum = result.account.decoded + result.account.left_over;
  for (const auto& [reason, bytes] : result.account.skipped) {
    sum += bytes;
  }
  CHECK(sum == stream.size());
  return result;
}

std::string file_text(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::size_t lines_with(const std::string& text, std::initializer_list<std::string_view> parts) {
  std::size_t count = 0;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) {
    count += std::all_of(parts.begin(), parts.end(), [&line](std::string_view part) {
      return line.find(part) != std::string::npos;
    });
  }
  return count;
}

}  // namespace

TEST_CASE("captures of Cisco, Huawei and FRR hold what pmacct and tshark count", "[bmp][data]") {
  if (!data_is_here()) {
    return;
  }
  struct Case {
    std::string folder;
    std::string expected;
    std::vector<std::string> captures;
    std::uint64_t monitoring;  ///< by tshark, `-T fields -e bmp.type`
    std::uint64_t statistics;
    std::uint64_t torn;     ///< bytes of messages that the capture's end cuts
    std::uint64_t unknown;  ///< withdrawals of routes that are not there, which pmacct leaves out
  };
  const Case each = GENERATE(values<Case>(
      {{"200-BMP-HUAWEI-locrib_instance", "output-bmp-00.json", {"traffic-00"}, 84, 0, 0, 0},
       {"201-BMP-CISCO-rd_instance", "output-bmp-00.json", {"traffic-00"}, 251, 42, 0, 0},
       {"202-BMP-CISCO-HUAWEI-multiple-sources",
        "output-bmp-00.json",
        {"traffic-00", "traffic-01", "traffic-02"},
        181,
        0,
        156,
        0},
       {"204-BMP-CISCO-peer_down", "output-bmp-00.json", {"traffic-00"}, 301, 28, 0, 2},
       {"205-BMP-6wind-FRR-peer_down", "output-bmp-00.json", {"traffic-00"}, 451, 48, 0, 0},
       {"206-BMP-high-availability", "output-bmp-01.json", {"traffic-00"}, 253, 36, 0, 0}}));
  INFO(each.folder);
  const std::string folder = kData + "pmacct/" + each.folder + "/";
  std::array<std::uint64_t, kBmpTypes> types{};
  std::array<std::uint64_t, kBmpViews> views{};
  std::uint64_t torn = 0;
  for (const std::string& capture : each.captures) {
    for (const TcpStream& stream : tcp_streams(folder + capture + ".pcap")) {
      const Read result = read(stream.bytes);
      for (std::size_t i = 0; i < types.size(); ++i) {
        types[i] += result.types[i];
      }
      for (std::size_t i = 0; i < views.size(); ++i) {
        views[i] += result.views[i];
      }
      CHECK(result.counters.skipped.count("malformed") == 0);
      torn += result.account.left_over;
    }
  }
  CHECK(torn == each.torn);
  const std::string expected = file_text(folder + each.expected);
  CHECK(types[0] == each.monitoring);
  CHECK(types[1] == each.statistics);
  CHECK(types[2] == lines_with(expected, {R"("bmp_msg_type": "peer_down")"}));
  CHECK(types[3] == lines_with(expected, {R"("bmp_msg_type": "peer_up")"}));
  CHECK(types[4] == lines_with(expected, {R"("bmp_msg_type": "init")"}));
  const auto unicast = [&expected](std::string_view rib) {
    return lines_with(expected,
                      {R"("route_monitor")", R"("safi": 1,)", R"("log_type": "update")", rib}) +
           lines_with(expected,
                      {R"("route_monitor")", R"("safi": 1,)", R"("log_type": "withdraw")", rib});
  };
  CHECK(views[0] + views[1] + views[2] + views[3] + views[4] == unicast("") + each.unknown);
  if (each.folder.substr(0, 3) != "206") {  // its expectation does not say which table
    CHECK(views[0] == unicast(R"("Adj-Rib-In Pre-Policy")"));
    CHECK(views[1] == unicast(R"("Adj-Rib-In Post-Policy")"));
    CHECK(views[2] == unicast(R"("Loc-Rib")") + each.unknown);
  }
}

TEST_CASE("the streams of six routers hold what their recorder saw, own ASes taken off",
          "[bmp][data]") {
  if (!data_is_here()) {
    return;
  }
  const std::string run = GENERATE("normal", "leak");
  const std::string folder = kData + "frr-lab/" + run + "/";
  // Router by address: the recorder's lines in order.
  std::map<std::string, std::map<std::string, std::uint64_t>> counts;
  std::map<std::string, std::vector<std::string>> paths;
  std::istringstream index{file_text(folder + "index.tsv")};
  for (std::string line; std::getline(index, line);) {
    std::vector<std::string> fields;
    std::istringstream columns{line};
    for (std::string field; std::getline(columns, field, '\t');) {
      fields.push_back(field);
    }
    if (fields.size() < 3) {
      continue;
    }
    ++counts[fields[1]][fields[2]];
    for (const std::string& field : fields) {
      if (field.starts_with("ann[") && field != "ann[]") {
        const auto prefixes = 1 + std::count(field.begin(), field.end(), '/') - 1;
        const std::string& path = fields.back();
        for (long i = 0; i < prefixes; ++i) {
          paths[fields[1]].push_back(path.substr(5, path.size() - 6));
        }
      }
    }
  }
  std::size_t corrected = 0;
  for (const char* file :
       {"10.99.100.12", "10.99.100.13", "10.99.100.14", "10.99.100.15", "10.99.100.16"}) {
    const std::string router = file;
    INFO(run << " " << router);
    std::string stream;
    for (const char* port : {"60500", "58732", "52500", "45178", "40262", "60428", "51558", "38066",
                             "33686", "58966"}) {
      stream += file_text(folder + "conn-" + router + "-" + port + ".bmp");
    }
    REQUIRE_FALSE(stream.empty());
    const Read result = read(stream);
    CHECK(result.account.left_over == 0);
    CHECK(result.types[0] == counts[router]["ROUTE_MONITORING"]);
    CHECK(result.types[1] == counts[router]["STATS"]);
    CHECK(result.types[2] == counts[router]["PEER_DOWN"]);
    CHECK(result.types[3] == counts[router]["PEER_UP"]);
    CHECK(result.types[4] == counts[router]["INITIATION"]);
    REQUIRE(result.announced.size() == paths[router].size());
    for (std::size_t i = 0; i < result.announced.size(); ++i) {
      const auto& [asn, path] = result.announced[i];
      const std::string& raw = paths[router][i];
      const std::string own = asn.to_string().substr(2);
      INFO("recorded " << raw << ", read " << path);
      // What a witness says begins with its own AS, whatever the router put before it.
      CHECK((path == own || path.starts_with(own + " ")));
      CHECK((path == raw || raw.ends_with(" " + path) || path.ends_with(" " + raw) || raw.empty()));
      corrected += raw.ends_with(" " + path) ? 1U : 0U;
    }
    CHECK(result.prepends == (router != "10.99.100.16"));
  }
  CHECK(corrected > 50);
}
