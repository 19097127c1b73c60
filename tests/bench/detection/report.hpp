#pragma once

#include <string>
#include <vector>

#include "tests/bench/detection/score.hpp"

namespace isthmus::bench {

/// A row of detection.md d.3.
struct Row {
  std::string metric;
  std::string target;
  std::string measured;
  bool met = false;
};

/// All that is reported.
struct Report {
  std::vector<Row> rows;
  std::vector<std::pair<std::string, Tally>> families;  ///< name and line, with its runs
  std::vector<std::pair<std::string, Tally>> speeds;    ///< cells of true events
  Tally whole;
  std::string command;
  double seconds = 0;
};

std::string table_of(const Report& report);
/// A page without anything from elsewhere: styles and plots (SVG) are in it.
std::string html_of(const Report& report);

}  // namespace isthmus::bench
