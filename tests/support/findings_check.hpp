#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "collector/detect/explanation.hpp"
#include "collector/record/event_json.hpp"
#include "tests/support/story_teller.hpp"

/// What must hold of findings whatever the story.
namespace isthmus::testing {

/// All findings as JSON, one a line: two runs that agree in this agree in every byte. What is
/// promised of the order stays, whatever the pieces in which the findings were taken.
inline std::string serialised(const collector::Findings& found) {
  std::string text;
  const auto append = [&](auto list) {
    using Item = typename decltype(list)::value_type;
    if constexpr (!std::is_same_v<Item, Event>) {
      std::stable_sort(list.begin(), list.end(), [](const Item& left, const Item& right) {
        return std::pair{left.target, left.prefix.family()} <
               std::pair{right.target, right.prefix.family()};
      });
    }
    for (const auto& each : list) {
      collector::append_json(text, each);
      text += '\n';
    }
  };
  append(found.events);
  append(found.intervals);
  append(found.observations);
  return text;
}

/// Computes the score of an event again from the observations that were handed over.
inline Result<collector::Recomputation> recompute_from(const collector::Findings& found,
                                                       const Event& event) {
  const auto evidence = [&](std::uint64_t id) -> std::optional<Observation> {
    for (const Observation& seen : found.observations) {
      if (seen.evidence_id == id && seen.target == event.target) {
        return seen;
      }
    }
    return std::nullopt;
  };
  const auto group_history = [&](Asn group) {
    std::vector<Observation> list;
    for (const Observation& seen : found.observations) {
      if (seen.vantage.plane == Plane::Data && seen.vantage.asn == group &&
          seen.target == event.target && seen.time <= event.time) {
        list.push_back(seen);
      }
    }
    return list;
  };
  return collector::recompute(event, evidence, group_history);
}

inline void check_explanations(const collector::Findings& found) {
  for (const Event& event : found.events) {
    const auto again = recompute_from(found, event);
    INFO(line_of(event));
    REQUIRE(again);
    REQUIRE(again->score == event.score);
    REQUIRE(again->terms == event.terms);
    REQUIRE(again->matches);
  }
}

/// Times of what an event stands on, none later than the event.
inline void check_times(const Event& event) {
  for (const auto& time :
       {event.first_seen, event.probable_at, event.confirmed_at, event.ended_at}) {
    REQUIRE((!time || *time <= event.time));
  }
  if (event.probable_at && event.confirmed_at) {
    REQUIRE(*event.probable_at <= *event.confirmed_at);
  }
  for (const auto& list : {event.witnesses, event.counter_evidence}) {
    for (const Witness& witness : list) {
      REQUIRE(witness.time <= event.time);
    }
  }
}

inline void check_shares(const Event& event) {
  REQUIRE(event.share >= 0);
  REQUIRE(event.share <= 1 + 1e-12);
  REQUIRE(event.share_lower <= event.share_upper);
  REQUIRE(event.confidence >= 0);
  REQUIRE(event.confidence <= 1);
  double sum = 0;
  for (const UpstreamShare& share : event.previous_upstreams) {
    REQUIRE(share.share >= 0);
    sum += share.share;
  }
  REQUIRE(sum <= 1 + 1e-9);
  std::set<Prefix> prefixes;
  for (const PrefixChange& change : event.prefixes) {
    REQUIRE(prefixes.insert(change.prefix).second);
    REQUIRE(change.share_before >= 0);
    REQUIRE(change.share_before <= 1 + 1e-12);
    REQUIRE(change.share_after >= 0);
    REQUIRE(change.share_after <= 1 + 1e-12);
  }
}

/// An upstream's life, as it is told: a candidate before it is more, open once at a time.
class LifeCheck {
 public:
  void follow(const Event& event) {
    if (!event.upstream) {
      return;
    }
    Life& life = lives_[{event.target, event.family, *event.upstream}];
    switch (event.type) {
      case EventType::UpstreamCandidate:
        REQUIRE_FALSE(life.open);
        life.was_candidate = true;
        break;
      case EventType::UpstreamProbable:
      case EventType::Dismissed:
        REQUIRE_FALSE(life.open);
        REQUIRE(life.was_candidate);
        break;
      case EventType::UpstreamNew:
      case EventType::UpstreamInserted:
      case EventType::UpstreamDiscovered:
        REQUIRE((life.was_candidate || event.rule == "learning"));
        REQUIRE_FALSE(life.is_known);  // a second time it would have returned
        open(life);
        break;
      case EventType::UpstreamReturned:
        open(life);
        break;
      case EventType::UpstreamFlapping:
        life.flaps = life.open = true;  // from here on its comings and goings are not told
        break;
      case EventType::UpstreamWithdrawn:
      case EventType::UpstreamLost:
        life.open = life.flaps = false;
        break;
      default:
        break;
    }
  }

 private:
  struct Life {
    bool was_candidate = false;
    bool is_known = false;
    bool open = false;
    bool flaps = false;
  };
  static void open(Life& life) {
    REQUIRE((!life.open || life.flaps));
    life.open = life.is_known = true;
    life.flaps = false;
  }
  std::map<std::tuple<std::string, Family, Asn>, Life> lives_;
};

/// At any time a vantage point has one route to a prefix at most. Not with ADD-PATH.
inline void check_intervals(const std::vector<RouteInterval>& intervals) {
  std::map<std::tuple<std::string, Prefix, VantagePoint>, std::vector<RouteInterval>> by_point;
  for (const RouteInterval& interval : intervals) {
    REQUIRE((!interval.until || *interval.until >= interval.from));
    auto& list = by_point[{interval.target, interval.prefix, interval.vantage}];
    if (interval.until && !list.empty() && !list.back().until) {
      // The closed form of the one that was open.
      RouteInterval open = interval;
      open.until.reset();
      REQUIRE(open == list.back());
      list.back() = interval;
      continue;
    }
    REQUIRE_FALSE(interval.until);
    REQUIRE((list.empty() || *list.back().until <= interval.from));
    list.push_back(interval);
  }
}

inline void check_invariants(const collector::Findings& found) {
  REQUIRE(std::is_sorted(found.events.begin(), found.events.end(), precedes));
  std::set<std::string> ids;
  LifeCheck lives;
  for (const Event& event : found.events) {
    INFO(line_of(event));
    REQUIRE(event.id.size() == 26);
    REQUIRE(ids.insert(event.id).second);
    REQUIRE((!event.amends || ids.contains(*event.amends)));
    REQUIRE_FALSE(event.summary.empty());
    REQUIRE_FALSE(event.thresholds.empty());
    check_times(event);
    check_shares(event);
    lives.follow(event);
  }
  check_intervals(found.intervals);
}

/// Tells a story, and looks at its findings.
inline collector::Findings told(const StoryTeller& story, Duration until) {
  collector::Findings found = story.tell(until);
  check_invariants(found);
  check_explanations(found);
  return found;
}

}  // namespace isthmus::testing
