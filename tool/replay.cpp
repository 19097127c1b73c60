#include "tool/replay.hpp"

#include <iterator>
#include <utility>

#include "collector/detect/detector.hpp"
#include "collector/feed/merged_source.hpp"
#include "tool/progress.hpp"

namespace isthmus::tool {
namespace {

/// Rows that are committed together: large enough to be fast, small enough to lose little.
constexpr std::size_t kBatchRows = 4096;

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

/// Archives that were opened; the readers belong to the sources.
struct Archives {
  std::vector<std::unique_ptr<collector::RouteSource>> sources;
  std::vector<const collector::MrtReader*> readers;

  [[nodiscard]] collector::Input::Progress progress() const {
    collector::Input::Progress sum;
    for (const collector::MrtReader* const reader : readers) {
      sum.consumed += reader->progress().consumed;
      sum.total += reader->progress().total;
    }
    return sum;
  }
};

Result<Archives> open_all(const std::vector<std::string>& paths) {
  Archives archives;
  for (const std::string& path : paths) {
    auto reader =
        collector::open_mrt(path, {.source = {}, .detail = collector::Detail::Paths, .wanted = {}});
    if (!reader) {
      return unexpected{reader.error()};
    }
    archives.readers.push_back(reader->get());
    archives.sources.push_back(std::move(*reader));
  }
  return archives;
}

}  // namespace

Replay::Replay(collector::Settings settings, collector::Labeller labeller,
               std::unique_ptr<collector::History> history, OnEvent on_event, Stop stop)
    : settings_{std::move(settings)},
      labeller_{std::move(labeller)},
      history_{std::move(history)},
      on_event_{std::move(on_event)},
      stop_{std::move(stop)} {}

void Replay::annotate(Event& event) const {
  if (event.upstream) {
    event.upstream_name = labeller_.as_name(*event.upstream);
  }
  event.dataset_versions = labeller_.versions();
}

Result<void> Replay::hand_over(collector::Findings findings, TimePoint progress) {
  for (Event& event : findings.events) {
    annotate(event);
    on_event_(event);
    ++events_;
  }
  if (history_ == nullptr) {
    return {};
  }
  append(batch_.events, findings.events);
  append(batch_.intervals, findings.intervals);
  append(batch_.observations, findings.observations);
  const std::size_t rows =
      batch_.events.size() + batch_.intervals.size() + batch_.observations.size();
  return rows < kBatchRows ? Result<void>{} : store(progress);
}

Result<void> Replay::store(TimePoint progress) {
  if (history_ == nullptr) {
    return {};
  }
  batch_.table_versions = labeller_.versions();
  batch_.progress = progress;
  const Result<void> stored = history_->store(batch_);
  batch_ = {};
  return stored;
}

Result<void> Replay::run(const std::vector<std::string>& archives) {
  Result<Archives> opened = open_all(archives);
  if (!opened) {
    return unexpected{opened.error()};
  }
  collector::MergedSource merged{std::move(opened->sources)};
  collector::Detector detector{settings_.targets, settings_.detector};
  Progress progress{"elements"};
  TimePoint now;  // of the newest element; archives are younger than 1970
  std::uint64_t count = 0;
  while (const Route* const route = merged.next()) {
    detector.observe(*route);
    if (route->time > now && route->time - now >= std::chrono::seconds{1}) {
      now = route->time;
      detector.advance(now);
      collector::Findings findings = detector.take_findings();
      if (!findings.events.empty()) {
        progress.clear();
      }
      if (const Result<void> handed =
              hand_over(std::move(findings), now - settings_.detector.lateness);
          !handed) {
        return handed;
      }
    }
    if ((++count & 0xfff) == 0) {
      progress.update(count, opened->progress());
    }
    if ((count & 0xff) == 0 && stop_()) {
      stopped_at_ = now - settings_.detector.lateness;
      return store(*stopped_at_);
    }
  }
  progress.clear();
  for (std::size_t i = 0; i < archives.size(); ++i) {
    accounts_.push_back({archives[i], opened->readers[i]->account()});
  }
  if (count == 0) {
    return {};
  }
  detector.finish(now);
  if (const Result<void> handed = hand_over(detector.take_findings(), now); !handed) {
    return handed;
  }
  return store(now);
}

}  // namespace isthmus::tool
