#include "collector/feed/bgpdump_text.hpp"

#include "tests/support/mrt_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

struct Sample {
  Sample() {
    vantage.address = *IpAddress::parse("192.0.2.1");
    vantage.asn = Asn{64500};
    attributes.origin = Origin::Igp;
    attributes.as_path = *AsPath::parse("64500 {1,2}");
    attributes.next_hop = IpAddress::parse("192.0.2.9");
    element.label = "BGP4MP";
    element.route.kind = RouteKind::Announce;
    element.route.time = TimePoint{std::chrono::seconds{1506848871}};
    element.route.vantage = &vantage;
    element.route.prefix = *Prefix::parse("10.0.0.0/8");
    element.route.attributes = &attributes;
  }
  [[nodiscard]] std::string line(BgpdumpText::Form form = BgpdumpText::Form::Full) const {
    BgpdumpText writer{form};
    std::string text;
    writer.append(text, element);
    return text;
  }
  VantagePoint vantage;
  RouteAttributes attributes;
  MrtElement element;
};

}  // namespace

TEST_CASE("a full line has every field of bgpdump -m") {
  Sample sample;
  CHECK(sample.line() ==
        "BGP4MP|1506848871|A|192.0.2.1|64500|10.0.0.0/8|64500 {1,2}|IGP|192.0.2.9|0|0||NAG||\n");
  sample.attributes.origin = Origin::Incomplete;
  sample.attributes.med = 5;
  sample.attributes.local_pref = 100;
  sample.attributes.atomic_aggregate = true;
  sample.attributes.aggregator = Aggregator{Asn{7}, *IpAddress::parse("192.0.2.7")};
  sample.attributes.communities = {0xfde80001, 0xffffff01, 0xffffff02, 0xffffff03, 0xffff029a};
  CHECK(sample.line() ==
        "BGP4MP|1506848871|A|192.0.2.1|64500|10.0.0.0/8|64500 {1,2}|INCOMPLETE|192.0.2.9|100|5|"
        "65000:1 no-export no-advertise local-AS 65535:666|AG|7 192.0.2.7|\n");
}

TEST_CASE("a short line has a readable time and ends with the origin") {
  Sample sample;
  sample.element.label = "BGP4MP_ET";
  sample.element.extended = true;
  sample.element.route.time += Duration{42};
  sample.attributes.origin = Origin::Egp;
  CHECK(sample.line(BgpdumpText::Form::Short) ==
        "BGP4MP_ET|10/01/17 09:07:51.000042|A|192.0.2.1|64500|10.0.0.0/8|64500 {1,2}|EGP\n");
}

TEST_CASE("a withdrawal ends with its prefix, a path identifier stands behind it") {
  Sample sample;
  sample.element.route.kind = RouteKind::Withdraw;
  sample.element.route.attributes = nullptr;
  CHECK(sample.line() == "BGP4MP|1506848871|W|192.0.2.1|64500|10.0.0.0/8\n");
  sample.element.add_path = true;
  sample.element.route.path_id = 12;
  CHECK(sample.line() == "BGP4MP|1506848871|W|192.0.2.1|64500|10.0.0.0/8|12\n");
}

TEST_CASE("a change of state has its two states") {
  Sample sample;
  sample.element.is_state = true;
  sample.element.old_state = 3;
  sample.element.new_state = 6;
  CHECK(sample.line() == "BGP4MP|1506848871|STATE|192.0.2.1|64500|3|6\n");
}

TEST_CASE("a single zero group of an IPv6 address is shortened as bgpdump does") {
  const auto [address, printed] = GENERATE(table<const char*, const char*>({
      {"2001:db8:0:1:2:3:4:5", "2001:db8::1:2:3:4:5"},
      {"0:1:2:3:4:5:6:7", "::1:2:3:4:5:6:7"},
      {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7::"},
      {"1:0:3:0:5:6:7:8", "1::3:0:5:6:7:8"},
      {"2001:db8::1", "2001:db8::1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"::", "::"},
  }));
  Sample sample;
  sample.vantage.address = *IpAddress::parse(address);
  CHECK(sample.line().find("|A|" + std::string{printed} + "|64500|") != std::string::npos);
}

TEST_CASE("one writer prints a sequence of elements as new writers would") {
  BgpdumpText writer{BgpdumpText::Form::Full};
  isthmus::testing::Dice dice{7};
  Sample sample;
  for (int i = 0; i < 2000; ++i) {
    if (dice.below(3) == 0) {
      sample.vantage.asn = Asn{static_cast<std::uint32_t>(dice.below(3))};
    }
    if (dice.below(3) == 0) {
      sample.vantage.address = IpAddress::v4(static_cast<std::uint32_t>(dice.below(3)));
    }
    if (dice.below(3) == 0) {
      sample.element.route.prefix = *Prefix::parse(dice.prefix());
    }
    if (dice.below(3) == 0) {
      sample.element.extended = !sample.element.extended;
      sample.element.route.time += Duration{dice.below(3) * 500000};
    }
    std::string text;
    writer.append(text, sample.element);
    REQUIRE(text == sample.line());
  }
}

TEST_CASE("a path or a list of communities that bgpdump's buffers cut is cut alike") {
  Sample sample;
  sample.attributes.as_path.clear();
  for (int i = 0; i < 2000; ++i) {
    sample.attributes.as_path.push_back(Asn{4200000000U});
  }
  sample.attributes.communities.assign(1000, 0xfde8ffff);
  const std::string line = sample.line();
  const std::size_t start = line.find("/8|") + 3;
  const std::string path = line.substr(start, line.find("|IGP") - start);
  CHECK(path.size() == 7903);
  CHECK(path.substr(7900) == "...");
  const std::size_t begin = line.find("|0|0|") + 5;
  CHECK(line.find('|', begin) - begin == 8191);
}
