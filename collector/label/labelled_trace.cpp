#include "collector/label/labelled_trace.hpp"

#include <algorithm>

namespace isthmus::collector {

const Label& LabelledTrace::find(const IpAddress& address) const {
  static const Label kNothing;
  const auto place = std::lower_bound(
      labels.begin(), labels.end(), address,
      [](const LabelledAddress& each, const IpAddress& wanted) { return each.address < wanted; });
  return place != labels.end() && place->address == address ? place->label : kNothing;
}

}  // namespace isthmus::collector
