#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <zlib.h>

#include "collector/label/labeller.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

constexpr std::size_t kAddresses = std::size_t{1} << 20;

/// The text of a gzip file; empty if there is none.
std::string gunzip(const std::string& path) {
  std::string text;
  if (gzFile file = gzopen(path.c_str(), "rb"); file != nullptr) {
    std::vector<char> chunk(1 << 20);
    for (int count = 0; (count = gzread(file, chunk.data(), 1 << 20)) > 0;) {
      text.append(chunk.data(), static_cast<std::size_t>(count));
    }
    gzclose(file);
  }
  return text;
}

const std::string& pfx2as_text() {
  static const std::string text =
      gunzip(ISTHMUS_SHARED_DATA "/caida/mlab-pfx2as/RouteViewIPv4.2021.gz") +
      gunzip(ISTHMUS_SHARED_DATA "/caida/mlab-pfx2as/RouteViewIPv6.2021.gz");
  return text;
}

/// Without the real files, prefixes whose lengths are spread as in a full table.
void add_synthetic(OriginTableBuilder& builder) {
  std::mt19937_64 random{1};
  for (int i = 0; i < 1'000'000; ++i) {
    const auto length = static_cast<unsigned>(random() % 10 < 6 ? 24 : 16 + random() % 8);
    const auto address = IpAddress::v4(static_cast<std::uint32_t>(random() % 0xdf000000));
    builder.add(Prefix::covering(address, length),
                Asn{static_cast<std::uint32_t>(random() % 75'000 + 1)});
  }
  for (int i = 0; i < 200'000; ++i) {
    const auto length = static_cast<unsigned>(random() % 2 == 0 ? 48 : 29 + random() % 16);
    const auto address = IpAddress::v6(0x2000'0000'0000'0000ULL | random() >> 3, 0);
    builder.add(Prefix::covering(address, length),
                Asn{static_cast<std::uint32_t>(random() % 75'000 + 1)});
  }
}

OriginTable build_table(bool is_real) {
  OriginTableBuilder builder;
  if (is_real) {
    parse_pfx2as(pfx2as_text(), builder);
  } else {
    add_synthetic(builder);
  }
  auto table = builder.build();
  if (!table) {
    std::abort();
  }
  return std::move(*table);
}

/// Range 0 of a benchmark: the real table of 2021, or a synthetic one without any clustering, which
/// is the worst that a table of this size can be.
const OriginTable& chosen_table(benchmark::State& state) {
  static const OriginTable real = build_table(true);
  static const OriginTable synthetic = build_table(false);
  const OriginTable& table = state.range(0) == 0 ? real : synthetic;
  if (table.size() == 0) {
    state.SkipWithError("no shared data");
  }
  return table;
}

void report(benchmark::State& state, const OriginTable& table) {
  state.SetItemsProcessed(state.iterations());
  state.counters["prefixes"] = static_cast<double>(table.size());
  state.counters["table_bytes"] = static_cast<double>(table.bytes());
  state.SetLabel(state.range(0) == 0 ? "RouteViews pfx2as 2021" : "synthetic");
}

std::vector<std::uint32_t> random_addresses() {
  std::mt19937 random{7};
  std::vector<std::uint32_t> addresses(kAddresses);
  for (auto& address : addresses) {
    address = static_cast<std::uint32_t>(random());
  }
  return addresses;
}

/// Lookups of uniformly random IPv4 addresses, each independent of the one before.
void random_ipv4(benchmark::State& state) {
  const OriginTable& table = chosen_table(state);
  const auto addresses = random_addresses();
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.prefixes().longest_match_v4(addresses[i++ % kAddresses]));
  }
  report(state, table);
}
BENCHMARK(random_ipv4)->Arg(0)->Arg(1);

/// The same where each address waits for the match before it: the latency of one lookup.
void chained_ipv4(benchmark::State& state) {
  const OriginTable& table = chosen_table(state);
  const auto addresses = random_addresses();
  std::size_t i = 0;
  std::uint32_t previous = 0;
  for (auto _ : state) {
    const auto match = table.prefixes().longest_match_v4(addresses[i++ % kAddresses] ^ previous);
    previous = match ? match->value & 1 : 0;
    benchmark::DoNotOptimize(previous);
  }
  report(state, table);
}
BENCHMARK(chained_ipv4)->Arg(0)->Arg(1);

/// Random addresses within the announced prefixes of IPv6, all prefixes alike.
void announced_ipv6(benchmark::State& state) {
  const OriginTable& table = chosen_table(state);
  std::vector<IpAddress> prefixes;
  LineAccount account;
  LineReader lines{pfx2as_text(), account};
  while (auto line = lines.next()) {
    const auto address = IpAddress::parse(take_field(*line, '\t'));
    if (address && !address->is_v4()) {
      prefixes.push_back(*address);
    }
  }
  if (prefixes.empty()) {
    state.SkipWithError("no shared data");
    return;
  }
  std::mt19937_64 random{7};
  std::vector<IpAddress> addresses;
  while (addresses.size() < kAddresses) {
    const IpAddress& prefix = prefixes[random() % prefixes.size()];
    addresses.push_back(IpAddress::v6(prefix.high() | (random() & 0xffff), random()));
  }
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.prefixes().longest_match_v6(addresses[i++ % kAddresses]));
  }
  report(state, table);
}
BENCHMARK(announced_ipv6)->Arg(0);

/// A whole label, with its vector of origins, as the collector asks for each hop.
void whole_label(benchmark::State& state) {
  Labeller labeller;
  labeller.set_table(LabelSource::Pfx2as, build_table(state.range(0) == 0), "benchmark");
  std::vector<IpAddress> addresses;
  for (const std::uint32_t address : random_addresses()) {
    addresses.push_back(IpAddress::v4(address));
  }
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(labeller.label(addresses[i++ % kAddresses]));
  }
  report(state, *labeller.table(LabelSource::Pfx2as));
}
BENCHMARK(whole_label)->Arg(0)->Arg(1);

/// Text to frozen table: lines per second.
void load_pfx2as(benchmark::State& state) {
  std::uint64_t lines = 0;
  for (auto _ : state) {
    OriginTableBuilder builder;
    lines += parse_pfx2as(pfx2as_text(), builder).lines;
    auto table = builder.build();
    benchmark::DoNotOptimize(table);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(lines));
}
BENCHMARK(load_pfx2as)->Unit(benchmark::kMillisecond);

}  // namespace
