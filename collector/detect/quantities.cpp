#include "collector/detect/quantities.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/special_functions/beta.hpp>

namespace isthmus::collector {

Interval share_interval(double k, double n) {
  if (n <= 0) {
    return {};
  }
  const double hits = std::clamp(k, 0.0, n);
  const double a = hits + 0.5;
  const double b = n - hits + 0.5;
  return {boost::math::ibeta_inv(a, b, 0.05), boost::math::ibeta_inv(a, b, 0.95)};
}

double hegemony(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  std::sort(values.begin(), values.end());
  const auto cut = static_cast<std::ptrdiff_t>(values.size() / 10);
  const double sum = std::accumulate(values.begin() + cut, values.end() - cut, 0.0);
  return sum / static_cast<double>(static_cast<std::ptrdiff_t>(values.size()) - 2 * cut);
}

double mann_whitney_p(std::span<const std::uint32_t> left, std::span<const std::uint32_t> right) {
  if (left.empty() || right.empty()) {
    return 1;
  }
  double wins = 0;
  for (const std::uint32_t one : left) {
    for (const std::uint32_t other : right) {
      wins += one > other ? 1.0 : one == other ? 0.5 : 0.0;
    }
  }
  const double pairs = static_cast<double>(left.size()) * static_cast<double>(right.size());
  const double deviation =
      std::sqrt(pairs * static_cast<double>(left.size() + right.size() + 1) / 12);
  return std::erfc(std::abs(wins - pairs / 2) / deviation / std::sqrt(2.0));
}

double confidence(double score, double threshold, double cap) {
  return std::min(cap, 1 / (1 + std::exp(threshold - score)));
}

}  // namespace isthmus::collector
