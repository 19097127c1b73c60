#include "collector/daemon/detect_stage.hpp"

#include <algorithm>
#include <utility>

#include "collector/detect/trace_upstream.hpp"

namespace isthmus::collector {

DetectStage::DetectStage(std::vector<Target> targets, DetectorSettings settings,
                         std::shared_ptr<const Labeller> labeller)
    : labeller_{std::move(labeller)},
      detector_{targets, std::move(settings)} {
  for (Target& target : targets) {
    auto watch = std::make_unique<Watch>();
    watch->known = target.known_upstreams;
    std::sort(watch->known.begin(), watch->known.end());
    for (const Prefix& prefix : target.prefixes) {
      prefixes_.insert(prefix, watch.get());
    }
    watch->target = std::move(target);
    watches_.push_back(std::move(watch));
  }
}

void DetectStage::take(const RouteBatch& batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    detector_.observe(batch[i]);
  }
}

/// A destination belongs to the target that names its prefix, or else to one that watches all of
/// what its origins announce.
std::optional<DetectStage::Place> DetectStage::place_of(const IpAddress& destination) {
  if (const auto* const found = prefixes_.longest_match(destination)) {
    return Place{found->second, found->first};
  }
  const Label label = labeller_->label(destination);
  for (const auto& watch : watches_) {
    const auto& origins = watch->target.origins;
    if (watch->target.prefixes.empty() &&
        std::any_of(label.origins.begin(), label.origins.end(), [&origins](Asn origin) {
          return std::find(origins.begin(), origins.end(), origin) != origins.end();
        })) {
      return Place{watch.get(), label.prefix};
    }
  }
  return std::nullopt;
}

void DetectStage::take(const ResultBatch& results, TimePoint received) {
  for (const SequencedTraceroute& each : results.traces) {
    const auto place = place_of(each.trace.destination);
    if (!place || each.trace.hops.empty()) {
      continue;
    }
    const Watch& watch = *place->watch;
    const TraceContext context{.target = watch.target,
                               .prefix = place->prefix,
                               .relations = &labeller_->relations(),
                               .edges = &watch.edges,
                               .known = watch.known,
                               .established = watch.established,
                               .receive_time = received};
    if (const auto observation = read_trace(labeller_->label_trace(each.trace), context)) {
      detector_.observe(*observation);
    }
  }
}

Findings DetectStage::take_findings() {
  Findings findings = detector_.take_findings();
  for (Event& event : findings.events) {
    if (event.upstream) {
      event.upstream_name = labeller_->as_name(*event.upstream);
    }
    event.dataset_versions = labeller_->versions();
  }
  for (const Observation& each : findings.observations) {
    if (each.vantage.plane != Plane::Control || each.path.empty()) {
      continue;
    }
    for (const auto& watch : watches_) {
      if (watch->target.name == each.target) {
        watch->edges.add(each.path);
      }
    }
  }
  return findings;
}

Findings DetectStage::advance(TimePoint now) {
  detector_.advance(now);
  return take_findings();
}

Findings DetectStage::finish(TimePoint now) {
  detector_.finish(now);
  return take_findings();
}

std::vector<TargetStatus> DetectStage::status(TimePoint now) {
  std::vector<TargetStatus> all = detector_.status(now);
  for (const auto& watch : watches_) {
    std::vector<Asn> known = watch->target.known_upstreams;
    std::vector<Asn> established;
    for (const TargetStatus& each : all) {
      if (each.target != watch->target.name) {
        continue;
      }
      for (const UpstreamStatus& upstream : each.upstreams) {
        const bool is_established = upstream.state == UpstreamState::Established;
        if (is_established || upstream.confirmed_at) {
          known.push_back(upstream.asn);
        }
        if (is_established) {
          established.push_back(upstream.asn);
        }
      }
    }
    for (auto* const list : {&known, &established}) {
      std::sort(list->begin(), list->end());
      list->erase(std::unique(list->begin(), list->end()), list->end());
    }
    watch->known = std::move(known);
    watch->established = std::move(established);
  }
  return all;
}

}  // namespace isthmus::collector
