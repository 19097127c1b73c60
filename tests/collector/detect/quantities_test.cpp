#include "collector/detect/quantities.hpp"

#include <algorithm>
#include <cmath>
#include <random>

using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)

namespace {

/// The probability of Beta(a, b) below x, by Simpson's rule: slow, and independent of the library
/// that the product asks. With u = x^(1/2) and so on the integrand has no pole at either end.
double beta_below(double x, double a, double b) {
  constexpr int kSteps = 20'000;
  const double norm = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b);
  // x = sin^2(t): dx = 2 sin(t) cos(t) dt, and the density becomes 2 sin^(2a-1) cos^(2b-1).
  const double end = std::asin(std::sqrt(x));
  const auto density = [&](double t) {
    return 2 * std::exp(norm) * std::pow(std::sin(t), 2 * a - 1) * std::pow(std::cos(t), 2 * b - 1);
  };
  double sum = density(0) + density(end);
  for (int i = 1; i < kSteps; ++i) {
    sum += (i % 2 == 0 ? 2 : 4) * density(end * i / kSteps);
  }
  return sum * end / kSteps / 3;
}

}  // namespace

TEST_CASE("the interval of a share is that of Jeffreys") {
  // mpmath: findroot(lambda x: betainc(k+.5, n-k+.5, 0, x, regularized=True) - q, k/n)
  struct Row {
    double k, n, lower, upper;
  };
  const auto row = GENERATE(Row{0, 1, 0.0015429193026729, 0.77148018619367},
                            Row{1, 1, 0.22851981380633, 0.99845708069733},
                            Row{0, 10, 0.00019173628897448, 0.17077310824485},
                            Row{18, 24, 0.58788134013524, 0.86990204543786},
                            Row{7.5, 10, 0.4930986989368, 0.91273556608585},
                            Row{72, 96, 0.6723793640033, 0.81663784591424});
  const Interval interval = share_interval(row.k, row.n);
  CAPTURE(row.k, row.n);
  CHECK(interval.lower == Approx(row.lower).epsilon(1e-9));
  CHECK(interval.upper == Approx(row.upper).epsilon(1e-9));
}

TEST_CASE("5 % of the probability lie below an interval of a share, and 5 % above") {
  const double n = GENERATE(1.0, 3.0, 8.0, 24.0, 200.0);
  for (const double part : {0.0, 0.1, 0.25, 0.5, 0.75, 1.0}) {
    const double k = part * n;
    const Interval interval = share_interval(k, n);
    CAPTURE(k, n);
    CHECK(beta_below(interval.lower, k + 0.5, n - k + 0.5) == Approx(0.05).margin(1e-4));
    CHECK(beta_below(interval.upper, k + 0.5, n - k + 0.5) == Approx(0.95).margin(1e-4));
  }
}

TEST_CASE("an interval of a share holds it, narrows with n, and is mirrored by the rest") {
  double width = 1;
  for (const double n : {4.0, 16.0, 64.0, 256.0}) {
    const Interval interval = share_interval(n / 4, n);
    CHECK(interval.lower < 0.25);
    CHECK(interval.upper > 0.25);
    CHECK(interval.upper - interval.lower < width);
    width = interval.upper - interval.lower;
    const Interval rest = share_interval(n * 3 / 4, n);
    CHECK(rest.lower == Approx(1 - interval.upper).epsilon(1e-12));
    CHECK(rest.upper == Approx(1 - interval.lower).epsilon(1e-12));
  }
}

TEST_CASE("without votes a share may be anything, and k is never more than n") {
  CHECK(share_interval(0, 0).lower == 0);
  CHECK(share_interval(0, 0).upper == 1);
  // Sums of parts may come out a little above the whole.
  CHECK(share_interval(10 + 1e-9, 10).upper == share_interval(10, 10).upper);
  CHECK(share_interval(-1e-9, 10).lower == share_interval(0, 10).lower);
}

TEST_CASE("hegemony is the mean without the highest and the lowest tenth") {
  CHECK(hegemony({}) == 0);
  CHECK(hegemony({0.5}) == 0.5);
  // Below ten values nothing is cut.
  CHECK(hegemony({1, 0, 0, 0, 0, 0, 0, 0, 0}) == Approx(1.0 / 9));
  CHECK(hegemony({1, 0, 0, 0, 0, 0, 0, 0, 0, 0}) == 0);
  CHECK(hegemony({1, 1, 0, 0, 0, 0, 0, 0, 0, 0}) == Approx(1.0 / 8));
  CHECK(hegemony({0, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}) == 0.5);
}

TEST_CASE("hegemony of shares as measured with IHR's code") {
  // detection.md b.3: true share, viewpoints, trimmed mean.
  struct Row {
    std::size_t on_it, viewpoints;
    double hegemony;
  };
  const auto row = GENERATE(Row{2, 10, 0.125}, Row{3, 16, 0.143}, Row{6, 10, 0.625},
                            Row{10, 16, 0.643}, Row{9, 10, 1.0}, Row{2, 16, 0.071});
  std::vector<double> values(row.viewpoints, 0.0);
  std::fill_n(values.begin(), row.on_it, 1.0);
  CAPTURE(row.on_it, row.viewpoints);
  CHECK(hegemony(values) == Approx(row.hegemony).margin(0.0005));
}

TEST_CASE("hegemony does not depend on the order of the viewpoints") {
  std::mt19937 random{7};
  std::vector<double> values;
  for (int i = 0; i < 37; ++i) {
    values.push_back(static_cast<double>(random() % 1000) / 1000);
  }
  const double first = hegemony(values);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(values.begin(), values.end(), random);
    CHECK(hegemony(values) == first);
  }
}

TEST_CASE("confidence is one half at the threshold, grows with the score, and is capped") {
  CHECK(confidence(9, 9, 1) == 0.5);
  CHECK(confidence(10, 9, 1) == Approx(0.7310585786300049));
  CHECK(confidence(6, 9, 1) == Approx(0.0474258731775668));
  CHECK(confidence(1000, 9, 1) == 1);
  CHECK(confidence(1000, 9, 0.8) == 0.8);
  CHECK(confidence(-1000, 9, 0.8) >= 0);
}
