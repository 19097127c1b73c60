#pragma once

#include "collector/detect/vantage_state.hpp"

namespace isthmus::collector {

/// How far the planes are apart, 0 to 1: the mean over prefixes, by weight, of half the sum of the
/// differences between the parts of the groups that go over each upstream, or have no way, as
/// packets and as routes say it (the total variation distance). Only prefixes which at least three
/// groups see on each plane count; 0 if there is none.
double plane_disagreement(const Ballot& control, const Ballot& data);

}  // namespace isthmus::collector
