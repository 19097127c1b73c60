// Measures live feeds: live_feed_bench RUNS FULLTABLE.bmp[.gz] UPDATES.mrt[.gz]
//
// bmp       one router's full table over BMP into the state that is queried, all routes kept
// ris_live  the elements of the archive as RIS Live says them, one a message, each read whole and
//           looked up
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "collector/feed/bmp_session.hpp"
#include "collector/feed/live_rib.hpp"
#include "collector/feed/mrt_reader.hpp"
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
  const auto count = static_cast<double>(routes);
  report("bmp", {{"routes", count},
                 {"cpu_seconds", cost.cpu},
                 {"state_bytes", static_cast<double>(bytes)},
                 {"bytes_per_route", static_cast<double>(bytes) / count},
                 {"left_over", static_cast<double>(left_over)}});
}

/// An element as RIS Live's server writes it (https://ris-live.ripe.net/manual/), without `raw`.
std::string ris_message(const Route& route, std::size_t number) {
  const double time = static_cast<double>(route.time.time_since_epoch().count()) / 1e6;
  const std::string peer = route.vantage->address.to_string();
  std::string text = fmt::format(
      R"({{"type":"ris_message","data":{{"timestamp":{:.2f},"peer":"{}","peer_asn":"{}","id":"{}-{:.2f}-{}","host":"rrc00",)"
      R"("type":"UPDATE",)",
      time, peer, route.vantage->asn.value, peer, time, number);
  if (route.kind == RouteKind::Withdraw) {
    return text + fmt::format(R"("withdrawals":["{}"]}}}})", route.prefix.to_string());
  }
  std::string path;
  for (const Asn asn : route.attributes->as_path.asns()) {
    path += fmt::format("{}{}", path.empty() ? "" : ",", asn.value);
  }
  std::string communities;
  for (const std::uint32_t each : route.attributes->communities) {
    communities +=
        fmt::format("{}[{},{}]", communities.empty() ? "" : ",", each >> 16, each & 65535);
  }
  return text +
         fmt::format(
             R"("path":[{}],"community":[{}],"origin":"igp","announcements":[{{"next_hop":"{}","prefixes":["{}"]}}]}}}})",
             path, communities, peer, route.prefix.to_string());
}

std::vector<std::string> ris_messages(const std::string& path) {
  constexpr std::size_t kMost = 200'000;
  std::vector<std::string> messages;
  auto reader = open_mrt(path, {.source = "rrc00", .detail = Detail::Everything, .wanted = {}});
  while (reader && messages.size() < kMost) {
    const Route* const route = (*reader)->next();
    if (route == nullptr) {
      break;
    }
    if (route->kind == RouteKind::Announce || route->kind == RouteKind::Withdraw) {
      std::string text = ris_message(*route, messages.size());
      text.reserve(text.size() + RisLiveDecoder::kPadding);
      messages.push_back(std::move(text));
    }
  }
  return messages;
}

void bench_ris_live(int runs, const std::string& path) {
  const std::vector<std::string> messages = ris_messages(path);
  std::size_t elements = 0;
  std::size_t bytes = 0;
  const Cost cost = measure(runs, RUSAGE_SELF, [&] {
    LiveRib rib{{.watch = kWatch}};
    RisLiveDecoder decoder;
    RouteBatch changes;
    const RisLiveDecoder::Emit emit = [&](const Route& route,
                                          const std::shared_ptr<const VantagePoint>& vantage) {
      ++elements;
      rib.take(route, vantage, true, changes);
    };
    elements = 0;
    bytes = 0;
    for (const std::string& message : messages) {
      bytes += message.size();
      decoder.decode(message, TimePoint{}, emit);
      changes.clear();
    }
  });
  const auto count = static_cast<double>(messages.size());
  report("ris_live", {{"messages", count},
                      {"elements", static_cast<double>(elements)},
                      {"messages_per_second", count / cost.cpu},
                      {"bytes_per_second", static_cast<double>(bytes) / cost.cpu}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: live_feed_bench RUNS FULLTABLE.bmp[.gz] UPDATES.mrt[.gz]\n");
    return 2;
  }
  const int runs = std::max(1, std::atoi(argv[1]));
  bench_bmp(runs, argv[2]);
  bench_ris_live(runs, argv[3]);
  return 0;
}
