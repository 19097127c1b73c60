#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collector/detect/target.hpp"
#include "core/route/as_path.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// What an AS path says of the way to a target.
struct PathReading {
  Verdict verdict = Verdict::Inconclusive;
  std::vector<Asn> upstreams;  ///< one; several where an AS_SET stands next to the target
  Grade grade = Grade::X;
  std::vector<std::string> reasons;   ///< of a closed vocabulary: see docs/explanation/detection.md
  std::vector<Asn> path;              ///< cleaned: the members of sets one after the other
  std::optional<Asn> foreign_origin;  ///< the last AS, if it is not of the target
};

/// Reads the upstream out of an AS path (EXTRACT_C, detection.md c.3): prepends removed;
/// confederations, AS_TRANS, reserved numbers and route servers stripped; cut at the first
/// occurrence of the target, so that a poisoned `u T y T` names u; siblings skipped.
PathReading read_path(const AsPath& path, const Target& target, const DetectorSettings& settings);

/// The networks that buy no transit. Two of them with another network in between are the shape of a
/// route leak ("peer lock", Snijders 2016): nobody who pays them carries routes from one to the
/// other.
bool is_transit_free(Asn asn);

/// Whether a cleaned path has the shape of a leak.
bool has_valley(const std::vector<Asn>& path);

}  // namespace isthmus::collector
