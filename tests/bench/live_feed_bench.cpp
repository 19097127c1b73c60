// Measures live feeds: live_feed_bench RUNS FULLTABLE.bmp[.gz] RIS_LIVE.json
//
// bmp       one router's full table over BMP into the state that is queried, all routes kept
// ris_live  messages of RIS Live, each read whole and looked up; the lines of the file again and
//           again
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "collector/feed/bmp_session.hpp"
#include "collector/feed/live_rib.hpp"
#include "collector/feed/ris_live_decoder.hpp"
#include "tests/bench/cost.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::bench;

const WatchFilter kWatch{{*Prefix::parse("175.45.176.0/22")}, {Asn{131279}}};

void bench_bmp(int runs, const std::string& path) {
  const std::string stream = content(path);
  std::size_t routes = 0;
  std::size_t bytes = 0;
  std::uint64_t left_over = 0;
  const Cost cost = measure(runs, RUSAGE_SELF, [&] {
    LiveRib::Options options;
    options.watch = kWatch;
    options.keep_all = true;
    LiveRib rib{options};
    RouteBatch changes;
    BmpSession session{{.name = "bench", .origins = {Asn{131279}}}, [&](const BmpElement& element) {
                         rib.take(element.route, element.vantage, element.is_witness, changes);
                       }};
    constexpr std::size_t kPiece = std::size_t{64} << 10;
    const TimePoint now{std::chrono::seconds{1795456700}};
    for (std::size_t at = 0; at < stream.size(); at += kPiece) {
      session.receive(as_bytes(std::string_view{stream}.substr(at, kPiece)), now);
      changes.clear();
    }
    routes = rib.rib().size();
    bytes = rib.rib().memory().total();
    left_over = session.account().left_over;
  });
  fmt::print(
      "bmp routes={} cpu_seconds={:.3f} state_megabytes={:.1f} bytes_per_route={:.1f} "
      "left_over={}\n",
      routes, cost.cpu, static_cast<double>(bytes) / 1e6,
      static_cast<double>(bytes) / static_cast<double>(routes), left_over);
}

void bench_ris_live(int runs, const std::string& path) {
  const std::string text = content(path);
  std::vector<std::string> messages;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    line.reserve(line.size() + RisLiveDecoder::kPadding);
    if (!line.empty()) {
      messages.push_back(std::move(line));
    }
    at = end + 1;
  }
  if (messages.empty()) {
    return;
  }
  constexpr std::size_t kMessages = 1'000'000;
  std::size_t elements = 0;
  std::size_t read_bytes = 0;
  const Cost cost = measure(runs, RUSAGE_SELF, [&] {
    LiveRib rib{{.watch = kWatch}};
    RisLiveDecoder decoder;
    RouteBatch changes;
    const RisLiveDecoder::Emit emit = [&](const Route& route,
                                          const std::shared_ptr<const VantagePoint>& vantage) {
      ++elements;
      rib.take(route, vantage, true, changes);
    };
    read_bytes = 0;
    for (std::size_t i = 0; i < kMessages; ++i) {
      const std::string& message = messages[i % messages.size()];
      read_bytes += message.size();
      decoder.decode(message, TimePoint{}, emit);
      changes.clear();
    }
  });
  fmt::print("ris_live messages_per_second={:.0f} megabytes_per_second={:.1f} elements={}\n",
             static_cast<double>(kMessages) / cost.cpu,
             static_cast<double>(read_bytes) / 1e6 / cost.cpu, elements);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: live_feed_bench RUNS FULLTABLE.bmp[.gz] RIS_LIVE.json\n");
    return 2;
  }
  const int runs = std::max(1, std::atoi(argv[1]));
  bench_bmp(runs, argv[2]);
  bench_ris_live(runs, argv[3]);
  return 0;
}
