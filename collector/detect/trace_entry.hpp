#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "collector/detect/trace_steps.hpp"

namespace isthmus::collector {

/// Where a trace enters the target, and which network stands before it.
struct TraceEntry {
  std::string_view inconclusive;  ///< why nothing can be said; empty if something can
  std::size_t entry = 0;          ///< position of the first step in the target; the end for a tail
  bool tail = false;      ///< nobody in the target answered: the entry is behind the last answer
  std::size_t last = 0;   ///< position of the last step before the entry that has a name
  unsigned gap = 0;       ///< steps without a name between `last` and `entry`
  std::size_t begin = 0;  ///< position where the block of the same name begins
  std::vector<IpAddress> addresses;  ///< of the block: each once, nearest to the target last
  std::optional<Asn> before;         ///< the AS in front of the block, or the vantage point's
  bool foreign_inside = false;       ///< a single foreign address stands within the target
};

/// Steps 3 and 4 of EXTRACT_D.
TraceEntry find_entry(const TraceSteps& steps, const TraceContext& context, Asn vantage);

}  // namespace isthmus::collector
