#pragma once

#include <string_view>
#include <vector>

#include "collector/detect/trace_entry.hpp"

namespace isthmus::collector {

/// Who is named as the upstream, and how far that may be believed.
struct TraceGrade {
  std::vector<Asn> upstreams;  ///< empty for grade X
  Grade grade = Grade::X;
  std::vector<std::string_view> reasons;
  bool via_ixp = false;
};

/// Steps 5 to 7 of EXTRACT_D, for an entry that is not inconclusive.
TraceGrade grade_entry(const TraceSteps& steps, const TraceEntry& entry,
                       const TraceContext& context);

}  // namespace isthmus::collector
