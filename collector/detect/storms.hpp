#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/route/event.hpp"

namespace isthmus::collector {

/// Groups what one upstream does to many targets at once (detection.md c.10, R12): when it has come
/// to, or left, five of them within ten minutes, the fifth event tells of all, and those that
/// follow are kept back and counted. When ten minutes have passed without another, an `amended`
/// event says how many they were.
class Storms {
 public:
  /// Takes the events of all targets up to a time, in the order of `precedes`, and gives back those
  /// that are told, in that order.
  std::vector<Event> group(std::vector<Event> events, TimePoint until);
  /// Events kept back, by target.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& suppressed() const {
    return suppressed_;
  }

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.storms_, self.kept_back_);
  }

 private:
  struct Storm {
    std::vector<std::pair<TimePoint, std::string>> recent;  ///< changes of single targets
    bool active = false;
    std::set<std::string> targets;
    TimePoint first;
    TimePoint last;
    std::string event_id;

    template <typename Self, typename Archive>
    static void fields(Self& self, Archive& archive) {
      archive(self.recent, self.active, self.targets, self.first, self.last, self.event_id);
    }
  };
  /// The upstream, the family's number, and whether it comes.
  using Key = std::tuple<Asn, std::uint8_t, bool>;

  void end(TimePoint until, std::vector<Event>& told);
  [[nodiscard]] bool keeps_back(Storm& storm, Event& event);

  std::map<Key, Storm> storms_;
  std::map<std::string, std::string> kept_back_;  ///< events, and the one that was told instead
  std::map<std::string, std::uint64_t> suppressed_;
};

}  // namespace isthmus::collector
