#include "collector/label/current_labeller.hpp"

namespace isthmus::collector {

bool relabel(LabelledTrace& trace, const Labeller& labeller) {
  bool changed = false;
  for (LabelledAddress& each : trace.labels) {
    Label label = labeller.label(each.address);
    changed |= label.kind != each.label.kind || label.origins != each.label.origins ||
               label.prefix != each.label.prefix;
    // Even the same name has its texts in the new labeller.
    each.label = std::move(label);
  }
  trace.version = labeller.version();
  return changed;
}

}  // namespace isthmus::collector
