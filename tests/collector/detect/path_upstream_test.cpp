#include "collector/detect/path_upstream.hpp"

#include <algorithm>
#include <random>

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)

namespace {

const Target kStar{.name = "star", .origins = {Asn{131279}}};

PathReading read(const std::string& path, const Target& target = kStar,
                 const DetectorSettings& settings = {}) {
  const auto parsed = AsPath::parse(path);
  REQUIRE(parsed);
  return read_path(*parsed, target, settings);
}

/// "A 4837 20485 [as_set]": grade, upstreams and reasons in one line; "inconclusive" and a foreign
/// origin otherwise.
std::string text(const PathReading& reading) {
  std::string line =
      reading.verdict == Verdict::Upstream ? std::string{to_string(reading.grade)} : "inconclusive";
  for (const Asn asn : reading.upstreams) {
    line += " " + std::to_string(asn.value);
  }
  if (reading.foreign_origin) {
    line += " of " + std::to_string(reading.foreign_origin->value);
  }
  for (const std::string& reason : reading.reasons) {
    line += " [" + reason + "]";
  }
  return line;
}

std::string cleaned(const PathReading& reading) {
  std::string line;
  for (const Asn asn : reading.path) {
    line += (line.empty() ? "" : " ") + std::to_string(asn.value);
  }
  return line;
}

}  // namespace

TEST_CASE("the AS that stands before the origin is the upstream") {
  CHECK(text(read("3333 1299 20485 131279")) == "A 20485");
  CHECK(cleaned(read("3333 1299 20485 131279")) == "3333 1299 20485 131279");
  CHECK(text(read("4837 20485 131279")) == "A 20485");
}

TEST_CASE("prepending at any place changes nothing") {
  const PathReading reading = read("3333 1299 1299 20485 20485 20485 131279 131279");
  CHECK(text(reading) == "A 20485");
  CHECK(cleaned(reading) == "3333 1299 20485 131279");
}

TEST_CASE("an upstream that is the vantage point itself counts, as its own word") {
  CHECK(text(read("20485 131279")) == "A 20485 [self_report]");
  CHECK(text(read("20485 20485 131279")) == "A 20485 [self_report]");
}

TEST_CASE("a poisoned path is cut at the first occurrence of the target") {
  const PathReading reading = read("3333 4837 131279 20485 131279");
  CHECK(text(reading) == "A 4837");
  CHECK(cleaned(reading) == "3333 4837 131279");
}

TEST_CASE("a path with a loop still names its upstream, but less surely") {
  CHECK(text(read("3333 1299 3333 20485 131279")) == "B 20485 [loop]");
  CHECK(text(read("3333 20485 1299 20485 131279")) == "B 20485 [loop]");
}

TEST_CASE("numbers that are no networks are taken out of the path") {
  CHECK(text(read("3333 20485 64512 131279")) == "A 20485 [reserved_as]");
  CHECK(text(read("3333 20485 4200000001 131279")) == "A 20485 [reserved_as]");
  CHECK(text(read("3333 20485 0 131279")) == "A 20485 [reserved_as]");
  CHECK(text(read("3333 20485 23456 131279")) == "A 20485 [as_trans]");
  CHECK(cleaned(read("3333 20485 64512 64512 131279")) == "3333 20485 131279");
  // Equal neighbours that a stripped number kept apart are one.
  CHECK(text(read("3333 20485 64512 20485 131279")) == "A 20485 [reserved_as]");
}

TEST_CASE("private numbers are kept where the configuration wants it, AS_TRANS never") {
  const DetectorSettings settings{.strip_reserved = false};
  CHECK(text(read("3333 20485 64512 131279", kStar, settings)) == "A 64512");
  CHECK(text(read("3333 20485 23456 131279", kStar, settings)) == "A 20485 [as_trans]");
}

TEST_CASE("a target that announces from a private number is still found") {
  const Target target{.name = "lab", .origins = {Asn{64512}}};
  CHECK(text(read("3333 20485 64512", target)) == "A 20485");
}

TEST_CASE("a configured route server is no upstream") {
  const DetectorSettings settings{.route_servers = {Asn{6695}}};
  CHECK(text(read("3333 20485 6695 131279", kStar, settings)) == "A 20485 [route_server]");
  CHECK(text(read("3333 6695 131279", kStar, settings)) == "A 3333 [route_server] [self_report]");
  CHECK(text(read("3333 20485 6695 131279")) == "A 6695");
}

TEST_CASE("the members of an AS_SET next to the target are all named, in grade C") {
  CHECK(text(read("3333 {20485,4837} 131279")) == "C 4837 20485 [as_set]");
  CHECK(text(read("3333 1299 {4837,20485} 131279 131279")) == "C 4837 20485 [as_set]");
  CHECK(text(read("{4837,20485} 131279")) == "C 4837 20485 [as_set] [self_report]");
  CHECK(cleaned(read("3333 {20485,4837} 131279")) == "3333 4837 20485 131279");
}

TEST_CASE("a set of one AS is that AS, and a set elsewhere in the path does not matter") {
  CHECK(text(read("3333 {20485} 131279")) == "A 20485");
  CHECK(text(read("3333 {20485,20485} 131279")) == "A 20485");
  CHECK(text(read("3333 {64512,20485} 131279")) == "A 20485 [reserved_as]");
  CHECK(text(read("3333 {1299,3356} 20485 131279")) == "A 20485");
}

TEST_CASE("a target within an aggregated origin is grade C") {
  CHECK(text(read("3333 20485 {131279,9198}")) == "C 20485 [origin_in_set]");
  CHECK(text(read("3333 {4837,20485} {131279,9198}")) == "C 4837 20485 [as_set]");
}

TEST_CASE("segments of a confederation are passed over") {
  CHECK(text(read("(64600 64601) 3333 20485 131279")) == "A 20485 [confederation]");
  CHECK(text(read("(9198 20485) 3333 131279")) == "A 3333 [confederation] [self_report]");
  CHECK(text(read("[9198,9199] 3333 20485 131279")) == "A 20485 [confederation]");
}

TEST_CASE("without an AS before the target nothing is concluded") {
  CHECK(text(read("131279")) == "inconclusive [own_route]");
  CHECK(text(read("131279 131279")) == "inconclusive [own_route]");
  CHECK(text(read("64512 131279")) == "inconclusive [reserved_as] [own_route]");
  CHECK(text(read("131279 20485 131279")) == "inconclusive [own_route]");
  CHECK(text(read_path({}, kStar, {})) == "inconclusive [empty_path]");
  CHECK(text(read("(64600 64601)")) == "inconclusive [confederation] [empty_path]");
  CHECK(text(read("64512")) == "inconclusive [reserved_as] [empty_path]");
}

TEST_CASE("a path that ends elsewhere names who originates, and no upstream") {
  CHECK(text(read("3333 1299 4837")) == "inconclusive of 4837 [foreign_origin]");
  CHECK(text(read("131279 20485")) == "inconclusive of 20485 [foreign_origin]");
  CHECK(text(read("3333 22351 131279 51040")) == "inconclusive of 51040 [foreign_origin]");
  CHECK(text(read("3333 20485 {9199,9198}")) == "inconclusive of 9199 [foreign_origin]");
  CHECK(cleaned(read("3333 22351 22351 131279 51040")) == "3333 22351 131279 51040");
}

TEST_CASE("siblings and front ASes of the target are skipped") {
  const Target target{
      .name = "star", .origins = {Asn{131279}, Asn{55330}}, .siblings = {Asn{134544}, Asn{134545}}};
  CHECK(text(read("3333 4837 134544 131279", target)) == "A 4837 [sibling]");
  CHECK(text(read("3333 4837 134545 134544 131279", target)) == "A 4837 [sibling]");
  CHECK(text(read("134544 131279", target)) == "inconclusive [sibling] [own_route]");
  CHECK(text(read("3333 4837 55330 131279", target)) == "A 4837");
  CHECK(text(read("3333 4837 55330 134544 131279", target)) == "A 4837");
  CHECK(text(read("3333 134544 4837 131279", target)) == "A 4837");
  CHECK(cleaned(read("3333 4837 134544 131279", target)) == "3333 4837 134544 131279");
  // A sibling may carry for the target, but may not announce for it.
  CHECK(text(read("3333 4837 134544", target)) == "inconclusive of 134544 [foreign_origin]");
}

TEST_CASE("two transit-free networks with another in between are a valley") {
  CHECK(text(read("3333 174 9304 3356 20485 131279")) == "A 20485 [valley]");
  CHECK(text(read("174 9304 3356 131279")) == "A 3356 [valley]");
  CHECK(text(read("174 9304 9305 3356 131279")) == "A 3356 [valley]");
  CHECK(text(read("3333 174 3356 20485 131279")) == "A 20485");
  CHECK(text(read("3333 174 174 3356 1299 20485 131279")) == "A 20485");
  CHECK(text(read("9304 3356 9305 20485 131279")) == "A 20485");
}

TEST_CASE("every network without transit is known as such, and no other") {
  std::size_t count = 0;
  for (std::uint32_t asn = 0; asn < 70'000; ++asn) {
    count += is_transit_free(Asn{asn}) ? 1U : 0U;
  }
  CHECK(count == 19);
  for (const std::uint32_t asn : {174U, 1299U, 2914U, 3257U, 3356U, 6453U, 6762U, 7018U}) {
    CHECK(is_transit_free(Asn{asn}));
  }
  CHECK_FALSE(is_transit_free(Asn{4837}));
  CHECK_FALSE(is_transit_free(Asn{20485}));
}

TEST_CASE("a path of several segments and of more than 255 ASes is read as one") {
  AsPath path;
  std::vector<Asn> first;
  for (std::uint32_t asn = 1000; asn < 1255; ++asn) {
    first.push_back(Asn{asn});
  }
  path.append(SegmentType::Sequence, first);
  path.append(SegmentType::Sequence, std::vector{Asn{20485}, Asn{131279}});
  const PathReading reading = read_path(path, kStar, {});
  CHECK(text(reading) == "A 20485");
  CHECK(reading.path.size() == 257);
}

TEST_CASE(
    "however a clean path is prepended, stripped numbers strewn in, the reading is the same") {
  std::mt19937 random{131279};
  const auto pick = [&](std::uint32_t from, std::uint32_t count) {
    return from + static_cast<std::uint32_t>(random()) % count;
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<Asn> clean;
    for (std::uint32_t left = pick(1, 7); left > 0; --left) {
      const Asn asn{pick(7500, 15000)};
      if (std::find(clean.begin(), clean.end(), asn) == clean.end() && asn != Asn{131279}) {
        clean.push_back(asn);
      }
    }
    const Asn upstream = clean.back();
    clean.push_back(Asn{131279});
    std::vector<Asn> dressed;
    for (const Asn asn : clean) {
      dressed.insert(dressed.end(), pick(1, 3), asn);
      if (pick(0, 4) == 0) {
        dressed.push_back(Asn{pick(64512, 1000)});
      }
    }
    const PathReading reading = read_path(AsPath{dressed}, kStar, {});
    CAPTURE(AsPath{dressed}.to_string());
    REQUIRE(reading.verdict == Verdict::Upstream);
    REQUIRE(reading.upstreams == std::vector{upstream});
    REQUIRE(reading.grade == Grade::A);
    REQUIRE(reading.path == clean);
  }
}
