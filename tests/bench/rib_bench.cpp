// Measures the state of tables, collector/feed's AdjRibIn:
// rib_bench RUNS [state|pause|containers] TABLE UPDATES [TABLE...]
//
// state       archives replayed from memory, decoding included, into full per-peer state: the
// table,
//             the updates behind it, further tables, the table with each peer ten times; beside it
//             decoding alone, and the state as a std::unordered_map without shared paths
// pause       the longest time that one call takes while a peer with a full table goes
// containers  the table of one peer alone, against hash tables
#include <cstdlib>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include "collector/feed/adj_rib_in.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "tests/bench/cost.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::bench;

/// How the work is called, and what it is done on.
struct Archive {
  std::string name;
  std::string bytes;
  unsigned copies = 1;  ///< each element is one of so many peers: a table with more full feeds
};

/// Hands each element of an archive to `take`; returns how many there were.
template <typename Take>
std::uint64_t replay(const Archive& archive, Take&& take) {
  MrtReader::Options options;
  options.source = "bench";
  MrtReader reader{memory_input(as_bytes(archive.bytes)), "bench", options};
  std::uint64_t count = 0;
  VantagePoint copy;
  while (const Route* route = reader.next()) {
    take(*route);
    ++count;
    for (unsigned i = 1; i < archive.copies; ++i) {
      Route again = *route;
      copy = *route->vantage;
      copy.asn.value += i;
      again.vantage = &copy;
      take(again);
      ++count;
    }
  }
  return count;
}

/// The state as one writes it first.
class SimpleState {
 public:
  void apply(const Route& route) {
    const Key key{*route.vantage, route.prefix, route.path_id};
    switch (route.kind) {
      case RouteKind::Table:
      case RouteKind::Announce:
        routes_[key] = {*route.attributes, route.time};
        break;
      case RouteKind::Withdraw:
        routes_.erase(key);
        break;
      default:
        std::erase_if(routes_, [&](const auto& each) { return each.first.peer == *route.vantage; });
    }
  }
  [[nodiscard]] std::size_t size() const { return routes_.size(); }

 private:
  struct Key {
    VantagePoint peer;
    Prefix prefix;
    std::uint32_t path_id;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return combine(combine(hash_value(key.prefix), hash_value(key.peer.address)), key.path_id);
    }
  };
  struct Stored {
    RouteAttributes attributes;
    TimePoint since;
  };
  std::unordered_map<Key, Stored, Hash> routes_;
};

struct Filled {
  Cost cost;
  std::uint64_t elements = 0;
  std::size_t routes = 0;
  std::size_t heap = 0;
  std::size_t resident = 0;
};

/// Replays `before` without being timed, then `archive`; of the best run.
template <typename State>
Filled fill(const std::vector<const Archive*>& before, const Archive& archive, int runs) {
  Filled filled;
  for (int i = 0; i < runs; ++i) {
    malloc_trim(0);
    const std::size_t heap = heap_in_use();
    const std::size_t resident_before = resident();
    State state;
    for (const Archive* const each : before) {
      replay(*each, [&](const Route& route) { state.apply(route); });
    }
    const Cost cost = measure(1, RUSAGE_SELF, [&] {
      filled.elements = replay(archive, [&](const Route& route) { state.apply(route); });
    });
    filled.cost.cpu = std::min(filled.cost.cpu, cost.cpu);
    filled.routes = state.size();
    filled.heap = heap_in_use() - heap;
    if constexpr (requires { state.slab_bytes(); }) {
      filled.heap += state.slab_bytes();
    }
    filled.resident = resident() > resident_before ? resident() - resident_before : 0;
    if constexpr (requires { state.memory(); }) {
      const double counted = static_cast<double>(state.memory().total());
      if (std::abs(counted / static_cast<double>(filled.heap) - 1) > 0.02) {
        fmt::print("  the state counts {} bytes of {}\n", counted, filled.heap);
      }
    }
  }
  return filled;
}

double rate(std::uint64_t elements, const Cost& cost) {
  return static_cast<double>(elements) / cost.cpu;
}

void bench_state(const std::vector<const Archive*>& before, const Archive& archive, int runs) {
  std::uint64_t elements = 0;
  const Cost decode = measure(runs, RUSAGE_SELF,
                              [&] { elements = replay(archive, [](const Route& /*route*/) {}); });
  const Filled ours = fill<AdjRibIn>(before, archive, runs);
  const Filled simple = fill<SimpleState>(before, archive, std::min(runs, 2));
  const auto each = [](std::size_t bytes, const Filled& filled) {
    return static_cast<double>(bytes) / static_cast<double>(filled.routes);
  };
  report("state " + archive.name, {{"elements", static_cast<double>(ours.elements)},
                                   {"routes", static_cast<double>(ours.routes)},
                                   {"elements_per_second", rate(ours.elements, ours.cost)},
                                   {"bytes_per_route", each(ours.heap, ours)},
                                   {"resident_per_route", each(ours.resident, ours)},
                                   {"decode_per_second", rate(ours.elements, decode)},
                                   {"map_per_second", rate(simple.elements, simple.cost)},
                                   {"map_bytes_per_route", each(simple.heap, simple)}});
}

/// A reader asks and a second peer goes on to announce while a peer's full table is forgotten.
void bench_pause(const Archive& table, const Archive& updates, int runs) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  std::size_t gone = 0;
  std::uint64_t calls = 0;
  for (int i = 0; i < runs; ++i) {
    AdjRibIn rib;
    replay(table, [&](const Route& route) { rib.apply(route); });
    AdjRibIn::PeerId full = rib.peers().front();
    for (const AdjRibIn::PeerId peer : rib.peers()) {
      if (rib.routes(peer, Family::Ipv4).size() > rib.routes(full, Family::Ipv4).size()) {
        full = peer;
      }
    }
    double longest = 0;
    const auto timed = [&](auto&& call) {
      const auto start = Clock::now();
      call();
      longest = std::max(longest, std::chrono::duration<double>(Clock::now() - start).count());
    };
    timed([&] { gone = rib.clear(full); });
    calls = 1;
    replay(updates, [&](const Route& route) {
      timed([&] { rib.apply(route); });
      timed([&] { PeerRoutes::Cursor{rib.routes(full, Family::Ipv4), route.prefix}; });
      calls += 2;
    });
    best = std::min(best, longest);
  }
  report("pause", {{"routes", static_cast<double>(gone)},
                   {"calls", static_cast<double>(calls)},
                   {"longest_seconds", best}});
}

/// The table of one peer behind the calls that a replay makes.
struct Value {
  const StoredPath* path;
  std::uint32_t since;
  std::uint16_t generation;
};
struct KeyHash {
  using is_avalanching = void;
  std::size_t operator()(const PlainKey& key) const { return PlainEntry::hash(key, 1); }
};
template <typename Map>
struct HashTable {
  Map map;
  void set(const PlainEntry& entry) {
    map[entry.key()] = {entry.path, entry.since, entry.generation};
  }
  void remove(const PlainKey& key) { map.erase(key); }
};
struct Ordered {
  TableMemory memory;
  OrderedTable<PlainEntry> table{&memory, 1};
  void set(const PlainEntry& entry) {
    if (PlainEntry* const found = table.find(entry.key()); found != nullptr) {
      *found = entry;
    } else {
      table.insert(entry);
    }
  }
  void remove(const PlainKey& key) {
    if (PlainEntry* const found = table.find(key); found != nullptr) {
      table.erase(found);
    }
  }
};

struct Step {
  PlainEntry entry;
  bool is_removal;
};
std::vector<Step> steps_of(const Archive& archive, const StoredPath* path) {
  std::vector<Step> steps;
  replay(archive, [&](const Route& route) {
    if (route.kind <= RouteKind::Withdraw && route.prefix.family() == Family::Ipv4) {
      const auto length = static_cast<std::uint8_t>(route.prefix.length());
      steps.push_back(
          {{route.prefix.address().high(), path, 0, 0, length}, route.kind == RouteKind::Withdraw});
    }
  });
  return steps;
}

template <typename Table>
void bench_container(const char* name, const std::vector<Step>& load,
                     const std::vector<Step>& updates, int runs) {
  double load_cost = 1e9;
  double update_cost = 1e9;
  double longest = 1e9;
  std::size_t bytes = 0;
  const auto run = [](Table& table, const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      if (step.is_removal) {
        table.remove(step.entry.key());
      } else {
        table.set(step.entry);
      }
    }
  };
  for (int i = 0; i < runs; ++i) {
    const std::size_t before = heap_in_use();
    Table table;
    load_cost = std::min(load_cost, measure(1, RUSAGE_SELF, [&] { run(table, load); }).cpu);
    bytes = heap_in_use() - before;
    update_cost = std::min(update_cost, measure(1, RUSAGE_SELF, [&] { run(table, updates); }).cpu);
    Table timed;
    double worst = 0;
    for (const Step& step : load) {
      const auto start = std::chrono::steady_clock::now();
      timed.set(step.entry);
      worst = std::max(
          worst, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    longest = std::min(longest, worst);
  }
  fmt::print(
      "table  {:<22} {:6.1f} ns a route to load, {:6.1f} ns an update, {:5.1f} B a route, longest "
      "step {:6.3f} ms\n",
      name, load_cost * 1e9 / static_cast<double>(load.size()),
      update_cost * 1e9 / static_cast<double>(updates.size()),
      static_cast<double>(bytes) / static_cast<double>(load.size()), longest * 1e3);
}

void bench_containers(const Archive& table, const Archive& updates, int runs) {
  PathPool pool{1};
  const StoredPath* const path = pool.acquire({});
  std::vector<Step> load = steps_of(table, path);
  const std::vector<Step> changes = steps_of(updates, path);
  const auto all = [&](const char* how) {
    fmt::print("table  {} of {} routes, then {} updates\n", how, load.size(), changes.size());
    using Std = std::unordered_map<PlainKey, Value, KeyHash>;
    using Flat = boost::unordered_flat_map<PlainKey, Value, KeyHash>;
    bench_container<HashTable<Std>>("std::unordered_map", load, changes, runs);
    bench_container<HashTable<Flat>>("unordered_flat_map", load, changes, runs);
    bench_container<Ordered>("OrderedTable", load, changes, runs);
  };
  all("a dump in order");
  std::shuffle(load.begin(), load.end(), std::mt19937_64{1});
  all("a dump in random order");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    fmt::print(stderr, "rib_bench RUNS state|pause|containers TABLE UPDATES [TABLE...]\n");
    return 2;
  }
  const int runs = std::max(1, std::atoi(argv[1]));
  const std::string what = argv[2];
  const Archive table{"table", content(argv[3]), 1};
  const Archive updates{"updates", content(argv[4]), 1};
  if (table.bytes.empty() || updates.bytes.empty()) {
    fmt::print(stderr, "rib_bench: {} and {} cannot be read\n", argv[3], argv[4]);
    return 1;
  }
  if (what == "state") {
    bench_state({}, table, runs);
    bench_state({&table}, updates, runs);
    for (int i = 5; i < argc; ++i) {
      const std::string path = argv[i];
      bench_state({}, {path.substr(path.rfind('/') + 1), content(path)}, runs);
    }
    bench_state({}, {"table, each peer 10 times", table.bytes, 10}, std::min(runs, 2));
  } else if (what == "pause") {
    bench_pause(table, updates, runs);
  } else {
    bench_containers(table, updates, runs);
  }
  return 0;
}
