#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/detect/vantage_state.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// Where an upstream stands in its lifecycle (detection.md c.7).
enum class Phase : std::uint8_t {
  Candidate,
  Probable,
  Confirmed,
  Established,  ///< known: learned, configured, or confirmed for long
  Withdrawn,
  Dismissed,
};

constexpr Phase last_of(Phase) {
  return Phase::Dismissed;
}

/// What one vantage group's traceroutes say for an upstream: W_g of detection.md c.6.
struct GroupWeight {
  double nats = 0;
  TimePoint at;                   ///< when `nats` was right; it decays from there
  bool only_grade_c = true;       ///< then it is capped lower
  TimePoint named_at;             ///< when the group named the upstream last
  std::set<IpAddress> addresses;  ///< of the upstream, as seen by this group
  std::set<Prefix> prefixes;      ///< for which it named the upstream: only there it can contradict
  // What its last word for the upstream said besides.
  bool behind_known = false;  ///< the way to it leads through a known upstream
  bool other_host = false;    ///< not the target answered
  bool rtt_shift = false;     ///< the round-trip time has another mode

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.nats, self.at, self.only_grade_c, self.named_at, self.addresses, self.prefixes,
            self.behind_known, self.other_host, self.rtt_shift);
  }
};

/// A prefix that goes, or went, over an upstream.
struct Carried {
  double share = 0;               ///< of the groups that see the prefix, the most that it was
  std::optional<TimePoint> left;  ///< no group has named the upstream for it since

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.share, self.left);
  }
};

/// All that is remembered of one upstream of one target.
struct UpstreamRecord {
  Asn asn;
  Phase phase = Phase::Candidate;
  bool nominated = false;  ///< named well enough to be a candidate; no matter once it is known
  bool announced = false;  ///< the candidate event was told
  TimePoint first;         ///< start of the support that is being weighed
  std::optional<TimePoint> unsupported_since;  ///< nobody has named it since
  std::optional<TimePoint> probable_at;
  std::optional<TimePoint> confirmed_at;
  std::optional<TimePoint> withdrawn_at;  ///< since when it carried no more
  /// When that was told last: who has named it since before then lags, and weights begin anew.
  std::optional<TimePoint> told_gone_at;
  std::optional<TimePoint> dismissed_at;
  std::optional<TimePoint> gone_since;  ///< the condition of withdrawal has held since
  std::map<Asn, GroupWeight> weights;
  std::set<Asn> former_groups;            ///< that were on it while it was confirmed
  std::map<Prefix, Carried> carried;      ///< while it was confirmed
  std::map<Prefix, double> share_before;  ///< before the episode
  std::vector<UpstreamShare> previous;    ///< the other upstreams before the episode
  std::string event_id;                   ///< of the event told last
  std::vector<TimePoint> cycles;          ///< confirmations, for the flap rule
  bool flapping = false;
  double confidence = 0;         ///< of the confirmation told last
  bool swept = false;            ///< probes were asked at first sight of it
  bool held = false;             ///< they were asked after the hold time
  bool told_leak = false;        ///< or hijack
  std::optional<Asn> front_of;   ///< it was inserted in front of this one
  std::set<std::string> hushed;  ///< reasons that kept it quiet, each counted once

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.asn, self.phase, self.nominated, self.announced, self.first,
            self.unsupported_since, self.probable_at, self.confirmed_at, self.withdrawn_at,
            self.told_gone_at, self.dismissed_at, self.gone_since, self.weights, self.former_groups,
            self.carried, self.share_before, self.previous, self.event_id, self.cycles,
            self.flapping, self.confidence, self.swept, self.held, self.told_leak, self.front_of,
            self.hushed);
  }
};

/// Confirmed or established: an upstream that is believed.
inline bool is_known(const UpstreamRecord& record) {
  return record.phase == Phase::Confirmed || record.phase == Phase::Established;
}

/// Takes a traceroute's word into account.
void weigh(UpstreamRecord& record, const Observation& observation,
           const DetectorSettings& settings);

/// Whether a traceroute's word would change what is remembered of the upstream.
bool is_weighed(const UpstreamRecord& record, const Observation& observation);

/// W_g at a time.
double weight_at(const GroupWeight& weight, TimePoint now, const DetectorSettings& settings);

}  // namespace isthmus::collector
