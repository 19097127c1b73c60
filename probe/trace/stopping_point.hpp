#pragma once

#include <cmath>

namespace isthmus::probe {

/// How many flows must have been probed through a load balancer, if `known` branches were seen, so
/// that a further equally likely one would have shown with a probability of at least 1 - `failure`
/// (Veitch, Augustin, Friedman, Teixeira: Failure Control in Multipath Route Tracing, INFOCOM 2009;
/// the bound k (1 - 1/k)^n <= failure with k = known + 1). For 0.05: 6, 11, 16, 21, 27, 33...
inline int stopping_point(int known, double failure) {
  const double branches = known + 1;
  return static_cast<int>(
      std::ceil(std::log(failure / branches) / std::log((branches - 1) / branches)));
}

}  // namespace isthmus::probe
