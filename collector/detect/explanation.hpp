#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/route/event.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// Finds a stored observation by its evidence id.
using EvidenceLookup = std::function<std::optional<Observation>(std::uint64_t)>;

/// A score that was computed again.
struct Recomputation {
  std::vector<ScoreTerm> terms;
  double score = 0;
  bool matches = false;  ///< every term and the sum are what the event says
};

/// Computes the score of an event again, from its witnesses, the thresholds that were in force and
/// the stored observations alone (detection.md c.11). `group_history` gives the traceroutes of one
/// vantage group for the event's target, in the order of time; it may be empty where the data plane
/// has no part. An error names the evidence that is not stored.
Result<Recomputation> recompute(const Event& event, const EvidenceLookup& evidence,
                                const std::function<std::vector<Observation>(Asn)>& group_history);

/// What a rule demands, in a sentence for people; empty for an unknown rule.
std::string rule_text(const std::string& rule);

}  // namespace isthmus::collector
