#include "tool/replay.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "collector/detect/detector.hpp"
#include "collector/feed/merged_source.hpp"
#include "collector/feed/trace_source.hpp"
#include "tool/progress.hpp"

namespace isthmus::tool {
namespace {

/// Rows that are committed together: large enough to be fast, small enough to lose little.
constexpr std::size_t kBatchRows = 4096;

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace

collector::Input::Progress Replay::Archives::progress() const {
  collector::Input::Progress sum;
  for (const collector::MrtReader* const reader : readers) {
    sum.consumed += reader->progress().consumed;
    sum.total += reader->progress().total;
  }
  return sum;
}

Result<void> Replay::read_traces(const std::string& path) {
  collector::TraceFileOptions options;
  options.vantage.source = path.substr(path.find_last_of('/') + 1);
  auto source = collector::open_traces(path, options);
  if (!source) {
    return unexpected{source.error()};
  }
  while (const Traceroute* const trace = (*source)->next()) {
    if (reader_.concerns(trace->destination)) {
      archives_.traces.push_back(*trace);
    }
  }
  accounts_.push_back({path, (*source)->account()});
  return {};
}

Result<void> Replay::open(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    // Standard input can be read but once: it holds routes.
    if (path != "-" && collector::holds_traces(path).value_or(false)) {
      if (const Result<void> read = read_traces(path); !read) {
        return read;
      }
      continue;
    }
    auto reader =
        collector::open_mrt(path, {.source = {}, .detail = collector::Detail::Paths, .wanted = {}});
    if (!reader) {
      return unexpected{reader.error()};
    }
    archives_.readers.push_back(reader->get());
    archives_.paths.push_back(path);
    archives_.sources.push_back(std::move(*reader));
  }
  std::stable_sort(
      archives_.traces.begin(), archives_.traces.end(),
      [](const Traceroute& left, const Traceroute& right) { return left.end < right.end; });
  return {};
}

/// Shows the detector whichever is older, the next route or the next traceroute, and says its time.
TimePoint Replay::observe_next(collector::Detector& detector, const Route*& route,
                               collector::RouteSource& routes) {
  auto& [sources, paths, readers, traces, next] = archives_;
  if (next < traces.size() && (route == nullptr || traces[next].end <= route->time)) {
    const TimePoint time = traces[next].end;
    const auto labelled = labeller_.label_trace(std::move(traces[next]));
    ++next;
    for (const Observation& seen : reader_.read(labelled, labeller_.relations())) {
      detector.observe(seen);
    }
    return time;
  }
  const TimePoint time = route->time;
  detector.observe(*route);
  reader_.observe(*route);
  route = routes.next();
  return time;
}

Replay::Replay(collector::Settings settings, collector::Labeller labeller,
               std::unique_ptr<collector::History> history, OnEvent on_event, Stop stop)
    : settings_{std::move(settings)},
      labeller_{std::move(labeller)},
      history_{std::move(history)},
      on_event_{std::move(on_event)},
      stop_{std::move(stop)},
      reader_{settings_.targets, settings_.detector} {}

void Replay::annotate(Event& event) const {
  if (event.upstream) {
    event.upstream_name = labeller_.as_name(*event.upstream);
  }
  event.dataset_versions = labeller_.versions();
}

Result<void> Replay::hand_over(collector::Findings findings, TimePoint progress) {
  for (Event& event : findings.events) {
    annotate(event);
    reader_.observe(event);
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
  if (const Result<void> opened = open(archives); !opened) {
    return opened;
  }
  collector::MergedSource merged{std::move(archives_.sources)};
  collector::Detector detector{settings_.targets, settings_.detector};
  Progress progress{"elements"};
  TimePoint now;  // of the newest element; archives are younger than 1970
  std::uint64_t count = 0;
  const Route* route = merged.next();
  while (route != nullptr || archives_.next_trace < archives_.traces.size()) {
    const TimePoint time = observe_next(detector, route, merged);
    if (time > now && time - now >= std::chrono::seconds{1}) {
      now = time;
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
      progress.update(count, archives_.progress());
    }
    if ((count & 0xff) == 0 && stop_()) {
      stopped_at_ = now - settings_.detector.lateness;
      return store(*stopped_at_);
    }
  }
  progress.clear();
  for (std::size_t i = 0; i < archives_.readers.size(); ++i) {
    accounts_.push_back({archives_.paths[i], archives_.readers[i]->account()});
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
