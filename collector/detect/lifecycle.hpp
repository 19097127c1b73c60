#pragma once

#include <map>
#include <optional>
#include <vector>

#include "collector/detect/deadlines.hpp"
#include "collector/detect/event_builder.hpp"
#include "collector/detect/support.hpp"
#include "collector/detect/sweep_planner.hpp"

namespace isthmus::collector {

/// Why clocks stand still, if they do.
struct Freeze {
  std::string_view reason;  ///< as suppressions are counted; empty: they run
  explicit operator bool() const { return !reason.empty(); }
};

/// Takes every upstream of a target through its life (detection.md c.5 and c.7): learned,
/// candidate, probable, confirmed, established, withdrawn, returned or dismissed.
class Lifecycle {
 public:
  Lifecycle(const Target& target, const DetectorSettings& settings);

  /// A traceroute, before the moment is judged.
  void weigh_in(const Observation& observation);
  /// Judges all upstreams. While the target is unreachable, or too few see it, clocks stand still.
  void judge(const Scene& scene, Freeze frozen, std::vector<Event>& events, Deadlines& due);

  /// Whether a traceroute would change what is remembered of an upstream that is not known.
  [[nodiscard]] bool minds(const Observation& observation) const;
  /// Whether an upstream is believed now.
  [[nodiscard]] bool knows(Asn asn) const;
  /// Whether nearly all have left a known upstream, which is not told yet.
  [[nodiscard]] bool is_leaving(Asn asn) const;
  [[nodiscard]] bool learning() const { return learning_; }
  std::vector<SweepRequest> take_sweeps() { return sweeps_.take(); }
  [[nodiscard]] const SweepPlanner& sweeps() const { return sweeps_; }
  /// How often something was kept quiet, by reason.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& suppressed() const {
    return suppressed_;
  }
  /// Everything that is remembered of upstreams, by number.
  [[nodiscard]] const std::map<Asn, UpstreamRecord>& records() const { return records_; }
  /// Upstreams whose coming or going was told at the moment judged last.
  [[nodiscard]] const std::vector<Asn>& changed() const { return changed_; }

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.records_, self.learning_, self.started_, self.last_shares_,
            self.last_prefix_shares_, self.changed_, self.sweeps_, self.novelties_);
  }

 private:
  void nominate(const Scene& scene, Asn asn, TimePoint first);
  void find_candidates(const Scene& scene);
  void learn(const Scene& scene, std::vector<Event>& events, Deadlines& due);
  void judge_unknown(const Scene& scene, UpstreamRecord& record, Freeze frozen,
                     std::vector<Event>& events, Deadlines& due);
  void dismiss(const Scene& scene, UpstreamRecord& record, double score, std::vector<Event>& events,
               Deadlines& due);
  [[nodiscard]] EventType type_of_confirmation(const Scene& scene, const UpstreamRecord& record,
                                               const Support& support,
                                               const Confirmation& confirmation) const;
  void establish(const Scene& scene, UpstreamRecord& record, Freeze frozen,
                 std::vector<Event>& events, Deadlines& due);
  void judge_known(const Scene& scene, UpstreamRecord& record, Freeze frozen,
                   std::vector<Event>& events, Deadlines& due);
  void judge_withdrawn(const Scene& scene, UpstreamRecord& record, Freeze frozen,
                       std::vector<Event>& events, Deadlines& due);
  void confirm_record(const Scene& scene, UpstreamRecord& record, const Support& support,
                      const Confirmation& confirmation, std::vector<ScoreTerm> terms,
                      std::vector<Event>& events);
  void tell(UpstreamRecord& record, Event event, std::vector<Event>& events);
  [[nodiscard]] std::optional<Asn> inserted_before(const Scene& scene, const UpstreamRecord& record,
                                                   const Support& support) const;
  void ask_for_traces(const Scene& scene, UpstreamRecord& record);
  bool suspect(const Scene& scene, UpstreamRecord& record, const Support& support,
               std::vector<Event>& events);
  void tell_failover(const Scene& scene, const UpstreamRecord& record, std::vector<Event>& events);
  void hush(UpstreamRecord& record, std::string_view reason);
  bool may_be_new(Asn asn, Asn group, TimePoint now);

  const DetectorSettings& settings_;
  std::map<Asn, UpstreamRecord> records_;
  bool learning_;
  std::optional<TimePoint> started_;
  std::vector<UpstreamShare> last_shares_;  ///< at the moment judged before
  std::map<std::pair<Asn, Prefix>, double> last_prefix_shares_;
  std::vector<Asn> changed_;
  SweepPlanner sweeps_;
  std::map<Asn, std::vector<TimePoint>> novelties_;  ///< by group: names that nobody else gave
  std::map<std::string, std::uint64_t> suppressed_;
};

}  // namespace isthmus::collector
