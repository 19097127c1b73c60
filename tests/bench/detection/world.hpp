#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "collector/detect/detector.hpp"
#include "core/route/route.hpp"
#include "tests/bench/detection/comparators.hpp"

/// A world in virtual time: networks that measure and announce, and what really happens to the way
/// to a target. It feeds the collector's real detector, in a closed loop: sweeps that the detector
/// asks for are measured.
namespace isthmus::bench {

inline constexpr TimePoint kStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
inline constexpr Asn kTarget{131279};
inline constexpr Asn kOld{4837};   ///< the upstream that is known
inline constexpr Asn kNew{20485};  ///< the one that comes
inline constexpr Asn kBackup{9304};
inline constexpr Asn kForeign{3491};  ///< answers for others

/// How one vantage point reaches one prefix.
struct Way {
  Asn upstream = kOld;
  std::vector<Asn> transit;  ///< between the vantage point's network and the upstream
  bool reaches = true;
  bool announced = true;    ///< BGP has a route
  bool other_host = false;  ///< not the target answers
  bool via_exchange = false;
  Duration rtt = std::chrono::milliseconds{200};
  std::string raw_tail;  ///< instead of "upstream target" at the end of the AS path
};

struct Setup {
  std::uint64_t seed = 1;
  std::size_t probes = 16;
  std::size_t groups = 16;  ///< vantage ASes that the probes are spread over
  std::size_t peers = 20;   ///< BGP peers, each an AS of its own, at three route collectors
  std::size_t prefixes = 1;
  Duration interval = std::chrono::seconds{60};
  double inconclusive = 0.15;  ///< part of the traceroutes
  double mislabelled = 0.002;  ///< part of the traceroutes that name some wrong AS in grade B
  double grade_a = 0.75;       ///< of the others; the rest are of grade B
  Duration lateness = std::chrono::seconds{5};
  std::vector<Asn> known{kOld};
  bool learns = false;
  std::size_t targets = 1;  ///< with the same fate
  bool keep_evidence = true;
};

/// A disturbance of what traceroutes say: changes the observation of a vantage point, or drops it.
using Disturbance = std::function<bool(std::size_t probe, std::size_t prefix, Observation&)>;

/// An event with the moment at which it was handed over.
struct Told {
  Event event;
  Duration at{};
};

struct Outcome {
  std::vector<Told> events;
  std::vector<Observation> evidence;
  std::map<std::string, std::vector<Alarm>> alarms;  ///< of each comparator
  std::vector<double> share_errors;  ///< |told - true| for each upstream at each sample
  collector::DetectorCounters counters;
  std::uint64_t observations = 0;
  std::uint64_t sweeps = 0;  ///< traceroutes that sweeps cost
};

class World {
 public:
  explicit World(const Setup& setup);

  [[nodiscard]] const Setup& setup() const { return setup_; }
  std::mt19937_64& random() { return random_; }
  double uniform() { return std::uniform_real_distribution<double>{0, 1}(random_); }
  Duration exponential(Duration mean, Duration most);
  Duration between(Duration low, Duration high);

  using Picked = std::vector<std::size_t>;  ///< vantage points: probes first, then BGP peers
  /// Vantage points of a part of the groups, at least one of each plane that takes part.
  Picked pick(double share, bool data, bool control);
  /// Changes the way of vantage points to some prefixes, each after Exp(spread), at most 3 minutes.
  void change(Duration at, const Picked& who, const std::vector<std::size_t>& prefixes,
              const std::function<void(Way&)>& how, Duration spread);
  [[nodiscard]] std::vector<std::size_t> all_prefixes() const;
  [[nodiscard]] std::vector<std::size_t> some_prefixes(double part) const;
  void disturb(Duration from, Duration until, Disturbance how);
  /// One BGP update that is not a way: a raw path, or a withdrawal if it is empty.
  void announce(Duration at, std::size_t peer, std::size_t prefix, std::string raw_path);
  void join(std::size_t probe, Duration at) { joins_[probe] = at; }
  void leave(std::size_t probe, Duration at) { leaves_[probe] = at; }
  void use(collector::DetectorTables tables, Duration at) { tables_.emplace_back(at, tables); }
  void sample_shares(Duration at) { samples_.push_back(at); }
  collector::Target& target() { return target_; }
  void skew(std::size_t probe, Duration offset) { skews_[probe] = offset; }

  Outcome run(Duration until);

  [[nodiscard]] std::size_t points() const { return setup_.probes + setup_.peers; }
  [[nodiscard]] bool is_probe(std::size_t point) const { return point < setup_.probes; }
  [[nodiscard]] Prefix prefix(std::size_t index) const;
  [[nodiscard]] Asn group_of(std::size_t point) const;

 private:
  struct Change {
    Duration at;
    Way way;
  };
  struct Item {
    Duration at;
    int kind;  ///< 0 a probe starts a round, 1 a trace of a sweep, 2 a change, 3 else
    std::uint32_t point;
    std::uint32_t prefix;
    std::uint32_t index;
    bool operator<(const Item& other) const {
      return std::tie(at, kind, point, prefix, index) >
             std::tie(other.at, other.kind, other.point, other.prefix, other.index);
    }
  };
  struct Result {
    Duration at;
    std::uint64_t order;
    Observation seen;
  };

  const Way& way(std::size_t point, std::size_t prefix, Duration at);
  std::optional<Observation> trace(std::size_t probe, std::size_t prefix, Duration at);
  [[nodiscard]] VantagePoint vantage(std::size_t point) const;
  void tell_route(std::size_t point, std::size_t prefix, Duration at, RouteKind kind);
  void tell_raw(std::size_t point, std::size_t prefix, Duration at, RouteKind kind,
                const std::string& path);
  void collect(Duration now, Outcome& outcome);
  void sweep(const collector::SweepRequest& request, Duration now, Outcome& outcome);
  void sample(Duration at, Outcome& outcome);

  Setup setup_;
  std::mt19937_64 random_;
  collector::Target target_;
  std::vector<std::vector<std::vector<Change>>> ways_;  ///< by point and prefix
  std::vector<std::vector<std::size_t>> next_;
  std::vector<std::tuple<Duration, Duration, Disturbance>> disturbances_;
  std::vector<std::tuple<Duration, std::size_t, std::size_t, std::string>> raw_;
  std::map<std::size_t, Duration> joins_;
  std::map<std::size_t, Duration> leaves_;
  std::map<std::size_t, Duration> skews_;
  std::vector<std::pair<Duration, collector::DetectorTables>> tables_;
  std::vector<Duration> samples_;
  std::unique_ptr<collector::Detector> detector_;
  std::vector<std::unique_ptr<Comparator>> comparators_;
  std::priority_queue<Item> queue_;
  std::uint32_t sequence_ = 0;
  std::uint64_t evidence_ = 0;
};

}  // namespace isthmus::bench
