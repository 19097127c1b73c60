#include "collector/feed/trace_source.hpp"

#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "tests/support/test_paths.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

const std::string kData{test::shared_data()};

struct Reading {
  std::vector<Traceroute> traces;
  ByteAccount account;
};

Reading drain(TraceSource& source) {
  Reading reading;
  while (const Traceroute* const trace = source.next()) {
    reading.traces.push_back(*trace);
  }
  reading.account = source.account();
  const auto& account = reading.account;
  const std::uint64_t skipped =
      std::accumulate(account.skipped.begin(), account.skipped.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const auto& each) { return sum + each.second; });
  CHECK(account.decoded + skipped + account.left_over == account.total);
  CHECK(account.elements == reading.traces.size());
  return reading;
}

Reading read(std::string_view text, std::size_t chunk = 1 << 20, TraceFileOptions options = {}) {
  auto source = read_traces(memory_input(as_bytes(text), chunk), "test", options);
  REQUIRE(source);
  return drain(**source);
}

Reading read_file(const std::string& path, const TraceFileOptions& options = {}) {
  auto source = open_traces(path, options);
  REQUIRE(source);
  return drain(**source);
}

std::size_t answers(const Traceroute& trace) {
  return std::accumulate(trace.hops.begin(), trace.hops.end(), std::size_t{0},
                         [](std::size_t sum, const Hop& hop) { return sum + hop.replies.size(); });
}

TraceFileOptions at(std::string_view time) {
  TraceFileOptions options;
  options.time = parse_utc(time);
  options.vantage = {Plane::Data, "us-east", *IpAddress::parse("8.8.8.8"), Asn{701}};
  return options;
}

constexpr std::string_view kAtlas =
    R"({"fw":5020,"type":"traceroute","af":4,"dst_addr":"175.45.176.71","src_addr":"10.0.0.2","from":"8.8.8.8","prb_id":7,"proto":"ICMP","paris_id":3,"size":48,"timestamp":1506848871,"endtime":1506848875,"msm_id":5,"result":[
{"hop":1,"result":[{"from":"10.0.0.1","rtt":1.5,"ttl":64,"size":76},{"x":"*"},{"from":"10.0.0.1","rtt":1.25,"ttl":64,"size":76}]},
{"hop":2,"result":[{"from":"8.8.4.4","rtt":3,"ttl":250,"ittl":2,"icmpext":{"version":2,"obj":[{"class":1,"type":1,"mpls":[{"label":24001,"exp":1,"s":1,"ttl":1}]}]}},{"late":2,"from":"10.0.0.1","ttl":64},{"from":"8.8.4.5","rtt":9,"err":"H"}]},
{"hop":3,"error":"sendto failed"},
{"hop":255,"result":[{"from":"175.45.176.71","rtt":200.125,"ttl":50}]}]})";

}  // namespace

TEST_CASE("a RIPE Atlas result becomes a traceroute") {
  const Reading reading = read(kAtlas);
  REQUIRE(reading.traces.size() == 1);
  const Traceroute& trace = reading.traces.front();
  CHECK(trace.vantage == VantagePoint{Plane::Data, "atlas-7", *IpAddress::parse("8.8.8.8"), Asn{}});
  CHECK(trace.source == *IpAddress::parse("10.0.0.2"));
  CHECK(format_utc(trace.start) == "2017-10-01T09:07:51Z");
  CHECK(trace.end - trace.start == std::chrono::seconds{4});
  CHECK(trace.flow == 3);
  REQUIRE(trace.hops.size() == 4);
  CHECK(trace.hops[0].sent == 3);
  CHECK(trace.hops[0].replies.size() == 2);
  CHECK(trace.hops[0].replies[1].attempt == 2);
  CHECK(trace.hops[0].replies[1].rtt == std::chrono::microseconds{1250});
  REQUIRE(trace.hops[1].replies.size() == 2);
  CHECK(trace.hops[1].replies[0].quoted_ttl == 2);
  CHECK(trace.hops[1].replies[0].mpls == std::vector<MplsLabel>{{24001, 1, true, 1}});
  CHECK(trace.hops[1].replies[1].kind == ReplyKind::HostUnreachable);
  CHECK(trace.hops[3].ttl == 255);
  CHECK(trace.hops[3].replies[0].kind == ReplyKind::EchoReply);
  CHECK(trace.stop == StopReason::Completed);
  CHECK_FALSE(reading.account.lossy());
}

TEST_CASE("Atlas results come as a list or one a line, cut anywhere") {
  const std::string line = [] {
    std::string text{kAtlas};
    std::erase(text, '\n');
    return text;
  }();
  const std::size_t chunk = GENERATE(std::size_t{700}, 1 << 20);
  CHECK(read(line + "\n" + line + "\n", chunk).traces.size() == 2);
  CHECK(read("[" + line + ",\n" + line + "]\n", chunk).traces.size() == 2);
  const Reading torn = read(line + "\n" + line.substr(0, 500), chunk);
  CHECK(torn.traces.size() == 1);
  CHECK(torn.account.left_over > 0);
  CHECK(torn.account.lossy());
  const Reading damaged = read(line + "\nnonsense\n{\"prb_id\":1}\n{\"a\":}\n" + line, chunk);
  CHECK(damaged.traces.size() == 2);
  CHECK(damaged.account.skipped.count("bad_record") == 1);
  CHECK(damaged.account.first_errors.size() == 3);
}

TEST_CASE("a probe that could not measure is counted, not read") {
  const Reading reading = read(
      R"({"prb_id":1,"type":"traceroute","timestamp":5,"dst_name":"x","result":[{"error":"name resolution failed"}]})"
      "\n"
      R"({"prb_id":1,"type":"traceroute","timestamp":5,"dst_addr":"1.1.1.1","result":[{"hop":1,"error":"x"}]})"
      "\n"
      R"({"prb_id":1,"type":"ping","timestamp":5,"dst_addr":"1.1.1.1","result":[]})");
  CHECK(reading.traces.empty());
  CHECK(reading.account.records == 3);
  CHECK(reading.account.skipped.empty());
  CHECK_FALSE(reading.account.lossy());
}

TEST_CASE("what traceroute prints is read with all its habits") {
  const Reading reading = read(
      "# time: 2019-02-05T20:55:59Z\n"
      "# vantage: nyc 8.8.8.8 AS701\n"
      "traceroute to star.example (175.45.176.80), 64 hops max, 52 byte packets\n"
      " 1  router (192.168.0.1)  10.712 ms  5.223 ms *\n"
      " 2  * * *\n"
      " 3  a.example (20.0.0.1) [AS6453]  18.098 ms\n"
      "    b.example (20.0.0.2)  25.559 ms  21.052 ms\n"
      " 4  20.0.0.9  1.5 ms !X * 30.25 ms\n"
      " 5\t175.45.176.80\t188.886 ms\t201.103 ms\t193.334\n");
  REQUIRE(reading.traces.size() == 1);
  const Traceroute& trace = reading.traces.front();
  CHECK(trace.vantage == VantagePoint{Plane::Data, "nyc", *IpAddress::parse("8.8.8.8"), Asn{701}});
  CHECK(format_utc(trace.end) == "2019-02-05T20:55:59Z");
  REQUIRE(trace.hops.size() == 5);
  CHECK(trace.hops[0].sent == 3);
  CHECK(trace.hops[0].replies.size() == 2);
  CHECK(trace.hops[1].sent == 3);
  CHECK(trace.hops[1].replies.empty());
  CHECK(trace.hops[2].replies.size() == 3);
  CHECK(trace.hops[2].replies[2].address == *IpAddress::parse("20.0.0.2"));
  CHECK(trace.hops[3].replies[0].kind == ReplyKind::AdminProhibited);
  CHECK(trace.hops[3].replies[1].kind == ReplyKind::TimeExceeded);
  CHECK(trace.hops[4].replies.size() == 3);
  CHECK(trace.hops[4].replies[2].rtt == std::chrono::microseconds{193334});
  CHECK(trace.stop == StopReason::Completed);
}

TEST_CASE("text without a time, or with impossible lines, is refused") {
  const std::string heading = "traceroute to 1.1.1.1 (1.1.1.1), 30 hops max\n";
  const Reading untimed = read(heading + " 1 2.2.2.2 1 ms\n");
  CHECK(untimed.traces.empty());
  CHECK(untimed.account.skipped.contains("no_time"));
  CHECK(untimed.account.lossy());
  const auto options = at("2019-02-05T00:00:00Z");
  for (const std::string lines : {" 2 * *\n 1 * *\n", " 0 *\n", " 256 *\n", " x 1 ms\n", " 7\n"}) {
    const Reading bad = read(heading + lines, 1 << 20, options);
    CHECK(bad.traces.empty());
    CHECK(bad.account.lossy());
  }
  CHECK(read(heading, 1 << 20, options).traces.size() == 1);
  CHECK(read("traceroute to nowhere\n 1 *\n" + heading, 1 << 20, options).traces.size() == 1);
}

TEST_CASE("other files are not taken for traceroutes") {
  for (const std::string_view text :
       {"", "\n\n", "MRT", "\x12\x06\x00\x06", "[1,2]", "1|2|3", "["}) {
    CHECK_FALSE(recognise_traces(text));
  }
  CHECK_FALSE(read_traces(memory_input(as_bytes("nothing")), "x.txt", {}));
}

TEST_CASE("real traces into North Korea are read", "[shared]") {
  if (kData.empty()) {
    WARN("no shared data here: skipped");
    return;
  }
  const Reading old = read_file(kData + "/nk/traceroute-20190205-us-to-175.45.176.80.txt",
                                at("2019-02-06T01:55:59Z"));
  REQUIRE(old.traces.size() == 1);
  CHECK(old.traces[0].hops.size() == 64);
  CHECK(old.traces[0].stop == StopReason::HopLimit);
  CHECK(old.traces[0].hops[4].replies.size() == 3);
  CHECK(old.traces[0].hops[15].replies[0].kind == ReplyKind::AdminProhibited);
  const Reading tails =
      read_file(kData + "/nk/traceroute-tails-20251208-nkinternet.txt", at("2025-12-08T00:00:00Z"));
  REQUIRE(tails.traces.size() == 2);
  CHECK(tails.traces[0].hops.front().ttl == 10);
  CHECK(tails.traces[1].hops.back().replies.size() == 3);
  CHECK_FALSE(tails.account.lossy());
}

TEST_CASE("all Atlas firmware of the sagan corpus is read", "[shared]") {
  if (kData.empty()) {
    WARN("no shared data here: skipped");
    return;
  }
  const Reading reading =
      read_file(kData + "/traceroute/ripe-atlas-sagan/traceroute_results.jsonl");
  CHECK(reading.account.first_errors.empty());
  // 22 results, of two probes that could not measure.
  CHECK(reading.traces.size() == 20);
  std::size_t sum = 0;
  for (const Traceroute& trace : reading.traces) {
    CHECK(trace.end >= trace.start);
    sum += answers(trace);
  }
  CHECK(sum > 400);
}

TEST_CASE("scamper's JSON of M-Lab is read, damage is told", "[shared]") {
  if (kData.empty()) {
    WARN("no shared data here: skipped");
    return;
  }
  for (const std::string version : {"scamper1", "scamper2"}) {
    const std::string folder =
        kData + "/traceroute/mlab-traceroute-caller/parser/testdata/" + version + "/";
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
      const std::string name = entry.path().filename().string();
      INFO(version << '/' << name);
      const Reading reading = read_file(entry.path().string());
      if (version == "scamper2" && name.starts_with("valid")) {
        REQUIRE(reading.traces.size() == 1);
        CHECK_FALSE(reading.account.lossy());
        CHECK(reading.traces[0].vantage.address == reading.traces[0].source);
      }
    }
  }
}
