#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/route/route.hpp"

namespace isthmus::collector {

class StateReader;
class StateWriter;

/// The prefixes of targets that have no list of their own: each is watched from the first moment at
/// which somebody shows it with the target as its origin.
///
/// Input is out of order by up to the lateness, so that a withdrawal, or an announcement by
/// somebody else, may come before it is known whose prefix it concerns. Both are held back for so
/// long. Entries of a RIB dump are not, as there are millions of them at the same time: those that
/// show another origin count once the prefix has been known for the lateness.
class LearnedPrefixes {
 public:
  /// `targets`: how many targets have no list.
  LearnedPrefixes(std::size_t targets, Duration lateness)
      : targets_{targets},
        lateness_{lateness} {}

  [[nodiscard]] std::size_t targets() const { return targets_; }

  /// A target originates a prefix at a time. True if that is news.
  bool learn(const Prefix& prefix, std::size_t target, TimePoint time);
  /// The targets that have originated a prefix so far.
  [[nodiscard]] const std::vector<std::size_t>* targets_of(const Prefix& prefix) const;
  /// Whether an input of a time counts that does not itself show the target as the origin. To be
  /// asked when all older input has come.
  [[nodiscard]] bool counts(const Prefix& prefix, std::size_t target, TimePoint time,
                            RouteKind kind) const;

  /// Keeps a route to a prefix that some targets may turn out to originate.
  void hold(const Route& route);
  /// Gives the routes to a prefix that are held, the last first.
  template <typename F>
  void for_held(const Prefix& prefix, const F& take) const {
    for (std::uint64_t number = last_of(prefix); number >= first_ && number < next_;
         number = slot(number).before) {
      const Held& held = slot(number);
      if (held.route.prefix == prefix) {
        Route route = held.route;
        route.vantage = &held.vantage;
        route.attributes = held.route.kind == RouteKind::Withdraw ? nullptr : &held.attributes;
        take(route);
      }
    }
  }
  /// No input older than this will come.
  void forget(TimePoint until);

  /// After a restore: the targets that were saved have other places now, or none.
  void renumber(const std::vector<std::optional<std::size_t>>& places, std::size_t targets,
                std::size_t listless);

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    if constexpr (Archive::kReads) {
      self.restore(archive);
    } else {
      self.save(archive);
    }
  }

 private:
  struct Claims {
    std::vector<std::size_t> targets;
    std::vector<TimePoint> since;  ///< for each of them

    template <typename Self, typename Archive>
    static void fields(Self& self, Archive& archive) {
      archive(self.targets, self.since);
    }
  };
  /// Slots are used again, with the memory of their paths.
  struct Held {
    Route route;
    VantagePoint vantage;
    RouteAttributes attributes;
    std::uint64_t before = 0;  ///< number of the one held before it in the same bucket
  };
  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  static constexpr std::size_t kBuckets = 4096;

  [[nodiscard]] const Held& slot(std::uint64_t number) const {
    return ring_[number % ring_.size()];
  }
  [[nodiscard]] static std::size_t bucket(const Prefix& prefix) {
    return hash_value(prefix) % kBuckets;
  }
  [[nodiscard]] std::uint64_t last_of(const Prefix& prefix) const {
    return buckets_.empty() ? 0 : buckets_[bucket(prefix)];
  }
  void grow();

  std::size_t targets_;
  Duration lateness_;
  std::unordered_map<Prefix, Claims> claims_;
  // Held routes are numbered from 1 in the order of arrival; those from `first_` on are there.
  std::vector<Held> ring_;
  std::vector<std::uint64_t> buckets_;  ///< number of the last one
  std::uint64_t first_ = 1;
  std::uint64_t next_ = 1;
};

}  // namespace isthmus::collector
