#include "collector/detect/upstream_record.hpp"

#include <cmath>

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kNoon{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1} + 12h};
const DetectorSettings kSettings;

Observation trace(Duration after, std::vector<std::uint32_t> upstreams, Grade grade,
                  std::uint32_t group = 1001) {
  Observation seen;
  seen.time = kNoon + after;
  seen.vantage = {Plane::Data, "probe", IpAddress::v4(1), Asn{group}};
  seen.verdict = Verdict::Upstream;
  for (const std::uint32_t asn : upstreams) {
    seen.upstreams.push_back(Asn{asn});
  }
  seen.grade = grade;
  return seen;
}

/// W_g of AS1001 after some traceroutes.
struct Scales {
  Scales() { record.asn = Asn{20485}; }
  void put(const Observation& seen) { weigh(record, seen, kSettings); }
  double at(Duration after) {
    return weight_at(record.weights.at(Asn{1001}), kNoon + after, kSettings);
  }
  UpstreamRecord record;
};

}  // namespace

TEST_CASE("a traceroute adds to its group's weight by its grade") {
  struct Row {
    Grade grade;
    double nats;
  };
  const auto row = GENERATE(Row{Grade::A, 3.0}, Row{Grade::B, 2.0}, Row{Grade::C, 0.7},
                            Row{Grade::D, 0.0}, Row{Grade::X, 0.0});
  Scales scales;
  scales.put(trace(0s, {20485}, row.grade));
  CHECK(scales.at(0s) == row.nats);
}

TEST_CASE("a group's weight is capped, lower if all it says is grade C") {
  Scales sure;
  Scales unsure;
  for (int i = 0; i < 10; ++i) {
    sure.put(trace(0s, {20485}, Grade::A));
    unsure.put(trace(0s, {20485}, Grade::C));
  }
  CHECK(sure.at(0s) == 4.0);
  CHECK(unsure.at(0s) == Approx(1.4));
  unsure.put(trace(0s, {20485}, Grade::B));
  CHECK(unsure.at(0s) == Approx(3.4));
}

TEST_CASE("a weight halves in half an hour") {
  Scales scales;
  scales.put(trace(0s, {20485}, Grade::A));
  CHECK(scales.at(30min) == Approx(1.5));
  CHECK(scales.at(60min) == Approx(0.75));
  CHECK(scales.at(10min) == Approx(3.0 * std::pow(2.0, -1.0 / 3)));
  CHECK(scales.at(-5s) == 3.0);  // never more than it was
  scales.put(trace(30min, {20485}, Grade::B));
  CHECK(scales.at(30min) == Approx(3.5));
}

TEST_CASE("a sure traceroute over another upstream takes one nat away, down to nothing") {
  Scales scales;
  scales.put(trace(0s, {20485}, Grade::A));
  scales.put(trace(0s, {4837}, Grade::B));
  CHECK(scales.at(0s) == 2.0);
  scales.put(trace(0s, {4837}, Grade::C));
  CHECK(scales.at(0s) == 2.0);
  for (int i = 0; i < 5; ++i) {
    scales.put(trace(0s, {4837}, Grade::A));
  }
  CHECK(scales.at(0s) == 0.0);
}

TEST_CASE("a group that never named the upstream has no weight to lose") {
  Scales scales;
  scales.put(trace(0s, {4837}, Grade::A));
  CHECK(scales.record.weights.empty());
}

TEST_CASE("groups are weighed apart") {
  Scales scales;
  scales.put(trace(0s, {20485}, Grade::A));
  scales.put(trace(0s, {20485}, Grade::B, 1002));
  scales.put(trace(0s, {4837}, Grade::A, 1002));
  CHECK(scales.record.weights.at(Asn{1001}).nats == 3.0);
  CHECK(scales.record.weights.at(Asn{1002}).nats == 1.0);
}

TEST_CASE("one of several names at one hop has its part of the weight") {
  Scales scales;
  scales.put(trace(0s, {4837, 20485}, Grade::A));
  CHECK(scales.at(0s) == 1.5);
}

TEST_CASE("when the upstream was named last, and at which addresses, is kept") {
  Scales scales;
  Observation seen = trace(10s, {20485}, Grade::A);
  seen.trace = TraceEvidence{.upstream_addresses = {IpAddress::v4(7), IpAddress::v4(8)}};
  scales.put(seen);
  seen.time += 10s;
  seen.trace->upstream_addresses = {IpAddress::v4(8), IpAddress::v4(9)};
  scales.put(seen);
  scales.put(trace(50s, {4837}, Grade::A));
  const GroupWeight& weight = scales.record.weights.at(Asn{1001});
  CHECK(weight.named_at == kNoon + 20s);
  CHECK(weight.addresses == std::set{IpAddress::v4(7), IpAddress::v4(8), IpAddress::v4(9)});
}
