#pragma once

#include <algorithm>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "collector/detect/detector.hpp"

namespace isthmus::testing {

/// The midnight that every story begins with; times of a story are lengths since then.
inline constexpr TimePoint kStoryStart{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};

/// What a detector is told once, with all that a Route only points to.
struct Tiding {
  Route route;  ///< without vantage point and attributes
  VantagePoint vantage;
  RouteAttributes attributes;
  std::optional<Observation> trace;  ///< instead of the route

  [[nodiscard]] TimePoint time() const { return trace ? trace->time : route.time; }
  void tell(collector::Detector& detector) const {
    if (trace) {
      return detector.observe(*trace);
    }
    Route whole = route;
    whole.vantage = &vantage;
    const bool has_path = route.kind == RouteKind::Announce || route.kind == RouteKind::Table;
    whole.attributes = has_path ? &attributes : nullptr;
    detector.observe(whole);
  }
};

/// How a story is told. The findings must not depend on any of it.
struct Telling {
  std::uint64_t seed = 0;    ///< of the order, and of the moments of `advance`; 0: straight
  int copies = 1;            ///< of each tiding
  bool keeps_still = false;  ///< never calls `advance`
};

/// Builds a story of what BGP peers and probes say, second by second, and tells it to a detector.
///
/// A path is written without the peer's own AS, which stands before it in what is announced.
class StoryTeller {
 public:
  explicit StoryTeller(std::vector<collector::Target> targets,
                       collector::DetectorSettings settings = {})
      : targets_{std::move(targets)},
        settings_{std::move(settings)} {}

  /// A BGP peer at a route collector: a vantage group of its own unless its AS has others.
  const VantagePoint& add_peer(std::uint32_t asn, std::string collector = "rrc00") {
    const auto number = static_cast<std::uint32_t>(peers_.size());
    peers_.push_back(
        {Plane::Control, std::move(collector), IpAddress::v4(0xc6120000 + number), Asn{asn}});
    return peers_.back();
  }
  /// AS10001, AS10002 and so on, at `rrc00`, `rrc01` ... in turn.
  void add_peers(std::size_t count, std::size_t collectors = 2) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto number = static_cast<std::uint32_t>(peers_.size());
      add_peer(10'001 + number, fmt::format("rrc{:02}", number % collectors));
    }
  }
  [[nodiscard]] std::span<const VantagePoint> peers() const { return peers_; }
  [[nodiscard]] std::span<const VantagePoint> peers(std::size_t first, std::size_t count) const {
    return peers().subspan(first, count);
  }

  using Prefixes = std::vector<std::string>;

  void announce(Duration at, std::span<const VantagePoint> who, const Prefixes& prefixes,
                std::string_view path) {
    tell_paths(RouteKind::Announce, at, at, who, prefixes, path);
  }
  /// Entries of a RIB dump, held since some time before it.
  void table(Duration at, Duration since, std::span<const VantagePoint> who,
             const Prefixes& prefixes, std::string_view path) {
    tell_paths(RouteKind::Table, at, since, who, prefixes, path);
  }
  void withdraw(Duration at, std::span<const VantagePoint> who, const Prefixes& prefixes) {
    for (const VantagePoint& vantage : who) {
      for (const std::string& prefix : prefixes) {
        add(RouteKind::Withdraw, at, vantage).route.prefix = Prefix::parse(prefix).value();
      }
    }
  }
  void session_down(Duration at, std::span<const VantagePoint> who) {
    for (const VantagePoint& vantage : who) {
      add(RouteKind::PeerDown, at, vantage);
    }
  }
  void session_up(Duration at, std::span<const VantagePoint> who) {
    for (const VantagePoint& vantage : who) {
      add(RouteKind::PeerUp, at, vantage);
    }
  }
  void trace(Observation seen) { tidings_.emplace_back().trace = std::move(seen); }
  /// For what the others do not say: ADD-PATH, paths that begin otherwise.
  Tiding& add(RouteKind kind, Duration at, const VantagePoint& vantage) {
    Tiding& tiding = tidings_.emplace_back();
    tiding.route.kind = kind;
    tiding.route.time = tiding.route.since = kStoryStart + at;
    tiding.route.sequence = static_cast<std::uint32_t>(tidings_.size());
    tiding.vantage = vantage;
    return tiding;
  }

  [[nodiscard]] const std::vector<collector::Target>& targets() const { return targets_; }
  [[nodiscard]] const std::vector<Tiding>& tidings() const { return tidings_; }
  [[nodiscard]] const collector::DetectorSettings& settings() const { return settings_; }

  /// All that the detector finds until a time.
  [[nodiscard]] collector::Findings tell(Duration until, Telling how = {}) const {
    collector::Detector detector{targets_, settings_};
    collector::Findings all;
    const auto take = [&] {
      collector::Findings part = detector.take_findings();
      std::move(part.events.begin(), part.events.end(), std::back_inserter(all.events));
      std::move(part.intervals.begin(), part.intervals.end(), std::back_inserter(all.intervals));
      std::move(part.observations.begin(), part.observations.end(),
                std::back_inserter(all.observations));
    };
    std::mt19937_64 random{how.seed};
    for (const auto& [arrival, tiding] : order(how, random)) {
      tiding->tell(detector);
      if (how.keeps_still) {
        continue;
      }
      // Nothing older than the lateness comes after this moment; less may be said of it.
      const auto back = how.seed == 0 ? 0 : static_cast<std::int64_t>(random() % 300'000'000);
      if (how.seed == 0 || random() % 4 == 0) {
        detector.advance(arrival - (random() % 2 == 0 ? Duration{} : Duration{back}));
      }
      if (how.seed == 0 || random() % 8 == 0) {
        take();
      }
    }
    detector.finish(kStoryStart + until);
    take();
    return all;
  }

 private:
  using Arrival = std::pair<TimePoint, const Tiding*>;

  [[nodiscard]] std::vector<Arrival> order(Telling how, std::mt19937_64& random) const {
    std::vector<Arrival> arrivals;
    for (int copy = 0; copy < how.copies; ++copy) {
      for (const Tiding& tiding : tidings_) {
        const auto lateness = static_cast<std::uint64_t>(settings_.lateness.count());
        const auto late = how.seed == 0 || lateness == 0 ? 0 : random() % lateness;
        arrivals.emplace_back(tiding.time() + Duration{static_cast<std::int64_t>(late)}, &tiding);
      }
    }
    std::stable_sort(
        arrivals.begin(), arrivals.end(),
        [](const Arrival& left, const Arrival& right) { return left.first < right.first; });
    return arrivals;
  }

  void tell_paths(RouteKind kind, Duration at, Duration since, std::span<const VantagePoint> who,
                  const Prefixes& prefixes, std::string_view path) {
    for (const VantagePoint& vantage : who) {
      for (const std::string& prefix : prefixes) {
        Tiding& tiding = add(kind, at, vantage);
        tiding.route.since = kStoryStart + since;
        tiding.route.prefix = Prefix::parse(prefix).value();
        tiding.attributes.as_path =
            AsPath::parse(fmt::format("{} {}", vantage.asn.value, path)).value();
      }
    }
  }

  std::vector<collector::Target> targets_;
  collector::DetectorSettings settings_;
  std::vector<VantagePoint> peers_;
  std::vector<Tiding> tidings_;
};

/// "160 upstream_probable AS20485 score_and_consensus": seconds since the story's start, what,
/// whom, and by which rule.
inline std::string line_of(const Event& event) {
  return fmt::format("{} {} {} {}", to_seconds(event.time - kStoryStart), to_string(event.type),
                     event.upstream ? event.upstream->to_string() : "-", event.rule);
}

inline std::vector<std::string> lines_of(const std::vector<Event>& events) {
  std::vector<std::string> lines;
  for (const Event& event : events) {
    lines.push_back(line_of(event));
  }
  return lines;
}

/// Seconds since the story's start; -1 for none.
inline double seconds_of(const std::optional<TimePoint>& time) {
  return time ? to_seconds(*time - kStoryStart) : -1;
}

/// The only event of a type; an error if there are none or more.
inline const Event& the_only(const collector::Findings& found, EventType type) {
  const Event* only = nullptr;
  for (const Event& event : found.events) {
    if (event.type == type) {
      if (only != nullptr) {
        throw std::logic_error{"more than one " + std::string{to_string(type)}};
      }
      only = &event;
    }
  }
  if (only == nullptr) {
    throw std::logic_error{"no " + std::string{to_string(type)}};
  }
  return *only;
}

inline std::size_t count_of(const collector::Findings& found, EventType type) {
  return static_cast<std::size_t>(
      std::count_if(found.events.begin(), found.events.end(),
                    [&](const Event& event) { return event.type == type; }));
}

}  // namespace isthmus::testing
