#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/detect/detector.hpp"
#include "collector/detect/trace_reader.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "collector/label/labeller.hpp"
#include "collector/record/history.hpp"
#include "collector/settings.hpp"
#include "core/base/result.hpp"

namespace isthmus::tool {

/// Runs archives of routes, and files of traceroutes, through the detector in their own time.
class Replay {
 public:
  /// Inputs that were opened: routes are read as they come, traceroutes wait in the order of time.
  struct Archives {
    std::vector<std::unique_ptr<collector::RouteSource>> sources;
    std::vector<std::string> paths;  ///< of `readers`
    std::vector<const collector::MrtReader*> readers;
    std::vector<Traceroute> traces;
    std::size_t next_trace = 0;

    [[nodiscard]] collector::Input::Progress progress() const;
  };

  /// What to do with each event, as it is found.
  using OnEvent = std::function<void(const Event&)>;
  /// Whether to stop. Asked often.
  using Stop = std::function<bool()>;

  Replay(collector::Settings settings, collector::Labeller labeller,
         std::unique_ptr<collector::History> history, OnEvent on_event, Stop stop);

  /// Reads all archives, merged by time; files of traceroutes are known by their first bytes, and
  /// those to watched prefixes are kept in memory. An error is one of opening an archive or of
  /// storing; damage within archives is in `accounts`.
  Result<void> run(const std::vector<std::string>& archives);
  /// Up to where the archives were judged (and stored), if `run` was told to stop before their end.
  [[nodiscard]] std::optional<TimePoint> stopped_at() const { return stopped_at_; }

  struct FileAccount {
    std::string path;
    collector::ByteAccount account;
  };
  [[nodiscard]] const std::vector<FileAccount>& accounts() const { return accounts_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  Result<void> open(const std::vector<std::string>& paths);
  Result<void> read_traces(const std::string& path);
  TimePoint observe_next(collector::Detector& detector, const Route*& route,
                         collector::RouteSource& routes);
  Result<void> hand_over(collector::Findings findings, TimePoint progress);
  Result<void> store(TimePoint progress);
  void annotate(Event& event) const;

  collector::Settings settings_;
  collector::Labeller labeller_;
  std::unique_ptr<collector::History> history_;
  OnEvent on_event_;
  Stop stop_;
  collector::TraceReader reader_;
  Archives archives_;
  std::optional<TimePoint> stopped_at_;
  collector::HistoryBatch batch_;
  std::vector<FileAccount> accounts_;
  std::uint64_t events_ = 0;
};

}  // namespace isthmus::tool
