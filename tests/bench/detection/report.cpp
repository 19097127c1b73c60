#include "tests/bench/detection/report.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace isthmus::bench {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char each : text) {
    switch (each) {
      case '<':
        out += "&lt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += each;
    }
  }
  return out;
}

constexpr double kWidth = 640;
constexpr double kHeight = 240;
constexpr double kLeft = 48;
constexpr double kBottom = 30;

/// The part of the events that were told within a time, stage by stage.
std::string delay_plot(const Tally& tally) {
  static constexpr double kMost = 400;
  const std::array<std::pair<const char*, const std::vector<double>*>, 4> stages{
      {{"candidate", &tally.candidate},
       {"probable", &tally.probable},
       {"confirmed", &tally.confirmed},
       {"handed over", &tally.told}}};
  constexpr std::array kColours{"#8a8f98", "#2f6fb0", "#b0402f", "#3a8a4d"};
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">", kWidth, kHeight);
  const auto x = [](double seconds) {
    return kLeft + std::min(seconds, kMost) / kMost * (kWidth - kLeft - 120);
  };
  const auto y = [](double part) { return 10 + (1 - part) * (kHeight - kBottom - 10); };
  for (int tick = 0; tick <= 400; tick += 100) {
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"10\" y2=\"{1}\" class=\"grid\"/>"
        "<text x=\"{0:.1f}\" y=\"{2}\" text-anchor=\"middle\">{3} s</text>",
        x(tick), kHeight - kBottom, kHeight - 10, tick);
  }
  for (const double part : {0.0, 0.5, 0.95, 1.0}) {
    svg += fmt::format(
        "<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" class=\"grid\"/>"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.0f} %</text>",
        kLeft, kWidth - 120, y(part), kLeft - 4, y(part) + 4, part * 100);
  }
  for (std::size_t i = 0; i < stages.size(); ++i) {
    std::vector<double> values = *stages[i].second;
    std::sort(values.begin(), values.end());
    std::string points = fmt::format("{:.1f},{:.1f}", x(0), y(0));
    for (std::size_t j = 0; j < values.size(); ++j) {
      const double part = static_cast<double>(j + 1) / static_cast<double>(values.size());
      points += fmt::format(" {:.1f},{:.1f}", x(std::max(0.0, values[j])), y(part));
    }
    svg += fmt::format(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>"
        "<text x=\"{}\" y=\"{}\" fill=\"{}\">{}</text>",
        points, kColours.at(i), kWidth - 112, 24 + 18 * i, kColours.at(i), stages[i].first);
  }
  return svg + "</svg>";
}

/// What was said of a confidence, and how often it was so.
std::string calibration_plot(const Tally& tally) {
  std::array<std::pair<double, double>, 10> bins{};
  std::array<std::size_t, 10> counts{};
  for (const auto& [said, so] : tally.calibration) {
    const auto bin = std::min<std::size_t>(9, static_cast<std::size_t>(said * 10));
    bins.at(bin).first += said;
    bins.at(bin).second += so ? 1 : 0;
    ++counts.at(bin);
  }
  std::string svg =
      "<svg viewBox=\"0 0 300 260\" role=\"img\">"
      "<line x1=\"40\" y1=\"220\" x2=\"260\" y2=\"10\" class=\"grid\"/>"
      "<rect x=\"40\" y=\"10\" width=\"220\" height=\"210\" class=\"frame\"/>"
      "<text x=\"150\" y=\"248\" text-anchor=\"middle\">confidence told</text>"
      "<text x=\"36\" y=\"18\" text-anchor=\"end\">1</text>"
      "<text x=\"36\" y=\"222\" text-anchor=\"end\">0</text>";
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (counts.at(i) == 0) {
      continue;
    }
    const auto count = static_cast<double>(counts.at(i));
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" class=\"dot\"><title>{} "
        "events</title></circle>",
        40 + 220 * bins.at(i).first / count, 220 - 210 * bins.at(i).second / count,
        std::min(12.0, 3 + count / 60), counts.at(i));
  }
  return svg + "</svg>";
}

/// Recall and false alarms of the rules of others beside ours.
std::string comparison_table(const Tally& tally) {
  std::string html =
      "<table><tr><th>rule</th><th>true events told</th><th>false alarms</th>"
      "<th>p50</th><th>p95</th></tr>";
  const auto row = [&](const std::string& name, std::size_t found, std::size_t wrong,
                       const std::vector<double>& delays) {
    html +=
        fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{:.0f} s</td><td>{:.0f} s</td></tr>",
                    escaped(name), found, wrong, percentile(delays, .5), percentile(delays, .95));
  };
  row("isthmus", tally.confirmed.size(), tally.false_confirmed, tally.told);
  for (const auto& [name, other] : tally.others) {
    row(name, other.found, other.false_alarms, other.delays);
  }
  return html + "</table>";
}

std::string family_line(const Tally& tally) {
  return fmt::format("{:>5} {:>6} {:>6} {:>6} {:>6} {:>6}", tally.runs, tally.wanted, tally.found,
                     tally.false_confirmed, tally.class_errors, tally.forbidden);
}

}  // namespace

std::string table_of(const Report& report) {
  std::string text =
      fmt::format("{:<62} {:>16} {:>24}  \n", "metric (detection.md d.3)", "target", "measured");
  for (const Row& row : report.rows) {
    text += fmt::format("{:<62} {:>16} {:>24}  {}\n", row.metric, row.target, row.measured,
                        row.met ? "met" : "MISSED");
  }
  text += fmt::format("\n{:<62} {:>5} {:>6} {:>6} {:>6} {:>6} {:>6}\n", "family", "runs", "wanted",
                      "found", "false", "class", "never");
  for (const auto& [name, tally] : report.families) {
    text += fmt::format("{:<62} {}\n", name.substr(0, 62), family_line(tally));
  }
  text += fmt::format("\n{:<42} {:>5} {:>7} {:>16} {:>16} {:>16}\n", "true events (p50 / p95, s)",
                      "runs", "recall", "candidate", "probable", "confirmed");
  for (const auto& [name, tally] : report.speeds) {
    const auto pair = [](const std::vector<double>& values) {
      return fmt::format("{:.0f} / {:.0f}", percentile(values, .5), percentile(values, .95));
    };
    text += fmt::format("{:<42} {:>5} {:>7.3f} {:>16} {:>16} {:>16}\n", name, tally.runs,
                        tally.recall(), pair(tally.candidate), pair(tally.probable),
                        pair(tally.confirmed));
  }
  text += fmt::format("\n{:<30} {:>8} {:>12} {:>8} {:>8}\n", "rules on the same streams", "found",
                      "false", "p50", "p95");
  const auto rule = [&](const std::string& name, std::size_t found, std::size_t wrong,
                        const std::vector<double>& delays) {
    text += fmt::format("{:<30} {:>8} {:>12} {:>8.0f} {:>8.0f}\n", name, found, wrong,
                        percentile(delays, .5), percentile(delays, .95));
  };
  rule("isthmus", report.whole.confirmed.size(), report.whole.false_confirmed, report.whole.told);
  for (const auto& [name, other] : report.whole.others) {
    rule(name, other.found, other.false_alarms, other.delays);
  }
  return text;
}

std::string html_of(const Report& report) {
  std::string html =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Isthmus: detection "
      "bench</title><style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem "
      "auto;padding:0 1rem;color:#1c2128}table{border-collapse:collapse;margin:1rem 0}td,th{"
      "border-bottom:1px solid #d5d9de;padding:.25rem .7rem;text-align:left}svg{width:100%;"
      "max-width:44rem;font:11px system-ui}.grid{stroke:#d5d9de}.frame{fill:none;stroke:#8a8f98}"
      ".dot{fill:#2f6fb0}.met{color:#2b7a3f}.missed{color:#b0402f;font-weight:600}</style>"
      "<h1>Detection bench</h1>";
  html += fmt::format(
      "<p>{} runs, {} of them confounders, {} traceroutes, {:.0f} s. Made by "
      "<code>{}</code></p><h2>Targets</h2><table><tr><th>metric</th><th>target</th>"
      "<th>measured</th><th></th></tr>",
      report.whole.runs, report.whole.confounders, report.whole.observations, report.seconds,
      escaped(report.command));
  for (const Row& row : report.rows) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td></tr>",
                        escaped(row.metric), escaped(row.target), escaped(row.measured),
                        row.met ? "met" : "missed", row.met ? "met" : "missed");
  }
  html += "</table><h2>Time to each stage</h2>" + delay_plot(report.whole) +
          "<h2>Calibration</h2>" + calibration_plot(report.whole) +
          "<h2>Other rules on the same streams</h2>" + comparison_table(report.whole) +
          "<h2>Families</h2><table><tr><th>family</th><th>runs</th><th>wanted</th><th>found</th>"
          "<th>false</th><th>class errors</th><th>must not be</th></tr>";
  for (const auto& [name, tally] : report.families) {
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        escaped(name), tally.runs, tally.wanted, tally.found, tally.false_confirmed,
        tally.class_errors, tally.forbidden);
  }
  html += "</table><h2>What went wrong</h2><ul>";
  for (std::size_t i = 0; i < report.whole.failures.size() && i < 200; ++i) {
    html += "<li>" + escaped(report.whole.failures[i]) + "</li>";
  }
  return html + "</ul></html>\n";
}

}  // namespace isthmus::bench
