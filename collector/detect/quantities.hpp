#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace isthmus::collector {

/// An interval of a share, 0 to 1.
struct Interval {
  double lower = 0;
  double upper = 1;
};

/// The 5 % and 95 % bounds of Beta(k + 1/2, n - k + 1/2), Jeffreys' interval for k of n
/// (detection.md c.8). k may be fractional; [0, 1] if n is 0.
Interval share_interval(double k, double n);

/// AS hegemony (Fontugne, Shah, Aben 2018): the mean of the values without the highest and the
/// lowest tenth, floor(0.1 n) from each end. The values are the parts of the target's space, 0 to
/// 1, whose path from one vantage group crosses the AS; only groups that have a path count.
double hegemony(std::vector<double> values);

/// Two-sided p of the Mann-Whitney test that two samples have one distribution, by the normal
/// approximation; 1 if one is empty. Equal values count half.
double mann_whitney_p(std::span<const std::uint32_t> left, std::span<const std::uint32_t> right);

/// 1 / (1 + exp(-(score - threshold))), at most `cap`.
double confidence(double score, double threshold, double cap);

}  // namespace isthmus::collector
