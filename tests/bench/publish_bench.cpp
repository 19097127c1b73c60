// Scrapes of 100,000 series beside prometheus-cpp's own, and queries of a large history.
//
// The history is made once, in a folder that ISTHMUS_BENCH_HISTORY names (kept, for the next run)
// or a temporary one: 200 prefixes seen by 64 vantage points for 90 days, each with a change of
// route about once a day: 1.1 million intervals, which is what some 10 million traceroutes at one a
// quarter of an hour come to.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include <benchmark/benchmark.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "collector/publish/history_rows.hpp"
#include "collector/publish/metrics_page.hpp"
#include "collector/publish/picture_json.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;

constexpr std::size_t kSeries = 100'000;

/// Targets with sixteen upstreams each, which make about so many series.
Snapshot large_snapshot() {
  Snapshot snapshot;
  snapshot.generation = 1;
  snapshot.time = TimePoint{std::chrono::hours{24 * 365 * 50}};
  constexpr std::size_t kPerTarget = 16 * 21 + 24;
  for (std::size_t i = 0; i < kSeries / kPerTarget; ++i) {
    TargetStatus target;
    target.target = "target-" + std::to_string(i);
    target.time = snapshot.time;
    target.vantages = {{.plane = Plane::Data, .conclusive = 40},
                       {.plane = Plane::Control, .conclusive = 60}};
    for (std::uint32_t asn = 1; asn <= 16; ++asn) {
      UpstreamStatus upstream;
      upstream.asn = Asn{asn * 1000 + static_cast<std::uint32_t>(i)};
      upstream.state = UpstreamState::Established;
      upstream.first_seen = upstream.last_seen = upstream.confirmed_at = snapshot.time;
      for (const Plane plane : {Plane::Data, Plane::Control}) {
        upstream.planes.push_back({.plane = plane,
                                   .share = 1.0 / asn,
                                   .lower = 0.3 / asn,
                                   .upper = 1.1 / asn,
                                   .hegemony = 0.9 / asn,
                                   .vantages = asn});
      }
      target.upstreams.push_back(std::move(upstream));
    }
    snapshot.targets.push_back(std::move(target));
  }
  return snapshot;
}

void scrape(benchmark::State& state, bool fresh, bool gzip) {
  SelfMetrics self;
  MetricsPage page{self, {}};
  Snapshot snapshot = large_snapshot();
  const MetricsWish wish{.format = MetricsFormat::OpenMetrics, .gzip = gzip};
  std::size_t bytes = page.body(snapshot, wish).series->size();
  for (auto _ : state) {
    snapshot.generation += fresh ? 1 : 0;
    const MetricsBody body = page.body(snapshot, wish);
    std::string whole;
    whole.reserve(body.series->size() + body.rest.size());
    whole += *body.series;
    whole += body.rest;
    benchmark::DoNotOptimize(whole);
  }
  const MetricsBody plain = page.body(snapshot, {});
  state.counters["series"] =
      static_cast<double>(std::count(plain.series->begin(), plain.series->end(), '\n'));
  state.counters["bytes"] = static_cast<double>(bytes);
}

void scrape_cold(benchmark::State& state) {
  scrape(state, true, false);
}
void scrape_cold_gzip(benchmark::State& state) {
  scrape(state, true, true);
}
void scrape_cached(benchmark::State& state) {
  scrape(state, false, false);
}
void scrape_cached_gzip(benchmark::State& state) {
  scrape(state, false, true);
}
BENCHMARK(scrape_cold)->Unit(benchmark::kMillisecond);
BENCHMARK(scrape_cold_gzip)->Unit(benchmark::kMillisecond);
BENCHMARK(scrape_cached)->Unit(benchmark::kMillisecond);
BENCHMARK(scrape_cached_gzip)->Unit(benchmark::kMillisecond);

/// The same number of series as prometheus-cpp keeps and serves them.
void scrape_prometheus_cpp(benchmark::State& state) {
  prometheus::Registry registry;
  auto& family = prometheus::BuildGauge().Name("isthmus_upstream_share_ratio").Register(registry);
  for (std::size_t i = 0; i < kSeries; ++i) {
    family
        .Add({{"target", "target-" + std::to_string(i / 340)},
              {"upstream_asn", std::to_string(i)},
              {"plane", "control"},
              {"family", "ipv4"}})
        .Set(0.25);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(prometheus::TextSerializer{}.Serialize(registry.Collect()));
  }
}
BENCHMARK(scrape_prometheus_cpp)->Unit(benchmark::kMillisecond);

constexpr std::uint32_t kPrefixes = 200;
constexpr std::uint32_t kVantages = 64;
constexpr int kDays = 90;
const TimePoint kBegin{std::chrono::hours{24 * 365 * 50}};

Prefix prefix_number(std::uint32_t number) {
  return Prefix::covering(IpAddress::v4(0x0A000000U + (number << 8)), 24);
}

void fill(History& history) {
  std::mt19937 random{1};
  for (std::uint32_t number = 0; number < kPrefixes; ++number) {
    HistoryBatch batch;
    for (std::uint32_t vantage = 0; vantage < kVantages; ++vantage) {
      TimePoint at = kBegin;
      while (at < kBegin + std::chrono::hours{24 * kDays}) {
        const TimePoint next = at + std::chrono::seconds{3600 + random() % 170'000};
        const Asn upstream{100 + random() % 4};
        batch.intervals.push_back(
            {.target = "target-" + std::to_string(number / 4),
             .prefix = prefix_number(number),
             .vantage = {Plane::Data, "probe-" + std::to_string(vantage),
                         IpAddress::v4(0xC0000200U + vantage), Asn{1000 + vantage}},
             .verdict = Verdict::Upstream,
             .upstream = upstream,
             .path = std::to_string(1000 + vantage) + ' ' + std::to_string(random() % 50 + 1) +
                     ' ' + std::to_string(upstream.value) + " 99",
             .from = at,
             .until = next});
        at = next;
      }
    }
    if (const auto stored = history.store(batch); !stored) {
      std::abort();
    }
  }
}

const History& large_history() {
  static const std::unique_ptr<History> kHistory = [] {
    const char* const kept = std::getenv("ISTHMUS_BENCH_HISTORY");
    const std::string folder =
        kept != nullptr ? std::string{kept}
                        : (std::filesystem::temp_directory_path() / "isthmus-bench").string();
    if (!std::filesystem::exists(folder + "/catalog.db")) {
      auto history = open_sqlite_history(folder);
      fill(**history);
    }
    return std::move(*open_sqlite_history_to_read(folder));
  }();
  return *kHistory;
}

/// Runs `query` for one prefix after another, and reports the 95th percentile of its times.
template <typename F>
void each_prefix(benchmark::State& state, const F& query) {
  const History& history = large_history();
  std::vector<double> times;
  std::uint32_t number = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    query(history, number);
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
    number = (number + 37) % kPrefixes;
  }
  std::sort(times.begin(), times.end());
  state.counters["p95_ms"] = times.at(times.size() * 95 / 100);
}

/// The whole 30-day history of a prefix as the API's pages give it.
void history_of_a_prefix(benchmark::State& state) {
  each_prefix(state, [](const History& history, std::uint32_t number) {
    HistoryFilter filter;
    filter.prefix = prefix_number(number);
    filter.from = kBegin + std::chrono::hours{24 * 50};
    filter.until = kBegin + std::chrono::hours{24 * 80};
    filter.limit = 1000;
    const auto page = read_page(history, HistoryTable::Routes, filter, {});
    if (!page) {
      std::abort();
    }
    benchmark::DoNotOptimize(page->size());
  });
}
BENCHMARK(history_of_a_prefix)->Unit(benchmark::kMillisecond)->Iterations(200);

void shares_of_a_prefix(benchmark::State& state) {
  each_prefix(state, [](const History& history, std::uint32_t number) {
    PictureWish wish;
    wish.target = "target-" + std::to_string(number / 4);
    wish.plane = Plane::Data;
    wish.prefix = prefix_number(number);
    const TimeSteps steps{kBegin + std::chrono::hours{24 * 50},
                          kBegin + std::chrono::hours{24 * 80}, std::chrono::minutes{15}};
    const auto routes = read_routes(history, wish, steps.from, steps.until);
    benchmark::DoNotOptimize(share_series(*routes, steps).times.size());
  });
}
BENCHMARK(shares_of_a_prefix)->Unit(benchmark::kMillisecond)->Iterations(200);

void graph_at_a_time(benchmark::State& state) {
  each_prefix(state, [](const History& history, std::uint32_t number) {
    PictureWish wish;
    wish.target = "target-" + std::to_string(number / 4);
    wish.plane = Plane::Data;
    const TimePoint at = kBegin + std::chrono::hours{24 * 60};
    const auto routes = read_routes(history, wish, at, at + Duration{1});
    benchmark::DoNotOptimize(as_graph(*routes, {}).links.size());
  });
}
BENCHMARK(graph_at_a_time)->Unit(benchmark::kMillisecond)->Iterations(200);

}  // namespace
