#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "collector/detect/trace_upstream.hpp"
#include "core/net/prefix_map.hpp"
#include "core/route/event.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// Reads traceroutes for all targets, with what the BGP routes and the detector's events that came
/// before have taught: who stands next to a target, and whom it is known to use.
class TraceReader {
 public:
  TraceReader(std::vector<Target> targets, DetectorSettings settings);

  /// Learns which ASes stand next to each other on the way to a target.
  void observe(const Route& route);
  /// Learns which upstreams are known (confirmed, discovered) and which are established.
  void observe(const Event& event);

  /// The observations that a trace makes: one for each target with a prefix around its destination;
  /// none if it went somewhere else. A target without a list of prefixes watches what its origins
  /// announce, as the label of the destination says it.
  [[nodiscard]] std::vector<Observation> read(const LabelledTrace& trace,
                                              const AsRelations& relations) const;
  /// Whether an address may lie in a watched prefix, so that its trace is worth a label.
  [[nodiscard]] bool concerns(const IpAddress& destination) const;

  /// What BGP taught about the target of that position in the list.
  [[nodiscard]] const PathEdges& edges(std::size_t target) const { return watched_[target].edges; }

 private:
  struct Watched {
    Target target;
    PathEdges edges;
    std::vector<Asn> known;        ///< ascending
    std::vector<Asn> established;  ///< ascending
  };

  std::vector<Watched> watched_;
  DetectorSettings settings_;
  PrefixMap<std::vector<std::size_t>> by_prefix_;
  std::unordered_map<Asn, std::vector<std::size_t>> by_origin_;
  std::vector<std::size_t> listless_;  ///< targets without prefixes of their own
  std::unordered_map<std::string, std::size_t> by_name_;
};

}  // namespace isthmus::collector
