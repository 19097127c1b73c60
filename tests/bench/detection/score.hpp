#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/bench/detection/scenarios.hpp"

namespace isthmus::bench {

/// How a set of runs went.
struct Tally {
  std::size_t runs = 0;
  std::size_t confounders = 0;
  std::size_t wanted = 0;           ///< truths
  std::size_t found = 0;            ///< told with the right type in time
  std::size_t class_errors = 0;     ///< told of the right upstream, under another type
  std::size_t false_confirmed = 0;  ///< new, inserted or returned, and nothing called for it
  std::size_t true_confirmed = 0;
  std::size_t forbidden = 0;  ///< events that must not be told
  std::size_t explained = 0;
  std::size_t explainable = 0;
  std::uint64_t observations = 0;
  std::uint64_t sweeps = 0;
  std::vector<double> candidate, probable, confirmed, told;  ///< seconds after the change
  std::vector<double> share_errors;
  std::vector<std::pair<double, bool>> calibration;  ///< confidence, and whether it was so
  std::vector<std::string> failures;

  struct Other {
    std::size_t found = 0;
    std::size_t false_alarms = 0;
    std::vector<double> delays;
  };
  std::map<std::string, Other> others;  ///< comparators

  void add(const Tally& other);
  [[nodiscard]] double precision() const;
  [[nodiscard]] double recall() const;
};

/// Runs it and compares.
Tally judge(Run run);

/// The value below which a part of the values lies; 0 without any.
double percentile(std::vector<double> values, double part);
double mean(const std::vector<double>& values);
/// Expected calibration error over ten bins, and the Brier score.
double calibration_error(const std::vector<std::pair<double, bool>>& pairs);
double brier(const std::vector<std::pair<double, bool>>& pairs);

}  // namespace isthmus::bench
