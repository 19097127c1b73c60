#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "probe/packet/identity.hpp"
#include "tests/support/reply_builder.hpp"

using namespace isthmus;
using namespace isthmus::probe;

namespace {

constexpr std::size_t kTargets = 4096;

/// Ranges: method, and 4 or 6.
ProbeFormat format_of(const benchmark::State& state) {
  return {.method = static_cast<ProbeMethod>(state.range(0)), .key = {1, 2}};
}

IpAddress address_of(const benchmark::State& state, std::uint32_t number) {
  return state.range(1) == 4 ? IpAddress::v4(0x0a000000U + number)
                             : IpAddress::v6(0x2001'0db8ULL << 32, number);
}

std::vector<IpAddress> targets_of(const benchmark::State& state) {
  std::vector<IpAddress> targets;
  for (std::uint32_t i = 0; i < kTargets; ++i) {
    targets.push_back(address_of(state, i));
  }
  return targets;
}

/// Probe packets built, with all checksums.
void build(benchmark::State& state) {
  const ProbeFormat format = format_of(state);
  const auto targets = targets_of(state);
  const IpAddress us = address_of(state, 0xffffff);
  std::array<std::byte, kLongestProbe> out{};
  std::uint32_t i = 0;
  for (auto _ : state) {
    const std::uint32_t target = i++ % kTargets;
    const Probe probe{.source = us,
                      .id = {targets[target], static_cast<std::uint8_t>(i % 32 + 1), 0, 0},
                      .target = target};
    benchmark::DoNotOptimize(build_probe(format, probe, out));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(build)->ArgsProduct({{0, 1, 2}, {4, 6}});

/// Replies parsed, their checksum verified, and the probe recognised.
void recognise(benchmark::State& state) {
  const ProbeFormat format = format_of(state);
  const auto targets = targets_of(state);
  const IpAddress us = address_of(state, 0xffffff);
  const test::ReplyBuilder router{.from = address_of(state, 0xfffffe), .to = us};
  std::vector<std::string> replies;
  for (std::uint32_t i = 0; i < kTargets; ++i) {
    const ProbePacket probe =
        build_probe(format, {.source = us,
                             .id = {targets[i], static_cast<std::uint8_t>(i % 32 + 1), 0, 0},
                             .target = i});
    replies.push_back(router.time_exceeded(probe.view()));
  }
  const Expectation expected{.newest_round = 1, .rounds = 2, .flows = 1, .targets = targets};
  std::size_t i = 0;
  std::size_t unknown = 0;
  for (auto _ : state) {
    const auto reply = parse_reply(as_bytes(replies[i++ % kTargets]));
    const auto found = identify(format, expected, *reply);
    unknown += found ? 0 : 1;
  }
  if (unknown != 0) {
    state.SkipWithError("a reply was not recognised");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(recognise)->ArgsProduct({{0, 1, 2}, {4, 6}});

}  // namespace
