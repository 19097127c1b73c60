#include "collector/detect/trace_reader.hpp"

#include <map>
#include <random>
#include <set>

#include "collector/feed/trace_source.hpp"
#include "tests/support/test_paths.hpp"
#include "tests/support/trace_story.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using isthmus::testing::make_labeller;
using isthmus::testing::make_trace;

namespace {

const std::string kData{test::shared_data()};

Target target(std::vector<Prefix> prefixes) {
  return {.name = "t",
          .origins = {Asn{900}},
          .prefixes = std::move(prefixes),
          .siblings = {},
          .known_upstreams = {}};
}

void announce(TraceReader& reader, std::string_view path) {
  RouteAttributes attributes;
  attributes.as_path = *AsPath::parse(path);
  Route route;
  route.kind = RouteKind::Announce;
  route.prefix = *Prefix::parse("30.0.0.0/24");
  route.attributes = &attributes;
  reader.observe(route);
}

Event event(EventType type, Asn upstream) {
  Event event;
  event.type = type;
  event.target = "t";
  event.upstream = upstream;
  return event;
}

std::string tell(const TraceReader& reader, std::string_view hops) {
  static const Labeller kLabeller = make_labeller();
  const auto seen = reader.read(kLabeller.label_trace(make_trace(hops, "30.0.0.80")), {});
  REQUIRE(seen.size() == 1);
  return (seen[0].upstreams.empty() ? "-" : seen[0].upstreams[0].to_string()) + " " +
         std::string{to_string(seen[0].grade)};
}

}  // namespace

TEST_CASE("routes teach who stands next to a target") {
  TraceReader reader{{target({*Prefix::parse("30.0.0.0/24")})}, {}};
  const std::string_view hops = "20.0.0.1 20.1.0.1 20.1.0.2 * *";
  CHECK(tell(reader, hops) == "- X");
  announce(reader, "100 101 101 900 900");
  CHECK(tell(reader, hops) == "AS101 C");
  CHECK(reader.edges(0).adjacent(Asn{100}, Asn{101}));
  CHECK(reader.edges(0).neighbours().size() == 1);
  // A path to somebody else, and one without the target at its end, teach nothing.
  announce(reader, "100 102 901");
  announce(reader, "100 102 900 903");
  CHECK(reader.edges(0).neighbours().size() == 1);
}

TEST_CASE("events teach which upstreams are known and established") {
  TraceReader reader{{target({*Prefix::parse("30.0.0.0/24")})}, {}};
  const std::string_view tail = "20.0.0.1 20.1.0.1 20.1.0.2 * *";
  const std::string_view third = "20.1.0.1 20.1.0.2 20.2.0.1 30.0.0.80!";
  reader.observe(event(EventType::UpstreamCandidate, Asn{101}));
  CHECK(tell(reader, tail) == "- X");
  reader.observe(event(EventType::UpstreamNew, Asn{101}));
  CHECK(tell(reader, tail) == "AS101 C");
  CHECK(tell(reader, third) == "AS102 C");
  reader.observe(event(EventType::UpstreamEstablished, Asn{101}));
  CHECK(tell(reader, third) == "AS101 C");
  reader.observe(event(EventType::UpstreamLost, Asn{101}));
  CHECK(tell(reader, third) == "AS102 C");
}

TEST_CASE("a target without prefixes watches what its origins announce") {
  const Labeller labeller = make_labeller();
  const TraceReader reader{{target({})}, {}};
  const auto read = [&](std::string_view destination) {
    return reader.read(labeller.label_trace(make_trace("20.1.0.1 20.1.0.2", destination)), {});
  };
  REQUIRE(read("30.0.200.1").size() == 1);
  CHECK(read("30.0.200.1").front().prefix == *Prefix::parse("30.0.0.0/16"));
  CHECK(read("20.1.0.9").empty());
}

TEST_CASE("no AS is named that no hop and no route names") {
  // Random traces over all kinds of addresses, with random knowledge.
  std::mt19937 random{20171001};
  const auto pick = [&](std::uint32_t count) {
    return std::uniform_int_distribution<std::uint32_t>{0, count - 1}(random);
  };
  const Labeller labeller = make_labeller();
  std::map<Grade, std::size_t> grades;
  for (int round = 0; round < 4000; ++round) {
    std::string hops;
    const std::uint32_t count = 1 + pick(12);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t answers = pick(8) == 0 ? 2 : 1;
      for (std::uint32_t k = 0; k < answers; ++k) {
        const std::uint32_t network = pick(4);
        const std::string tail = std::to_string(network) + ".0." + std::to_string(1 + pick(4));
        const std::vector<std::string> all{"20." + tail,
                                           "20." + tail,
                                           "21." + tail,
                                           "50." + tail,
                                           "60." + tail,
                                           "10." + tail,
                                           "40.0.0." + std::to_string(network),
                                           "40.0.0.99",
                                           "40.0.0.90",
                                           "30.0.0." + std::to_string(1 + pick(3))};
        hops += (k == 0 ? "" : ",") + all[pick(static_cast<std::uint32_t>(all.size()))];
      }
      hops += " ";
      while (pick(4) == 0) {
        hops += "* ";
      }
    }
    if (pick(2) == 0) {
      hops += "30.0.0.80!";
    }
    TraceReader reader{{target({*Prefix::parse("30.0.0.0/24")})}, {}};
    std::set<Asn> named;
    for (std::uint32_t i = pick(3); i > 0; --i) {
      const Asn asn{100 + pick(4)};
      reader.observe(event(EventType::UpstreamEstablished, asn));
    }
    for (std::uint32_t i = pick(3); i > 0; --i) {
      const std::uint32_t one = 100 + pick(6);
      const std::uint32_t two = 100 + pick(6);
      announce(reader, std::to_string(one) + " " + std::to_string(two) + " 900");
      named.insert({Asn{one}, Asn{two}});
    }
    const LabelledTrace trace = labeller.label_trace(make_trace(hops, "30.0.0.80"));
    for (const LabelledAddress& each : trace.labels) {
      named.insert(each.label.origins.begin(), each.label.origins.end());
    }
    INFO(hops);
    const auto seen = reader.read(trace, {});
    REQUIRE(seen.size() == 1);
    ++grades[seen[0].grade];
    for (const Asn asn : seen[0].upstreams) {
      CHECK(named.contains(asn));
      CHECK(asn != Asn{900});
    }
    CHECK(seen[0] == reader.read(trace, {})[0]);
  }
  CHECK(grades.size() == 5);
}

TEST_CASE("the real ways into North Korea are read", "[shared]") {
  if (kData.empty()) {
    WARN("no shared data here: skipped");
    return;
  }
  Labeller labeller;
  OriginTableBuilder origins;
  origins.add(*Prefix::parse("188.43.0.0/16"), Asn{20485});
  origins.add(*Prefix::parse("219.158.96.0/19"), Asn{4837});
  origins.add(*Prefix::parse("219.158.32.0/19"), Asn{4837});
  origins.add(*Prefix::parse("175.45.176.0/24"), Asn{131279});
  origins.add(*Prefix::parse("175.45.177.0/24"), Asn{131279});
  origins.add(*Prefix::parse("63.243.128.0/17"), Asn{6453});
  labeller.set_table(LabelSource::Csv, *origins.build(), "2019");
  RegisteredSpaceBuilder space;
  space.add_delegated(
      "apnic|HK|asn|134544|1|20150910|allocated|A91F05C7\n"
      "apnic|HK|ipv4|103.35.252.0|1024|20150910|allocated|A91F05C7\n");
  labeller.set_registrations(*space.build(), "2025");
  Target star{.name = "star-jv",
              .origins = {Asn{131279}},
              .prefixes = {*Prefix::parse("175.45.176.0/24"), *Prefix::parse("175.45.177.0/24")},
              .siblings = {},
              .known_upstreams = {Asn{4837}, Asn{20485}, Asn{134544}}};
  const TraceReader reader{{star}, {}};
  TraceFileOptions options;
  options.time = parse_utc("2025-12-08T00:00:00Z");
  options.vantage = {Plane::Data, "us-east", *IpAddress::parse("8.8.8.8"), Asn{}};
  const auto read = [&](const std::string& file) {
    auto source = open_traces(kData + "/nk/" + file, options);
    REQUIRE(source);
    std::vector<Observation> seen;
    while (const Traceroute* const trace = (*source)->next()) {
      for (Observation& each : reader.read(labeller.label_trace(*trace), labeller.relations())) {
        seen.push_back(std::move(each));
      }
    }
    return seen;
  };
  const auto tails = read("traceroute-tails-20251208-nkinternet.txt");
  REQUIRE(tails.size() == 2);
  CHECK(tails[0].upstreams == std::vector<Asn>{Asn{134544}});
  CHECK(tails[0].grade == Grade::C);
  CHECK(tails[0].reasons == std::vector<std::string>{"registered", "silent_gap"});
  CHECK(tails[0].prefix == *Prefix::parse("175.45.176.0/24"));
  CHECK(tails[1].upstreams == std::vector<Asn>{Asn{20485}});
  CHECK(tails[1].grade == Grade::C);
  for (const Observation& seen : tails) {
    CHECK(seen.trace->gap == 3);
    CHECK(seen.trace->reached);
  }
  CHECK(tails[0].trace->gap_rtt > std::chrono::milliseconds{40});
  CHECK(tails[1].trace->gap_rtt < std::chrono::milliseconds{5});
  const auto old = read("traceroute-20190205-us-to-175.45.176.80.txt");
  REQUIRE(old.size() == 1);
  CHECK(old[0].upstreams == std::vector<Asn>{Asn{4837}});
  CHECK(old[0].grade == Grade::C);
  CHECK(old[0].reasons == std::vector<std::string>{"filtered", "tail"});
  CHECK_FALSE(old[0].trace->reached);
}
