#include "collector/record/verifier.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "collector/record/export_manifest.hpp"
#include "collector/record/history_schema.hpp"

namespace isthmus::collector {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kProblemsTold = 1'000;
constexpr double kScoreTolerance = 1e-6;
constexpr std::size_t kLongestManifest = std::size_t{1} << 28;

void blame(VerifyReport& report, std::string problem) {
  if (report.problems.size() < kProblemsTold) {
    report.problems.push_back(std::move(problem));
  } else {
    ++report.problems_untold;
  }
}

template <typename T>
void blame_failure(VerifyReport& report, const Result<T>& result) {
  if (!result) {
    blame(report, result.error().message);
  }
}

/// The time within a ULID, in milliseconds since 1970; nothing if the text is not one.
std::optional<std::int64_t> ulid_milliseconds(std::string_view id) {
  constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  if (id.size() != 26 || id.front() > '7') {
    return std::nullopt;
  }
  std::int64_t time = 0;
  for (std::size_t at = 0; at < id.size(); ++at) {
    const std::size_t digit = kCrockford.find(id[at]);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    if (at < 10) {
      time = time * 32 + static_cast<std::int64_t>(digit);
    }
  }
  return time;
}

/// Checks a history's file.
class HistoryCheck {
 public:
  HistoryCheck(const SqliteDatabase& database, const History& history, VerifyReport& report)
      : database_{&database},
        history_{&history},
        report_{&report} {}

  void run() {
    check_pages();
    blame_failure(*report_, history_->observations({}, [this](const Observation&) {
      ++report_->observations;
      return true;
    }));
    blame_failure(*report_, history_->intervals({}, [this](const RouteInterval& interval) {
      ++report_->routes;
      check(interval);
      return true;
    }));
    auto find = database_->prepare("SELECT 1 FROM observation WHERE evidence_id = ?");
    blame_failure(*report_, find);
    if (find) {
      blame_failure(*report_, history_->events({}, [&](const Event& event) {
        ++report_->events;
        check(event);
        check(event.id, "witness", event.witnesses, *find);
        check(event.id, "counter-evidence", event.counter_evidence, *find);
        return true;
      }));
    }
  }

 private:
  void check_pages() {
    auto integrity = database_->prepare("PRAGMA integrity_check");
    blame_failure(*report_, integrity);
    while (integrity && tell_row(*integrity)) {
      if (integrity->text(0) != "ok") {
        blame(*report_, fmt::format("{}: {}", database_->path(), integrity->text(0)));
      }
    }
    auto keys = database_->prepare("PRAGMA foreign_key_check");
    blame_failure(*report_, keys);
    while (keys && tell_row(*keys)) {
      blame(*report_, fmt::format("{}: a row of {} refers to a row of {} that is not there",
                                  database_->path(), keys->text(0), keys->text(2)));
    }
  }
  bool tell_row(SqliteStatement& statement) {
    const auto row = statement.step();
    blame_failure(*report_, row);
    return row && *row;
  }

  void check(const RouteInterval& interval) {
    const auto name = [&] {
      return fmt::format("the interval of {} {} at {} from {}", interval.target,
                         interval.prefix.to_string(), interval.vantage.to_string(),
                         format_utc(interval.from));
    };
    if (interval.until && *interval.until < interval.from) {
      blame(*report_,
            fmt::format("{} ends before it begins, at {}", name(), format_utc(*interval.until)));
    }
    // They come in order of their beginnings.
    if (before_ && before_->target == interval.target && before_->prefix == interval.prefix &&
        before_->vantage == interval.vantage &&
        (!before_->until || *before_->until > interval.from)) {
      blame(*report_,
            fmt::format("{} overlaps the one from {} until {}", name(), format_utc(before_->from),
                        before_->until ? format_utc(*before_->until) : "now"));
    }
    before_ = interval;
  }

  void check(const Event& event) {
    double sum = 0;
    for (const ScoreTerm& term : event.terms) {
      sum += term.nats;
    }
    // Not `>`: a score that is no number must be told too.
    if (!(std::abs(sum - event.score) <= kScoreTolerance)) {
      blame(*report_, fmt::format("event {}: its score is {}, but its terms add up to {}", event.id,
                                  event.score, sum));
    }
    const auto told =
        std::chrono::floor<std::chrono::milliseconds>(event.time).time_since_epoch().count();
    const auto time = ulid_milliseconds(event.id);
    if (!time) {
      blame(*report_, fmt::format("event {}: its identity is not a ULID", event.id));
    } else if (*time != told) {
      blame(*report_, fmt::format("event {}: its identity is of another time than the event, {}",
                                  event.id, format_utc(event.time)));
    }
  }

  void check(const std::string& event, const char* kind, const std::vector<Witness>& witnesses,
             SqliteStatement& find) {
    for (const Witness& witness : witnesses) {
      if (witness.evidence_id == 0) {
        continue;  // seen in a route to somebody else's prefix, of which no observation is made
      }
      const auto found = find.bind(static_cast<std::int64_t>(witness.evidence_id)).step();
      blame_failure(*report_, found);
      if (found && !*found) {
        blame(*report_, fmt::format("event {}: the evidence {:016x} of its {} {} is not there",
                                    event, witness.evidence_id, kind, witness.vantage.to_string()));
      }
    }
  }

  const SqliteDatabase* database_;
  const History* history_;
  VerifyReport* report_;
  std::optional<RouteInterval> before_;
};

void check_history_file(const std::string& path, VerifyReport& report) {
  const auto database = SqliteDatabase::open(path, SqliteMode::ReadOnly);
  if (!database) {
    blame(report, database.error().message);
    return;
  }
  const auto history = open_history_file(path, SqliteMode::ReadOnly);
  if (!history) {
    blame(report, history.error().message);
    return;
  }
  HistoryCheck{*database, **history, report}.run();
}

Result<std::string> read_manifest(const std::string& path) {
  std::string text;
  const auto digest = digest_file(path, [&text](std::string_view piece) {
    text += piece.substr(0, kLongestManifest - std::min(kLongestManifest, text.size()));
  });
  if (!digest) {
    return unexpected{digest.error()};
  }
  if (digest->bytes > kLongestManifest) {
    return fail(fmt::format("{}: is larger than {} bytes", path, kLongestManifest));
  }
  return text;
}

/// Counts line feeds outside of quotes: lines of NDJSON, which has none in strings, and of CSV.
class LineCount {
 public:
  explicit LineCount(bool quotes) : quotes_{quotes} {}
  void add(std::string_view text) {
    for (const char each : text) {
      quoted_ = quoted_ != (quotes_ && each == '"');
      lines_ += each == '\n' && !quoted_ ? 1U : 0U;
    }
  }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  bool quotes_;
  bool quoted_ = false;
  std::uint64_t lines_ = 0;
};

/// Where the rows of a file are counted; nothing for a file that is not one of rows.
std::uint64_t* rows_of(VerifyReport& report, std::string_view name) {
  const std::string_view kind = name.substr(0, name.find('.'));
  return kind == "events"         ? &report.events
         : kind == "routes"       ? &report.routes
         : kind == "observations" ? &report.observations
                                  : nullptr;
}

void check_file(const std::string& folder, const std::string& format, const ExportedFile& file,
                VerifyReport& report) {
  // A manifest from outside must not lead us elsewhere.
  if (file.name.empty() || file.name.find('/') != std::string::npos || file.name == "..") {
    blame(report, fmt::format("{}: '{}' is not a file's name", kManifestName, file.name));
    return;
  }
  const bool csv = format == "csv";
  LineCount count{csv};
  const auto digest =
      digest_file(folder + '/' + file.name, [&count](std::string_view piece) { count.add(piece); });
  if (!digest) {
    blame(report, digest.error().message);
    return;
  }
  ++report.files;
  if (std::uint64_t* const rows = rows_of(report, file.name)) {
    *rows = count.lines() - (csv && count.lines() > 0 ? 1 : 0);  // the header is no row
  }
  if (digest->bytes != file.digest.bytes) {
    blame(report,
          fmt::format("{}: has {} bytes, not {}", file.name, digest->bytes, file.digest.bytes));
  }
  if (digest->sha256 != file.digest.sha256) {
    blame(report, fmt::format("{}: its SHA-256 is {}, not {}", file.name, digest->sha256,
                              file.digest.sha256));
  }
}

void check_rows(VerifyReport& report, const ExportManifest& manifest) {
  const std::pair<const char*, std::array<std::uint64_t, 2>> kinds[]{
      {"events", {report.events, manifest.events}},
      {"routes", {report.routes, manifest.routes}},
      {"observations", {report.observations, manifest.observations}}};
  for (const auto& [kind, rows] : kinds) {
    if (rows[0] != rows[1]) {
      blame(report, fmt::format("there are {} {}, not {}", rows[0], kind, rows[1]));
    }
  }
}

void check_no_stranger(const std::string& folder, const ExportManifest& manifest,
                       VerifyReport& report) {
  std::set<std::string> known{kManifestName};
  for (const ExportedFile& file : manifest.files) {
    known.insert(file.name);
  }
  std::error_code error;
  for (fs::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (const std::string name = entry->path().filename().string(); !known.contains(name)) {
      blame(report, fmt::format("{}: the manifest does not know this file", name));
    }
  }
  if (error) {
    blame(report, fmt::format("{}: cannot be listed: {}", folder, error.message()));
  }
}

}  // namespace

Result<VerifyReport> verify_history(const std::string& folder) {
  const fs::path path = fs::path{folder} / kCatalogName;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return fail(path.string() + ": there is no history");
  }
  VerifyReport report;
  report.files = 1;
  check_history_file(path.string(), report);
  return report;
}

Result<VerifyReport> verify_export(const std::string& folder) {
  const auto text = read_manifest(folder + '/' + kManifestName);
  if (!text) {
    return unexpected{text.error()};
  }
  const auto manifest = parse_manifest(*text);
  if (!manifest) {
    return unexpected{manifest.error().within(folder + '/' + kManifestName)};
  }
  VerifyReport report;
  for (const ExportedFile& file : manifest->files) {
    check_file(folder, manifest->format, file, report);
  }
  check_no_stranger(folder, *manifest, report);
  if (manifest->format == "sqlite") {
    check_history_file(folder + "/history.sqlite", report);
    check_rows(report, *manifest);
  } else if (manifest->format == "ndjson" || manifest->format == "csv") {
    check_rows(report, *manifest);
  } else {
    blame(report, fmt::format("{}: the format '{}' is not known", kManifestName, manifest->format));
  }
  return report;
}

}  // namespace isthmus::collector
