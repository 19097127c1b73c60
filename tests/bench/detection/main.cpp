#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "tests/bench/detection/report.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::bench;
using namespace std::chrono_literals;

struct Options {
  bool brief = false;      ///< what runs in CI
  std::size_t runs = 24;   ///< of each family
  std::size_t cell = 100;  ///< of each cell of true events
  double days = 365;       ///< of reference noise, with each number of peers
  double acceleration = 7;
  std::string html;
  std::string only;
};

constexpr const char* kHelp =
    "detection_bench: measures the detector on seeded stories in virtual time (detection.md d)\n"
    "  --brief        the short form that CI runs: fewer runs, exit status 1 if a guard is broken\n"
    "  --runs N       runs of each confounder (24)\n"
    "  --cell N       runs of each cell of true events (100)\n"
    "  --days N       days of reference noise, without and with BGP (365)\n"
    "  --accelerate N times as many third-party episodes in the noise (7), counted as so many "
    "years\n"
    "  --only NAME    one family of the corpus, or \"noise\", \"true\"\n"
    "  --html FILE    writes the report as a page\n";

class Progress {
 public:
  void step(const std::string& what) {
    if (terminal_) {
      std::fprintf(stderr, "\r\033[K%s", what.c_str());
    }
  }
  ~Progress() { step(""); }

 private:
  bool terminal_ = std::getenv("TERM") != nullptr && std::getenv("CI") == nullptr;
};

Tally many(const ScenarioFamily& family, std::size_t runs, std::uint64_t first,
           Progress& progress) {
  Tally sum;
  for (std::size_t i = 0; i < runs; ++i) {
    progress.step(fmt::format("{} {}/{}", family.name, i + 1, runs));
    Run run = family.make(first + i);
    run.family = family.name;
    sum.add(judge(std::move(run)));
  }
  return sum;
}

struct Cell {
  std::string name;
  Setup setup;
  double share = 1;
  double prefixes = 1;
  bool data = true;
  bool control = true;
  Duration spread = 30s;
};

std::vector<Cell> cells(bool brief) {
  std::vector<Cell> list;
  const auto cell = [&](std::string name, double share, bool data, bool control) -> Cell& {
    list.push_back({std::move(name), {}, share, 1, data, control, 30s});
    return list.back();
  };
  cell("N16 I60 share 0.60, packets", .6, true, false);
  cell("N16 I60 share 0.25, packets", .25, true, false);
  cell("N16 I60 share 0.25, packets + 20 peers", .25, true, true);
  cell("N16 I60 share 0.10, packets + 20 peers", .1, true, true);
  if (brief) {
    return list;
  }
  cell("N16 I60 share 1.00, packets", 1, true, false);
  cell("N16 I60 share 0.60, packets + 20 peers", .6, true, true);
  cell("share 0.60, 20 peers, no packets", .6, false, true);
  cell("N16 I60 share 0.60, packets, Exp(180 s)", .6, true, false).spread = 180s;
  for (const std::size_t probes : {4U, 8U, 32U, 64U}) {
    Cell& each =
        cell(fmt::format("N{} I60 share 0.60, packets + 20 peers", probes), .6, true, true);
    each.setup.probes = each.setup.groups = probes;
  }
  Cell& few = cell("N16 in 4 groups, I60 share 1.00, packets", 1, true, false);
  few.setup.groups = 4;
  for (const Duration interval : {30s, 300s, 900s}) {
    Cell& each =
        cell(fmt::format("N16 I{} share 0.60, packets + 20 peers", interval / 1s), .6, true, true);
    each.setup.interval = interval;
  }
  for (const double prefixes : {.75, .25}) {
    Cell& each =
        cell(fmt::format("N16 I60 share 0.60, {} of 4 prefixes", prefixes * 4), .6, true, true);
    each.setup.prefixes = 4;
    each.prefixes = prefixes;
  }
  for (const double part : {.05, .4}) {
    Cell& each =
        cell(fmt::format("N16 I60 share 0.60, {:.0f} % inconclusive", part * 100), .6, true, true);
    each.setup.inconclusive = part;
  }
  return list;
}

double within(const std::vector<double>& values, double most, std::size_t runs) {
  const auto in_time =
      std::count_if(values.begin(), values.end(), [most](double value) { return value <= most; });
  return runs == 0 ? 0 : static_cast<double>(in_time) / static_cast<double>(runs);
}

void add_row(Report& report, std::string metric, std::string target, std::string measured,
             bool met) {
  report.rows.push_back({std::move(metric), std::move(target), std::move(measured), met});
}

void measure_truths(const Options& options, Report& report, Progress& progress) {
  for (const Cell& cell : cells(options.brief)) {
    ScenarioFamily family;
    family.name = cell.name;
    family.make = [&](std::uint64_t seed) {
      return true_event(seed, cell.setup, cell.share, cell.prefixes, cell.data, cell.control,
                        cell.spread);
    };
    report.speeds.emplace_back(cell.name, many(family, options.cell, 5000, progress));
    report.whole.add(report.speeds.back().second);
  }
  const Tally& main = report.speeds.at(0).second;
  const Tally& quarter = report.speeds.at(1).second;
  const Tally& tenth = report.speeds.at(3).second;
  const double recall = within(quarter.told, 300, quarter.runs);
  add_row(report, "recall, share 0.25, N=16, I=60, packets, handed over in 300 s", ">= 0.99",
          fmt::format("{:.3f}", recall), recall >= .99);
  const double small = within(tenth.told, 300, tenth.runs);
  add_row(report, "recall, share 0.10 with 20 BGP peers, handed over in 300 s", ">= 0.95",
          fmt::format("{:.3f}", small), small >= .95);
  const double one = percentile(main.candidate, .5);
  const double two = percentile(main.probable, .5);
  const double three = percentile(main.confirmed, .5);
  add_row(report, "CANDIDATE / PROBABLE / CONFIRMED p50 (N=16, I=60, 0.6)", "30 / 45 / 215 s",
          fmt::format("{:.0f} / {:.0f} / {:.0f} s", one, two, three),
          one <= 30 && two <= 45 && three <= 215);
}

void measure_noise(const Options& options, Report& report, Progress& progress) {
  std::size_t wrong = 0;
  double years = 0;
  for (const std::size_t peers : {0U, 20U}) {
    // In pieces, so that progress shows and memory stays small.
    constexpr double kPiece = 30;
    for (double done = 0; done < options.days; done += kPiece) {
      const double days = std::min(kPiece, options.days - done);
      progress.step(fmt::format("noise, {} peers: day {:.0f}", peers, done));
      Run run =
          noise(9000 + static_cast<std::uint64_t>(done) + peers, peers,
                std::chrono::duration_cast<Duration>(std::chrono::duration<double>{days * 86400}),
                options.acceleration, 60s);
      run.family = fmt::format("noise, {} peers", peers);
      Tally tally = judge(std::move(run));
      wrong += tally.false_confirmed;
      years += days / 365 * options.acceleration;
      tally.runs = 0;
      tally.confounders = 0;
      tally.true_confirmed = tally.false_confirmed = 0;
      tally.others.clear();
      report.whole.add(tally);
    }
  }
  const double rate = years > 0 ? static_cast<double>(wrong) / years : 0;
  add_row(report, "false CONFIRMED per target-year on the reference noise", "<= 0.1",
          fmt::format("{:.3f} ({} in {:.0f} years)", rate, wrong, years), rate <= .1);
}

void measure_corpus(const Options& options, Report& report, Progress& progress) {
  for (const ScenarioFamily& family : corpus()) {
    if (!options.only.empty() && options.only != family.name) {
      continue;
    }
    report.families.emplace_back(family.name + " " + family.says,
                                 many(family, options.runs, 1000, progress));
    report.whole.add(report.families.back().second);
  }
}

void sum_up(Report& report) {
  const Tally& whole = report.whole;
  add_row(report,
          fmt::format("CONFIRMED precision, {} runs, {:.0f} % confounders", whole.runs,
                      100.0 * static_cast<double>(whole.confounders) /
                          static_cast<double>(std::max<std::size_t>(1, whole.runs))),
          ">= 0.995", fmt::format("{:.4f} ({} false)", whole.precision(), whole.false_confirmed),
          whole.precision() >= .995);
  add_row(
      report, "class: right type of what was confirmed", ">= 0.99",
      fmt::format("{:.3f}", 1 - static_cast<double>(whole.class_errors) /
                                    static_cast<double>(std::max<std::size_t>(1, whole.wanted))),
      static_cast<double>(whole.class_errors) <= .01 * static_cast<double>(whole.wanted));
  add_row(report, "all that is expected of the corpus is told", ">= 0.97",
          fmt::format("{:.3f}", whole.recall()), whole.recall() >= .97);
  add_row(report, "events that must not be told", "0", fmt::format("{}", whole.forbidden),
          whole.forbidden == 0);
  const double share = mean(whole.share_errors);
  add_row(report, "mean absolute error of shares", "<= 0.03", fmt::format("{:.4f}", share),
          share <= .03);
  add_row(report, "calibration: ECE (Brier)", "<= 0.05",
          fmt::format("{:.3f} ({:.3f})", calibration_error(whole.calibration),
                      brier(whole.calibration)),
          calibration_error(whole.calibration) <= .05);
  add_row(report, "scores that explain computes again", "100 %",
          fmt::format("{} of {}", whole.explained, whole.explainable),
          whole.explained == whole.explainable);
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    const auto value = [&]() -> std::string {
      if (i + 1 >= count) {
        std::fprintf(stderr, "%s needs a value\n%s", name.c_str(), kHelp);
        std::exit(2);
      }
      return arguments[++i];
    };
    if (name == "--brief") {
      options.brief = true;
      options.runs = 1;
      options.cell = 12;
      options.days = 4;
    } else if (name == "--runs") {
      options.runs = std::strtoul(value().c_str(), nullptr, 10);
    } else if (name == "--cell") {
      options.cell = std::strtoul(value().c_str(), nullptr, 10);
    } else if (name == "--days") {
      options.days = std::strtod(value().c_str(), nullptr);
    } else if (name == "--accelerate") {
      options.acceleration = std::max(1.0, std::strtod(value().c_str(), nullptr));
    } else if (name == "--only") {
      options.only = value();
    } else if (name == "--html") {
      options.html = value();
    } else {
      std::fprintf(name == "--help" ? stdout : stderr, "%s", kHelp);
      std::exit(name == "--help" ? 0 : 2);
    }
  }
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = parse(count, arguments);
  Report report;
  for (int i = 0; i < count; ++i) {
    report.command += (i == 0 ? "" : " ") + std::string{arguments[i]};
  }
  const auto start = std::chrono::steady_clock::now();
  {
    Progress progress;
    const bool all = options.only.empty();
    if (all || options.only == "true") {
      measure_truths(options, report, progress);
    }
    if (all || options.only == "noise") {
      measure_noise(options, report, progress);
    }
    if (options.only != "noise" && options.only != "true") {
      measure_corpus(options, report, progress);
    }
    sum_up(report);
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::fputs(table_of(report).c_str(), stdout);
  for (std::size_t i = 0; i < report.whole.failures.size() && i < 40; ++i) {
    std::fprintf(stdout, "  %s\n", report.whole.failures[i].c_str());
  }
  std::fprintf(stdout, "%.1f s\n", report.seconds);
  if (!options.html.empty()) {
    std::ofstream{options.html} << html_of(report);
  }
  const bool good =
      std::all_of(report.rows.begin(), report.rows.end(), [](const Row& row) { return row.met; });
  return options.brief && !good ? 1 : 0;
}
