#include "collector/publish/snapshot_metrics.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "collector/publish/input_metrics.hpp"

namespace isthmus::collector {
namespace {

constexpr std::string_view kOther = "other";

/// An upstream with what its series share.
struct RankedUpstream {
  const UpstreamStatus* status;
  std::string asn;
};

/// A target in one family, its upstreams ranked: those that have labels of their own, and the rest.
struct TargetView {
  const TargetStatus* status;
  std::string_view name;
  std::string_view family;
  std::vector<RankedUpstream> shown;
  std::vector<const UpstreamStatus*> rest;
  std::vector<const PrefixStatus*> prefixes;
};

double greatest_share(const UpstreamStatus& upstream) {
  double share = 0;
  for (const PlaneShare& plane : upstream.planes) {
    share = std::max(share, plane.share);
  }
  return share;
}

/// What stands goes before what is suspected, and that before what is gone; then the larger share.
int rank(UpstreamState state) {
  switch (state) {
    case UpstreamState::Confirmed:
    case UpstreamState::Established:
    case UpstreamState::Suspended:
      return 0;
    case UpstreamState::Candidate:
    case UpstreamState::Probable:
      return 1;
    default:
      return 2;
  }
}

TargetView view_of(const TargetStatus& status, const MetricLimits& limits) {
  TargetView view{&status, status.target, to_string(status.family), {}, {}, {}};
  std::vector<const UpstreamStatus*> ranked;
  ranked.reserve(status.upstreams.size());
  for (const UpstreamStatus& upstream : status.upstreams) {
    ranked.push_back(&upstream);
  }
  std::stable_sort(
      ranked.begin(), ranked.end(), [](const UpstreamStatus* left, const UpstreamStatus* right) {
        const std::tuple first{rank(left->state), -greatest_share(*left), left->asn};
        const std::tuple second{rank(right->state), -greatest_share(*right), right->asn};
        return first < second;
      });
  for (const UpstreamStatus* const each : ranked) {
    if (view.shown.size() < limits.upstreams) {
      view.shown.push_back({each, std::to_string(each->asn.value)});
    } else {
      view.rest.push_back(each);
    }
  }
  for (const PrefixStatus& prefix : status.prefixes) {
    if (view.prefixes.size() < limits.prefixes) {
      view.prefixes.push_back(&prefix);
    }
  }
  return view;
}

/// The plane's part, or zeros where the upstream has none: an upstream that is known has a series.
PlaneShare plane_of(const UpstreamStatus& upstream, Plane plane) {
  for (const PlaneShare& each : upstream.planes) {
    if (each.plane == plane) {
      return each;
    }
  }
  return {.plane = plane, .upper = 0};
}

/// One pass over all series of a snapshot.
class Visitor {
 public:
  Visitor(const Snapshot& snapshot, const MetricLimits& limits, MetricSink& sink)
      : snapshot_{snapshot},
        sink_{sink} {
    for (const TargetStatus& status : snapshot.targets) {
      targets_.push_back(view_of(status, limits));
    }
  }

  void visit() {
    visit_upstreams();
    visit_shares();
    visit_prefixes();
    visit_vantages();
    visit_times();
    visit_rtts();
    visit_states_of_targets();
    visit_events();
    visit_counters();
    visit_inputs(snapshot_, sink_);
    visit_program();
  }

 private:
  template <typename F>
  void each_upstream(const MetricInfo& info, const F& put) {
    sink_.begin(info);
    for (const TargetView& target : targets_) {
      for (const RankedUpstream& upstream : target.shown) {
        put(target, upstream);
      }
    }
  }
  template <typename F>
  void each_plane(const MetricInfo& info, const F& put) {
    each_upstream(info, [&](const TargetView& target, const RankedUpstream& upstream) {
      for (const VantageCounts& counts : target.status->vantages) {
        put(target, upstream, plane_of(*upstream.status, counts.plane));
      }
    });
  }
  template <typename T>
  void number(const MetricInfo& info, T UpstreamStatus::*member) {
    each_upstream(info, [&](const TargetView& target, const RankedUpstream& upstream) {
      sink_.sample({target.name, upstream.asn, target.family}, upstream.status->*member);
    });
  }
  void timestamp(const MetricInfo& info, std::optional<TimePoint> UpstreamStatus::*member) {
    each_upstream(info, [&](const TargetView& target, const RankedUpstream& upstream) {
      if (const auto time = upstream.status->*member) {
        sink_.sample({target.name, upstream.asn, target.family},
                     to_seconds(time->time_since_epoch()));
      }
    });
  }
  void part(const MetricInfo& info, double PlaneShare::*member) {
    each_plane(info, [&](const TargetView& target, const RankedUpstream& upstream,
                         const PlaneShare& share) {
      sink_.sample({target.name, upstream.asn, to_string(share.plane), target.family},
                   share.*member);
    });
  }
  /// What the upstreams without labels of their own have together; only sums make sense there.
  template <typename F>
  void rest(const F& value) {
    for (const TargetView& target : targets_) {
      for (const VantageCounts& counts : target.status->vantages) {
        double sum = 0;
        for (const UpstreamStatus* const each : target.rest) {
          sum += static_cast<double>(value(plane_of(*each, counts.plane)));
        }
        if (!target.rest.empty()) {
          sink_.sample({target.name, kOther, to_string(counts.plane), target.family}, sum);
        }
      }
    }
  }

  void visit_upstreams() {
    std::set<std::pair<std::string_view, Asn>> told;
    each_upstream(metrics::kUpstreamInfo,
                  [&](const TargetView& target, const RankedUpstream& upstream) {
                    if (!told.emplace(target.name, upstream.status->asn).second) {
                      return;  // the other family
                    }
                    const AsDescription as = snapshot_.describe(upstream.status->asn);
                    sink_.sample({target.name, upstream.asn, as.name, as.country, as.country_source,
                                  upstream.status->upstream_class},
                                 1);
                  });
    each_upstream(metrics::kUpstreamState,
                  [&](const TargetView& target, const RankedUpstream& upstream) {
                    for (std::size_t i = 0; i < kUpstreamStates; ++i) {
                      const auto state = static_cast<UpstreamState>(i);
                      sink_.sample({target.name, upstream.asn, target.family, to_string(state)},
                                   upstream.status->state == state ? 1 : 0);
                    }
                  });
  }

  void visit_shares() {
    part(metrics::kShare, &PlaneShare::share);
    rest([](const PlaneShare& share) { return share.share; });
    part(metrics::kShareLower, &PlaneShare::lower);
    part(metrics::kShareUpper, &PlaneShare::upper);
    part(metrics::kHegemony, &PlaneShare::hegemony);
  }

  void visit_prefixes() {
    sink_.begin(metrics::kPrefixShare);
    for (const TargetView& target : targets_) {
      for (const PrefixStatus* const prefix : target.prefixes) {
        const std::string text = prefix->prefix.to_string();
        for (const PrefixPlane& plane : prefix->planes) {
          visit_prefix_plane(target, text, plane);
        }
      }
    }
    sink_.begin(metrics::kReachable);
    for (const TargetView& target : targets_) {
      for (const PrefixStatus* const prefix : target.prefixes) {
        const std::string text = prefix->prefix.to_string();
        for (const PrefixPlane& plane : prefix->planes) {
          sink_.sample({target.name, text, to_string(plane.plane)}, plane.reachable);
        }
      }
    }
  }

  void visit_prefix_plane(const TargetView& target, const std::string& prefix,
                          const PrefixPlane& plane) {
    std::map<Asn, double> shares;
    for (const UpstreamShare& share : plane.shares) {
      shares[share.asn] += share.share;
    }
    for (const RankedUpstream& upstream : target.shown) {
      const auto found = shares.find(upstream.status->asn);
      sink_.sample({target.name, prefix, upstream.asn, to_string(plane.plane)},
                   found == shares.end() ? 0 : found->second);
      if (found != shares.end()) {
        shares.erase(found);
      }
    }
    double other = 0;
    for (const auto& [asn, share] : shares) {
      other += share;
    }
    if (other > 0 || !target.rest.empty()) {
      sink_.sample({target.name, prefix, kOther, to_string(plane.plane)}, other);
    }
  }

  void visit_vantages() {
    each_plane(
        metrics::kUpstreamVantages,
        [&](const TargetView& target, const RankedUpstream& upstream, const PlaneShare& share) {
          sink_.sample({target.name, upstream.asn, to_string(share.plane), target.family},
                       static_cast<double>(share.vantages));
        });
    rest([](const PlaneShare& share) { return share.vantages; });
    sink_.begin(metrics::kTargetVantages);
    for (const TargetView& target : targets_) {
      for (const VantageCounts& counts : target.status->vantages) {
        const auto put = [&](std::string_view status, std::size_t count) {
          sink_.sample({target.name, to_string(counts.plane), target.family, status},
                       static_cast<double>(count));
        };
        put("conclusive", counts.conclusive);
        put("inconclusive", counts.inconclusive);
        put("unreachable", counts.unreachable);
        put("stale", counts.stale);
      }
    }
  }

  void visit_times() {
    number(metrics::kEvidence, &UpstreamStatus::score);
    number(metrics::kConfidence, &UpstreamStatus::confidence);
    timestamp(metrics::kFirstSeen, &UpstreamStatus::first_seen);
    timestamp(metrics::kLastSeen, &UpstreamStatus::last_seen);
    timestamp(metrics::kConfirmedAt, &UpstreamStatus::confirmed_at);
  }

  void visit_rtts() {
    each_upstream(metrics::kRtt, [&](const TargetView& target, const RankedUpstream& upstream) {
      if (const RttStats& rtt = upstream.status->rtt; rtt.count > 0) {
        sink_.histogram({target.name, upstream.asn, target.family},
                        {kRttBounds, rtt.counts, rtt.sum});
      }
    });
    const auto duration = [&](const MetricInfo& info, std::optional<Duration> RttStats::*member) {
      each_upstream(info, [&](const TargetView& target, const RankedUpstream& upstream) {
        if (const auto value = upstream.status->rtt.*member) {
          sink_.sample({target.name, upstream.asn, target.family}, to_seconds(*value));
        }
      });
    };
    duration(metrics::kRttMin, &RttStats::min);
    duration(metrics::kGapRtt, &RttStats::gap);
  }

  void visit_states_of_targets() {
    sink_.begin(metrics::kPlaneDisagreement);
    for (const TargetView& target : targets_) {
      sink_.sample({target.name, target.family}, target.status->plane_disagreement);
    }
    sink_.begin(metrics::kLearning);
    for (const TargetView& target : targets_) {
      sink_.sample({target.name, target.family}, target.status->learning ? 1 : 0);
    }
  }

  void visit_events();
  void visit_counters();
  void visit_program();

  const Snapshot& snapshot_;
  MetricSink& sink_;
  std::vector<TargetView> targets_;
};

std::optional<Exemplar> exemplar_of(const std::optional<EventMark>& mark) {
  return mark ? std::optional{Exemplar{mark->id, mark->value, mark->time}} : std::nullopt;
}

/// Events that alert rules count have a series from the start, so that their first one is seen as
/// an increase.
constexpr std::array kAlertedEvents{
    std::pair{EventType::UpstreamNew, Severity::Warning},
    std::pair{EventType::UpstreamNew, Severity::Critical},
    std::pair{EventType::UpstreamWithdrawn, Severity::Warning},
    std::pair{EventType::UpstreamLost, Severity::Critical},
    std::pair{EventType::UpstreamReturned, Severity::Info},
    std::pair{EventType::UpstreamReturned, Severity::Warning},
    std::pair{EventType::UpstreamFlapping, Severity::Warning},
    std::pair{EventType::PrefixMoved, Severity::Notice},
    std::pair{EventType::ShareShift, Severity::Notice},
    std::pair{EventType::OriginChange, Severity::Warning},
    std::pair{EventType::SuspectedLeak, Severity::Notice},
    std::pair{EventType::SuspectedHijack, Severity::Critical},
    std::pair{EventType::PropagationLoss, Severity::Warning},
    std::pair{EventType::TargetUnreachable, Severity::Critical},
    std::pair{EventType::PlaneDisagreement, Severity::Warning},
    std::pair{EventType::CoverageLow, Severity::Warning},
};

void Visitor::visit_events() {
  std::map<std::tuple<std::string_view, EventType, Severity>, const EventCount*> counts;
  for (const TargetStatus& target : snapshot_.targets) {
    for (const auto& [type, severity] : kAlertedEvents) {
      counts[{target.target, type, severity}] = nullptr;
    }
  }
  for (const auto& [key, count] : snapshot_.events.by_target) {
    counts[{std::get<0>(key), std::get<1>(key), std::get<2>(key)}] = &count;
  }
  sink_.begin(metrics::kEvents);
  for (const auto& [key, count] : counts) {
    const auto exemplar = count == nullptr ? std::nullopt : exemplar_of(count->last);
    sink_.sample({std::get<0>(key), to_string(std::get<1>(key)), to_string(std::get<2>(key))},
                 count == nullptr ? 0 : static_cast<double>(count->count),
                 exemplar ? &*exemplar : nullptr);
  }
  sink_.begin(metrics::kDetectionDelay);
  for (const auto& [type, stats] : snapshot_.events.delays) {
    std::vector<std::optional<Exemplar>> exemplars;
    for (const auto& mark : stats.last) {
      exemplars.push_back(exemplar_of(mark));
    }
    sink_.histogram({to_string(type)}, {kDelayBounds, stats.counts, stats.sum}, exemplars);
  }
}

void Visitor::visit_counters() {
  const DetectorCounters& counters = snapshot_.counters;
  sink_.begin(metrics::kSuppressed);
  for (const auto& [key, count] : counters.suppressed) {
    sink_.sample({key.first, key.second}, static_cast<double>(count));
  }
  sink_.begin(metrics::kObservations);
  for (const auto& [key, count] : counters.observations) {
    sink_.sample({std::get<0>(key), to_string(std::get<1>(key)), to_string(std::get<2>(key))},
                 static_cast<double>(count));
  }
  sink_.begin(metrics::kRejected);
  for (const auto& [key, count] : counters.rejected) {
    sink_.sample({to_string(key.first), key.second}, static_cast<double>(count));
  }
  const auto by_plane = [&](const MetricInfo& info, const std::map<Plane, std::uint64_t>& counts) {
    sink_.begin(info);
    for (const Plane plane : {Plane::Data, Plane::Control}) {
      const auto found = counts.find(plane);
      sink_.sample({to_string(plane)},
                   found == counts.end() ? 0 : static_cast<double>(found->second));
    }
  };
  by_plane(metrics::kLate, counters.late);
  by_plane(metrics::kDuplicate, counters.duplicates);
  sink_.begin(metrics::kSweeps);
  for (const auto& [key, count] : counters.sweeps) {
    sink_.sample({key.first, to_string(key.second)}, static_cast<double>(count));
  }
}

void Visitor::visit_program() {
  sink_.begin(metrics::kTableAge);
  for (const TableStatus& table : snapshot_.tables) {
    if (table.made) {
      sink_.sample({table.source}, to_seconds(std::max(Duration{0}, snapshot_.time - *table.made)));
    }
  }
  sink_.begin(metrics::kTablePrefixes);
  for (const TableStatus& table : snapshot_.tables) {
    sink_.sample({table.source}, static_cast<double>(table.prefixes));
  }
  sink_.begin(metrics::kQueueLength);
  for (const QueueStatus& queue : snapshot_.queues) {
    sink_.sample({queue.name}, static_cast<double>(queue.length));
  }
  sink_.begin(metrics::kQueueCapacity);
  for (const QueueStatus& queue : snapshot_.queues) {
    sink_.sample({queue.name}, static_cast<double>(queue.capacity));
  }
  sink_.begin(metrics::kReloadGood);
  sink_.sample({}, snapshot_.last_reload_good ? 1 : 0);
  if (snapshot_.last_reload) {
    sink_.begin(metrics::kReloadTime);
    sink_.sample({}, to_seconds(snapshot_.last_reload->time_since_epoch()));
  }
  sink_.begin(metrics::kBuild);
  sink_.sample({snapshot_.build.version, snapshot_.build.revision}, 1);
  sink_.begin(metrics::kDetectorTime);
  sink_.sample({}, to_seconds(snapshot_.time.time_since_epoch()));
}

}  // namespace

void visit_snapshot(const Snapshot& snapshot, const MetricLimits& limits, MetricSink& sink) {
  Visitor{snapshot, limits, sink}.visit();
}

}  // namespace isthmus::collector
