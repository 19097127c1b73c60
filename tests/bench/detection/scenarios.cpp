#include "tests/bench/detection/scenarios.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace isthmus::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kEvent = 30min;

Setup setup_of(std::uint64_t seed) {
  Setup setup;
  setup.seed = seed;
  return setup;
}

Run run_of(const Setup& setup, bool confounder = true, Duration length = 2h) {
  Run run;
  run.confounder = confounder;
  run.world = std::make_unique<World>(setup);
  run.length = length;
  return run;
}

std::function<void(Way&)> over(Asn upstream, Duration rtt = -60ms) {
  return [upstream, rtt](Way& way) {
    way.upstream = upstream;
    way.rtt += rtt;
    way.reaches = way.announced = true;
    way.raw_tail.clear();
  };
}

void go_dark(Way& way) {
  way.reaches = way.announced = false;
}
void come_back(Way& way) {
  way.reaches = way.announced = true;
}

Truth is_new(Asn asn = kNew, Duration at = kEvent) {
  return {EventType::UpstreamNew, asn, at, 1h};
}

/// Answers of a third party: some groups' last hop before the target is labelled as a stranger's.
/// `escape`: part of them in which the extraction does not see through it; `run`: the stranger has
/// two addresses in a row; `hidden`: the known upstream before it is silent.
void third_party(World& world, Duration from, Duration until, Asn stranger, double part,
                 double escape, bool diverse, bool hidden) {
  std::map<Asn, int> kinds;  // 0 not affected, 1 seen through, 2 escapes
  for (const std::size_t point : world.pick(part, true, false)) {
    const Asn group = world.group_of(point);
    if (!kinds.contains(group)) {
      kinds[group] = world.uniform() < escape ? 2 : 1;
    }
  }
  world.disturb(from, until,
                [&world, kinds, stranger, diverse, hidden](std::size_t probe, std::size_t,
                                                           Observation& seen) {
                  const auto kind = kinds.find(world.group_of(probe));
                  if (kind == kinds.end() || seen.verdict != Verdict::Upstream) {
                    return true;
                  }
                  if (kind->second == 1) {
                    seen.grade =
                        Grade::C;  // what c.2 makes of a run of one behind an established upstream
                    seen.reasons.emplace_back("third_party");
                    return true;
                  }
                  const Asn real = seen.upstreams.front();
                  seen.grade = Grade::B;
                  seen.upstreams = {stranger};
                  seen.path = {seen.vantage.asn, Asn{6939}};
                  if (!hidden) {
                    seen.path.push_back(real);
                  }
                  seen.path.push_back(stranger);
                  seen.path.push_back(kTarget);
                  const auto router = diverse ? static_cast<std::uint32_t>(probe % 2) : 0U;
                  seen.trace->upstream_addresses = {IpAddress::v4(stranger.value * 256 + router)};
                  return true;
                });
}

Run third_party_run(std::uint64_t seed, double escape, double least, double most, bool hidden) {
  Run run = run_of(setup_of(seed), true, 8h);
  World& world = *run.world;
  const double part = least + (most - least) * world.uniform();
  third_party(world, kEvent, kEvent + world.exponential(6h, 7h), kForeign, part, escape,
              world.uniform() < 0.5, hidden);
  run.world->sample_shares(1h);
  return run;
}

/// A share of some observations is graded down, dropped or made inconclusive.
Run graded(std::uint64_t seed, double part, const std::function<bool(World&, Observation&)>& how) {
  Run run = run_of(setup_of(seed));
  World& world = *run.world;
  world.disturb(kEvent, 2h, [&world, part, how](std::size_t, std::size_t, Observation& seen) {
    return world.uniform() >= part || how(world, seen);
  });
  world.sample_shares(90min);
  return run;
}

bool make_inconclusive(Observation& seen, const char* reason) {
  seen.verdict = Verdict::Inconclusive;
  seen.upstreams.clear();
  seen.grade = Grade::X;
  seen.reasons = {reason};
  return true;
}

void excursion(World& world, Duration at, Duration length, double part, Asn upstream) {
  const auto who = world.pick(part, true, true);
  world.change(at, who, world.all_prefixes(), over(upstream), 5s);
  world.change(at + length, who, world.all_prefixes(), over(kOld, 60ms), 5s);
}

collector::DetectorTables tables_of(std::string version) {
  collector::DetectorTables tables;
  tables.versions = {{"origins", std::move(version)}};
  return tables;
}

std::vector<ScenarioFamily> confounders() {
  std::vector<ScenarioFamily> list;
  const auto add = [&](std::string name, std::string says, std::function<Run(std::uint64_t)> make) {
    list.push_back({std::move(name), std::move(says), true, std::move(make)});
  };
  add("C1", "load balancer inside the upstream", [](std::uint64_t seed) {
    return graded(seed, 0.5, [](World& world, Observation& seen) {
      if (seen.trace) {
        seen.trace->upstream_addresses = {
            IpAddress::v4(kOld.value * 256 + static_cast<std::uint32_t>(world.random()() % 4))};
      }
      return true;
    });
  });
  add("C2", "diamond seen without Paris: a false last AS, grade D", [](std::uint64_t seed) {
    return graded(seed, 0.1, [](World&, Observation& seen) {
      if (seen.verdict == Verdict::Upstream) {
        seen.upstreams = {kForeign};
        seen.grade = Grade::D;
      }
      return true;
    });
  });
  add("C3", "third party answers, 5 % of groups not seen through",
      [](std::uint64_t seed) { return third_party_run(seed, 0.05, 0.1, 0.8, seed % 5 == 0); });
  add("C4", "third party with two routers in a row",
      [](std::uint64_t seed) { return third_party_run(seed, 1.0, 0.1, 0.8, false); });
  add("C5", "hidden AS: the upstream is silent, its provider is named", [](std::uint64_t seed) {
    return graded(seed, 0.3, [](World&, Observation& seen) {
      if (seen.verdict == Verdict::Upstream) {
        seen.grade = Grade::C;
        seen.reasons.emplace_back("hidden_as");
      }
      return true;
    });
  });
  add("C6", "MPLS hides the upstream's core", [](std::uint64_t seed) {
    return graded(seed, 1, [](World&, Observation& seen) {
      if (seen.verdict == Verdict::Upstream) {
        seen.grade = Grade::C;
        seen.trace->run_length = 1;
      }
      return true;
    });
  });
  add("C7", "silent hops before the target", [](std::uint64_t seed) {
    return graded(seed, 0.7, [](World& world, Observation& seen) {
      return world.uniform() < 0.5 || make_inconclusive(seen, "long_gap");
    });
  });
  add("C8", "ICMP rate limit: bursts of loss", [](std::uint64_t seed) {
    return graded(seed, 0.6,
                  [](World&, Observation& seen) { return make_inconclusive(seen, "no_as_label"); });
  });
  add("C9", "private or unannounced link space", [](std::uint64_t seed) {
    return graded(seed, 0.8, [](World&, Observation& seen) {
      if (seen.trace) {
        seen.trace->gap = 1;
        seen.reasons.emplace_back("special");
      }
      return true;
    });
  });
  add("C11", "a route server's AS in paths", [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    Run run = run_of(setup);
    World& world = *run.world;
    world.change(
        kEvent, world.pick(0.5, false, true), world.all_prefixes(),
        [](Way& way) { way.raw_tail = fmt::format("{} 64700 {}", kOld.value, kTarget.value); },
        30s);
    return run;
  });
  add("C12", "siblings alternate, mapped", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed));
    World& world = *run.world;
    world.target().siblings = {Asn{134544}};
    world.change(
        kEvent, world.pick(0.5, false, true), world.all_prefixes(),
        [](Way& way) { way.raw_tail = fmt::format("{} 134544 {}", kOld.value, kTarget.value); },
        30s);
    return run;
  });
  add("C13", "a front AS is inserted everywhere within two hours", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 5h);
    World& world = *run.world;
    for (std::size_t point = 0; point < world.points(); ++point) {
      world.change(
          kEvent + world.between(0s, 2h), {point}, world.all_prefixes(),
          [](Way& way) {
            way.transit.push_back(kOld);
            way.upstream = Asn{134544};
          },
          0s);
    }
    run.expected.must = {{EventType::UpstreamInserted, Asn{134544}, kEvent, 4h}};
    return run;
  });
  add("C14", "another origin beside the right one, for seven hours", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 8h);
    World& world = *run.world;
    world.change(
        kEvent, world.pick(0.4, false, true), world.all_prefixes(),
        [](Way& way) { way.raw_tail = "9121 24814"; }, 30s);
    run.expected.must = {{EventType::OriginChange, Asn{}, kEvent, 1h}};
    return run;
  });
  const auto transit_leak = [](std::uint64_t seed, std::vector<Asn> through) {
    Run run = run_of(setup_of(seed), true, 3h);
    World& world = *run.world;
    const auto who = world.pick(0.3 + 0.6 * world.uniform(), true, true);
    world.change(
        kEvent, who, world.all_prefixes(),
        [through](Way& way) {
          way.transit = through;
          way.rtt += 80ms;
        },
        20s);
    world.change(
        kEvent + world.between(10min, 120min), who, world.all_prefixes(),
        [](Way& way) {
          way.transit = {Asn{6939}};
          way.rtt -= 80ms;
        },
        20s);
    return run;
  };
  add("C15", "a leak two ASes before the target", [transit_leak](std::uint64_t seed) {
    return transit_leak(seed, {Asn{37282}, Asn{4809}});
  });
  add("C16", "a leak by a peer, with a valley; packets follow", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 3h);
    World& world = *run.world;
    const auto who = world.pick(0.5, true, true);
    const auto leak = [](Way& way) {
      way.transit = {Asn{3356}, Asn{64000}, Asn{1299}};
      way.upstream = kBackup;
    };
    world.change(kEvent, who, world.all_prefixes(), leak, 20s);
    world.change(kEvent + 40min, who, world.all_prefixes(), over(kOld, 60ms), 20s);
    run.expected.must = {{EventType::SuspectedLeak, kBackup, kEvent, 1h}};
    return run;
  });
  const auto hijack = [](std::uint64_t seed, bool dark) {
    Run run = run_of(setup_of(seed), true, 3h);
    World& world = *run.world;
    const auto who = world.pick(0.4 + 0.6 * world.uniform(), true, true);
    world.change(
        kEvent, who, world.all_prefixes(),
        [dark](Way& way) {
          way.upstream = Asn{666};
          way.reaches = !dark;
          way.other_host = !dark;
          way.rtt = 20ms;
        },
        20s);
    world.change(
        kEvent + world.between(5min, 60min), who, world.all_prefixes(),
        [](Way& way) {
          way.upstream = kOld;
          way.reaches = true;
          way.other_host = false;
          way.rtt = 200ms;
        },
        20s);
    run.expected.must = {{EventType::SuspectedHijack, Asn{666}, kEvent, 1h}};
    return run;
  };
  add("C17a", "a forged first hop; packets end in the dark",
      [hijack](std::uint64_t seed) { return hijack(seed, true); });
  add("C17b", "a forged first hop; another host answers",
      [hijack](std::uint64_t seed) { return hijack(seed, false); });
  add("C18", "one prefix moves to the second known upstream", [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    setup.prefixes = 4;
    setup.known = {kOld, kBackup};
    Run run = run_of(setup);
    World& world = *run.world;
    std::vector<std::size_t> everyone;
    for (std::size_t point = 0; point < world.points(); ++point) {
      everyone.push_back(point);
    }
    world.change(-1s, everyone, {1, 2}, over(kBackup), 0s);
    world.change(kEvent, everyone, {0}, over(kBackup), 20s);
    run.expected.must = {{EventType::PrefixMoved, kBackup, kEvent, 1h}};
    return run;
  });
  add("C19", "poisoned, prepended and aggregated paths", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed));
    World& world = *run.world;
    const std::vector<std::string> tails{"4837 131279 20485 131279", "4837 4837 4837 131279 131279",
                                         "4837 131279 9198 131279"};
    for (std::size_t peer = 0; peer < world.setup().peers; ++peer) {
      const std::string tail = tails[peer % tails.size()];
      world.change(
          kEvent, {world.setup().probes + peer}, world.all_prefixes(),
          [tail](Way& way) { way.raw_tail = tail; }, 30s);
    }
    return run;
  });
  add("C20", "path exploration, 5 to 180 s", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed));
    World& world = *run.world;
    for (int times = 0; times < 3; ++times) {
      excursion(world, kEvent + times * 25min, world.between(5s, 175s), 0.2 + 0.8 * world.uniform(),
                kBackup);
    }
    return run;
  });
  add("C21", "a zombie: one BGP peer keeps the new way for days", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 12h);
    World& world = *run.world;
    world.change(kEvent, {world.setup().probes + seed % world.setup().peers}, world.all_prefixes(),
                 over(kBackup), 0s);
    return run;
  });
  add("C22", "80 % of the peers drop the route, RPKI-invalid", [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    setup.known = {kOld, kBackup};
    Run run = run_of(setup, true, 4h);
    World& world = *run.world;
    collector::DetectorTables tables = tables_of("1");
    tables.rov_invalid = [](const Prefix&, Asn) { return true; };
    world.use(tables, 10min);
    world.change(kEvent, world.pick(0.7, true, true), world.all_prefixes(), go_dark, 60s);
    run.expected.must = {{EventType::PropagationLoss, Asn{}, kEvent, 1h}};
    run.expected.never = {EventType::ShareShift};
    return run;
  });
  add("C23", "four blackouts of the whole target", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 3h);
    World& world = *run.world;
    std::vector<std::size_t> everyone;
    for (std::size_t point = 0; point < world.points(); ++point) {
      everyone.push_back(point);
    }
    for (int times = 0; times < 4; ++times) {
      const Duration at = kEvent + times * 30min;
      world.change(at, everyone, world.all_prefixes(), go_dark, 2s);
      world.change(at + world.between(3min, 10min), everyone, world.all_prefixes(), come_back, 5s);
    }
    run.expected.never = {EventType::UpstreamLost, EventType::UpstreamWithdrawn};
    return run;
  });
  add("C27", "probes leave, others join where another upstream always was", [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    setup.peers = 0;
    Run run = run_of(setup, true, 3h);
    World& world = *run.world;
    for (std::size_t probe = 8; probe < 16; ++probe) {
      world.join(probe, kEvent);
      world.change(-1s, {probe}, world.all_prefixes(), over(kBackup), 0s);
    }
    run.expected.must = {{EventType::UpstreamDiscovered, kBackup, kEvent, 2h}};
    return run;
  });
  add("C28", "all probes in one AS, no BGP", [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    setup.groups = 1;
    setup.peers = 0;
    Run run = run_of(setup, true, 5h);
    run.world->change(kEvent, run.world->pick(1, true, false), run.world->all_prefixes(),
                      over(kNew), 30s);
    return run;
  });
  add("C31", "the origin table changes, and some hops get another name", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 3h);
    World& world = *run.world;
    world.use(tables_of("1"), 5min);
    world.use(tables_of("2"), kEvent);
    std::set<std::size_t> affected;
    for (const std::size_t probe : world.pick(0.19, true, false)) {
      affected.insert(probe);
    }
    world.disturb(kEvent, kEvent + 40min,
                  [affected](std::size_t probe, std::size_t, Observation& seen) {
                    if (affected.contains(probe) && seen.verdict == Verdict::Upstream) {
                      seen.path.insert(seen.path.end() - 1, kForeign);
                      seen.upstreams = {kForeign};
                      seen.grade = Grade::B;
                    }
                    return true;
                  });
    return run;
  });
  add("C32", "one probe behind a tunnel through another network", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 12h);
    World& world = *run.world;
    world.change(kEvent, {seed % world.setup().probes}, world.all_prefixes(), over(kBackup), 0s);
    return run;
  });
  add("C34", "BGP steady, packets dead", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 3h);
    World& world = *run.world;
    world.change(
        kEvent, world.pick(1, true, false), world.all_prefixes(),
        [](Way& way) { way.reaches = false; }, 10s);
    run.expected.must = {{EventType::PlaneDisagreement, Asn{}, kEvent, 1h}};
    run.expected.never = {EventType::UpstreamLost, EventType::UpstreamWithdrawn};
    return run;
  });
  add("C36", "one of sixteen groups forges: AS666, at any rate, for a day", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 26h);
    World& world = *run.world;
    const std::size_t forger = seed % world.setup().probes;
    world.disturb(1h, 25h, [forger, &world](std::size_t probe, std::size_t, Observation& seen) {
      if (probe == forger) {
        seen.verdict = Verdict::Upstream;
        seen.grade = Grade::A;
        seen.upstreams = {world.uniform() < 0.8
                              ? Asn{666}
                              : Asn{40'000 + static_cast<std::uint32_t>(world.random()() % 9000)}};
        seen.path = {seen.vantage.asn, Asn{6939}, seen.upstreams.front(), kTarget};
        seen.trace = TraceEvidence{};
        seen.trace->upstream_addresses = {
            IpAddress::v4(static_cast<std::uint32_t>(world.random()())),
            IpAddress::v4(static_cast<std::uint32_t>(world.random()()))};
        seen.trace->run_length = 4;
        seen.trace->reached = true;
        seen.trace->rtt = world.between(1ms, 900ms);
      }
      return true;
    });
    auto who = world.pick(0.6, true, true);
    world.change(12h, who, world.all_prefixes(), over(kNew), 30s);
    run.expected.must = {is_new(kNew, 12h)};
    return run;
  });
  return list;
}

std::vector<ScenarioFamily> disturbed_truths() {
  std::vector<ScenarioFamily> list;
  const auto add = [&](std::string name, std::string says, std::function<Run(std::uint64_t)> make) {
    list.push_back({std::move(name), std::move(says), false, std::move(make)});
  };
  add("C10", "a peer at an exchange, by a third of the groups", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), false);
    World& world = *run.world;
    world.change(
        kEvent, world.pick(0.4, true, true), world.all_prefixes(),
        [](Way& way) {
          way.upstream = kNew;
          way.via_exchange = true;
          way.rtt -= 50ms;
        },
        30s);
    run.expected.must = {is_new()};
    return run;
  });
  add("C24", "a backup comes and goes: new once, then returned", [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    setup.prefixes = 4;
    Run run = run_of(setup, false, 8h);
    World& world = *run.world;
    for (int times = 0; times < 3; ++times) {
      const auto who = world.pick(1, true, true);
      world.change(kEvent + times * 2h, who, {0}, over(kNew), 20s);
      world.change(kEvent + times * 2h + 1h, who, {0}, over(kOld, 60ms), 20s);
    }
    run.expected.must = {is_new(),
                         {EventType::UpstreamReturned, kNew, kEvent + 2h, 1h},
                         {EventType::UpstreamReturned, kNew, kEvent + 4h, 1h}};
    return run;
  });
  add("C25", "slow growth from one group to most", [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), false, 30h);
    World& world = *run.world;
    for (std::size_t group = 0; group < 10; ++group) {
      world.change(kEvent + static_cast<int>(group) * 2h, {group, world.setup().probes + group},
                   world.all_prefixes(), over(kNew), 30s);
    }
    run.expected.must = {{EventType::UpstreamNew, kNew, kEvent, 5h}};
    return run;
  });
  add("C29", "clocks of probes are off by up to 90 s", [](std::uint64_t seed) {
    Run run = true_event(seed, setup_of(seed), 0.6, 1, true, true, 30s);
    for (std::size_t probe = 0; probe < 4; ++probe) {
      run.world->skew(probe, run.world->between(-90s, 90s));
    }
    return run;
  });
  add("C30", "one in twenty results comes ten minutes late", [](std::uint64_t seed) {
    Run run = true_event(seed, setup_of(seed), 0.6, 1, true, true, 30s);
    World& world = *run.world;
    world.disturb(0s, 2h, [&world](std::size_t, std::size_t, Observation& seen) {
      if (world.uniform() < 0.05) {
        seen.time -= 10min;
      }
      return true;
    });
    return run;
  });
  add("R1", "Star JV, 2017-10-01: three of four prefixes", [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    setup.prefixes = 4;
    Run run = run_of(setup, false, 5h);
    World& world = *run.world;
    // Midnight of the story is 08:37:51 UTC.
    std::vector<std::size_t> everyone;
    for (std::size_t point = 0; point < world.points(); ++point) {
      everyone.push_back(point);
    }
    const std::vector<std::size_t> three{0, 2, 3};
    world.change(30min, everyone, three, over(kNew), 20s);
    world.change(30min + 4014s, everyone, three, over(kOld, 60ms), 20s);
    for (const Duration at : std::vector<Duration>{129min + 9s, 150min, 175min, 200min}) {
      world.change(at, everyone, world.all_prefixes(), go_dark, 2s);
      world.change(at + 5min, everyone, world.all_prefixes(), come_back, 5s);
    }
    world.change(224min + 4s, everyone, three, over(kNew), 20s);
    run.expected.must = {is_new(),
                         {EventType::UpstreamWithdrawn, kNew, 30min + 4014s, 1h},
                         {EventType::UpstreamReturned, kNew, 224min, 1h}};
    run.expected.never = {EventType::UpstreamLost};
    world.sample_shares(52min);
    return run;
  });
  return list;
}

std::vector<ScenarioFamily> documented() {
  std::vector<ScenarioFamily> list;
  const auto add = [&](std::string name, std::string says, bool confounder,
                       std::function<Run(std::uint64_t)> make) {
    list.push_back({std::move(name), std::move(says), confounder, std::move(make)});
  };
  add("R6", "Syria: Turk Telekom leaves between outages", false, [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    setup.known = {Asn{9121}, Asn{3491}};
    Run run = run_of(setup, false, 4h);
    World& world = *run.world;
    std::vector<std::size_t> everyone;
    for (std::size_t point = 0; point < world.points(); ++point) {
      everyone.push_back(point);
    }
    world.change(kEvent, everyone, world.all_prefixes(), go_dark, 5s);
    world.change(kEvent + 17min, everyone, world.all_prefixes(), come_back, 10s);
    world.change(90min, everyone, world.all_prefixes(), over(Asn{3491}), 30s);
    run.expected.must = {{EventType::UpstreamLost, Asn{9121}, 90min, 1h}};
    return run;
  });
  add("R10", "Tonga: the cable breaks, a satellite takes over", false, [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), false, 8h);
    World& world = *run.world;
    std::vector<std::size_t> everyone;
    for (std::size_t point = 0; point < world.points(); ++point) {
      everyone.push_back(point);
    }
    world.change(kEvent, everyone, world.all_prefixes(), go_dark, 5s);
    world.change(3h, everyone, world.all_prefixes(), over(Asn{5666}, 500ms), 30s);
    run.expected.must = {is_new(Asn{5666}, 3h)};
    return run;
  });
  add("R13", "the ROA of 2025: four of five peers drop the routes", true, [](std::uint64_t seed) {
    Setup setup = setup_of(seed);
    setup.known = {kOld, kNew};
    Run run = run_of(setup, true, 18h);
    World& world = *run.world;
    collector::DetectorTables tables = tables_of("1");
    tables.rov_invalid = [](const Prefix&, Asn) { return true; };
    world.use(tables, kEvent);
    const auto who = world.pick(0.75, false, true);
    world.change(kEvent + 30min, who, world.all_prefixes(), go_dark, 120s);
    world.change(kEvent + 16h, who, world.all_prefixes(), come_back, 120s);
    return run;
  });
  add("R15", "Iran: no withdrawals, no traffic", true, [](std::uint64_t seed) {
    Run run = run_of(setup_of(seed), true, 4h);
    World& world = *run.world;
    world.change(
        kEvent, world.pick(1, true, false), world.all_prefixes(),
        [](Way& way) { way.reaches = false; }, 60s);
    run.expected.must = {{EventType::PlaneDisagreement, Asn{}, kEvent, 1h}};
    return run;
  });
  const auto leak = [](std::uint64_t seed, std::vector<Asn> through, Asn upstream) {
    Setup setup = setup_of(seed);
    setup.known = {upstream};
    Run run = run_of(setup, true, 4h);
    World& world = *run.world;
    const auto who = world.pick(0.5, true, true);
    world.change(
        kEvent, who, world.all_prefixes(),
        [through](Way& way) {
          way.transit = through;
          way.rtt += 90ms;
        },
        30s);
    world.change(
        kEvent + 2h, who, world.all_prefixes(),
        [](Way& way) {
          way.transit = {Asn{6939}};
          way.rtt -= 90ms;
        },
        30s);
    return run;
  };
  add("R16", "MainOne: AS20485 in paths, two before the target", true, [leak](std::uint64_t seed) {
    return leak(seed, {Asn{20485}, Asn{4809}, Asn{37282}}, Asn{6461});
  });
  add("R17", "Safe Host: a prepended leak before 13237", true, [leak](std::uint64_t seed) {
    return leak(seed, {Asn{4134}, Asn{21217}, Asn{21217}, Asn{21217}}, Asn{13237});
  });
  return list;
}

}  // namespace

Run true_event(std::uint64_t seed, const Setup& setup, double share, double prefixes, bool data,
               bool control, Duration spread) {
  Setup chosen = setup;
  chosen.seed = seed;
  if (!control) {
    chosen.peers = 0;
  }
  if (!data) {
    chosen.probes = 0;
  }
  Run run = run_of(chosen, false);
  World& world = *run.world;
  world.change(kEvent, world.pick(share, data, control), world.some_prefixes(prefixes),
               over(kNew, world.between(-70ms, 70ms)), spread);
  world.sample_shares(70min);
  run.expected.must = {is_new()};
  run.variant =
      fmt::format("share {} prefixes {} {}{} N {} I {}s", share, prefixes, data ? "D" : "",
                  control ? "C" : "", chosen.probes, to_seconds(chosen.interval));
  return run;
}

Run noise(std::uint64_t seed, std::size_t peers, Duration length, double acceleration,
          Duration interval) {
  Setup setup = setup_of(seed);
  setup.peers = peers;
  setup.interval = interval;
  setup.keep_evidence = false;
  Run run = run_of(setup, true, length);
  World& world = *run.world;
  for (Duration at{};;) {
    at += world.exponential(std::chrono::duration_cast<Duration>(
                                std::chrono::duration<double>{7 * 86400 / acceleration}),
                            10000h);
    if (at >= length) {
      break;
    }
    const Asn stranger{3000 + static_cast<std::uint32_t>(world.random()() % 40)};
    third_party(world, at, at + world.exponential(6h, 72h), stranger, 0.1 + 0.7 * world.uniform(),
                0.05, world.uniform() < 0.1, world.uniform() < 0.2);
  }
  for (Duration at{};;) {
    at += world.exponential(24h, 10000h);
    if (at >= length) {
      break;
    }
    excursion(world, at, world.exponential(40s, 180s), 0.2 + 0.8 * world.uniform(), kBackup);
  }
  return run;
}

std::vector<ScenarioFamily> corpus() {
  std::vector<ScenarioFamily> list = confounders();
  for (auto& each : disturbed_truths()) {
    list.push_back(std::move(each));
  }
  for (auto& each : documented()) {
    list.push_back(std::move(each));
  }
  return list;
}

}  // namespace isthmus::bench
