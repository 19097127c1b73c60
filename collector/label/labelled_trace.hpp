#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collector/label/label.hpp"
#include "core/route/hop.hpp"

namespace isthmus::collector {

/// An address of a trace with its network's name.
struct LabelledAddress {
  IpAddress address;
  Label label;
};

/// A traceroute whose addresses have names. The names' texts live as long as the labeller that gave
/// them: whoever keeps a trace keeps the labeller.
struct LabelledTrace {
  Traceroute trace;
  std::vector<LabelledAddress> labels;  ///< each replying address, and the destination's, once;
                                        ///< ascending by address
  std::string version;                  ///< of all tables together: `Labeller::version`

  /// The name of one of the trace's addresses; Unannounced, with nothing in it, for any other.
  [[nodiscard]] const Label& find(const IpAddress& address) const;
};

}  // namespace isthmus::collector
