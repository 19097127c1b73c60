#include "collector/detect/trace_reader.hpp"

#include <algorithm>
#include <utility>

#include "collector/detect/path_upstream.hpp"

namespace isthmus::collector {
namespace {

void add_once(std::vector<Asn>& list, Asn asn) {
  const auto place = std::lower_bound(list.begin(), list.end(), asn);
  if (place == list.end() || *place != asn) {
    list.insert(place, asn);
  }
}

}  // namespace

TraceReader::TraceReader(std::vector<Target> targets, DetectorSettings settings)
    : settings_{std::move(settings)} {
  std::map<Prefix, std::vector<std::size_t>> prefixes;
  for (Target& target : targets) {
    const std::size_t index = watched_.size();
    for (const Prefix& prefix : target.prefixes) {
      prefixes[prefix].push_back(index);
    }
    for (const Asn origin : target.origins) {
      by_origin_[origin].push_back(index);
    }
    if (target.prefixes.empty()) {
      listless_.push_back(index);
    }
    by_name_[target.name] = index;
    Watched watched;
    for (const Asn asn : target.known_upstreams) {
      add_once(watched.known, asn);
    }
    watched.established = watched.known;
    watched.target = std::move(target);
    watched_.push_back(std::move(watched));
  }
  for (auto& [prefix, list] : prefixes) {
    by_prefix_.insert(prefix, std::move(list));
  }
}

void TraceReader::observe(const Route& route) {
  if (route.attributes == nullptr || route.kind == RouteKind::Withdraw) {
    return;
  }
  const auto origin = route.attributes->as_path.origin();
  const auto found = origin ? by_origin_.find(*origin) : by_origin_.end();
  if (found == by_origin_.end()) {
    return;
  }
  for (const std::size_t index : found->second) {
    Watched& watched = watched_[index];
    const PathReading reading = read_path(route.attributes->as_path, watched.target, settings_);
    if (reading.verdict == Verdict::Upstream && reading.upstreams.size() == 1) {
      // Siblings at the end are the target itself: the edges end at the upstream.
      std::vector<Asn> path = reading.path;
      const auto upstream = std::find(path.begin(), path.end(), reading.upstreams.front());
      path.erase(upstream + 1, path.end());
      path.push_back(*origin);
      watched.edges.add(path);
    }
  }
}

void TraceReader::observe(const Event& event) {
  const auto found = by_name_.find(event.target);
  if (found == by_name_.end() || !event.upstream) {
    return;
  }
  Watched& watched = watched_[found->second];
  switch (event.type) {
    case EventType::UpstreamNew:
    case EventType::UpstreamDiscovered:
    case EventType::UpstreamReturned:
    case EventType::UpstreamInserted:
      add_once(watched.known, *event.upstream);
      break;
    case EventType::UpstreamEstablished:
      add_once(watched.known, *event.upstream);
      add_once(watched.established, *event.upstream);
      break;
    case EventType::UpstreamLost:
      watched.established.erase(
          std::remove(watched.established.begin(), watched.established.end(), *event.upstream),
          watched.established.end());
      break;
    default:
      break;
  }
}

bool TraceReader::concerns(const IpAddress& destination) const {
  return !listless_.empty() || by_prefix_.longest_match(destination) != nullptr;
}

std::vector<Observation> TraceReader::read(const LabelledTrace& trace,
                                           const AsRelations& relations) const {
  std::vector<Observation> observations;
  const auto add = [&](std::size_t index, const Prefix& prefix) {
    const Watched& watched = watched_[index];
    TraceContext context{.target = watched.target, .prefix = prefix};
    context.relations = &relations;
    context.edges = &watched.edges;
    context.known = watched.known;
    context.established = watched.established;
    if (auto seen = read_trace(trace, context)) {
      observations.push_back(std::move(*seen));
    }
  };
  if (const auto* const entry = by_prefix_.longest_match(trace.trace.destination)) {
    for (const std::size_t index : entry->second) {
      add(index, entry->first);
    }
  }
  const Label& label = trace.find(trace.trace.destination);
  for (const std::size_t index : listless_) {
    const auto& origins = watched_[index].target.origins;
    const bool own = std::any_of(label.origins.begin(), label.origins.end(), [&](Asn asn) {
      return std::find(origins.begin(), origins.end(), asn) != origins.end();
    });
    if (own && (label.kind == LabelKind::As || label.kind == LabelKind::Moas)) {
      add(index, label.prefix);
    }
  }
  return observations;
}

}  // namespace isthmus::collector
