#include "collector/daemon/pipeline.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "collector/feed/merged_source.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{1'000};
/// Acknowledgements wait for this long at most, so that one commit serves several batches.
constexpr std::chrono::milliseconds kGather{50};
constexpr std::size_t kArchiveBatch = 4'096;
constexpr std::size_t kWorksTogether = 32;
constexpr Duration kSaveEvery = std::chrono::seconds{60};
constexpr std::chrono::milliseconds kRetry{500};

template <typename T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

SteadyClock::rep ticks(SteadyClock::time_point time) {
  return time.time_since_epoch().count();
}

std::string name_archives(const std::vector<std::string>& paths) {
  std::string name;
  for (const std::string& path : paths) {
    name += path + '\n';
  }
  return name;
}

}  // namespace

Pipeline::Pipeline(PipelineOptions options)
    : options_{std::move(options)},
      stage_{options_.targets, options_.detector, options_.labeller},
      give_up_at_{ticks(SteadyClock::time_point::max())},
      detect_alive_{ticks(SteadyClock::now())},
      record_alive_{ticks(SteadyClock::now())} {}

Pipeline::~Pipeline() {
  stop(SteadyClock::now());
}

Result<std::unique_ptr<Pipeline>> Pipeline::open(PipelineOptions options) {
  std::unique_ptr<Pipeline> pipeline{new Pipeline{std::move(options)}};
  const std::string& folder = pipeline->options_.folder;
  if (!folder.empty()) {
    auto history = open_sqlite_history(folder);
    if (!history) {
      return unexpected{history.error()};
    }
    pipeline->history_ = std::move(*history);
    auto segments = TraceSegments::open(folder + "/traces");
    if (!segments) {
      return unexpected{segments.error()};
    }
    pipeline->segments_.emplace(std::move(*segments));
    if (auto taken = pipeline->take_up_state(); !taken) {
      return unexpected{taken.error()};
    }
  }
  return pipeline;
}

/// The saved detector, and the traceroutes that were stored after it was saved.
Result<void> Pipeline::take_up_state() {
  auto saved = read_state(options_.folder + "/detector.state");
  if (saved && *saved) {
    auto restored = stage_.restore(as_bytes((*saved)->detector));
    if (!restored) {
      saved = unexpected{restored.error()};
    }
  }
  if (!saved) {
    log_warn("the saved state cannot be used; the detector begins anew",
             {{"error", saved.error().message}});
  }
  TimePoint from;
  if (saved && *saved) {
    const SavedState& state = **saved;
    from = state.time;
    virtual_time_ = state.time;
    if (state.archives == name_archives(options_.archives)) {
      archive_skip_ = state.archive_elements;
    }
    log_info("the detector goes on where it stopped", {{"time", format_utc(state.time)}});
  }
  std::uint64_t count = 0;
  const auto read = segments_->read(from, [this, &count](const KeptBatch& batch) {
    stage_.take(batch.results, batch.received);
    virtual_time_ = std::max(virtual_time_, batch.received);
    count += batch.results.traces.size();
  });
  if (!read) {
    log_error("stored traceroutes cannot all be read", {{"error", read.error().message}});
  }
  if (count > 0) {
    log_info("stored traceroutes taken up", {{"count", count}, {"from", format_utc(from)}});
  }
  return {};
}

void Pipeline::start() {
  detect_thread_ = std::thread{[this] { detect(); }};
  record_thread_ = std::thread{[this] { record(); }};
  if (options_.archives.empty()) {
    archives_done_ = true;
  } else {
    archive_thread_ = std::thread{[this] { read_archives(); }};
  }
}

bool Pipeline::stop(SteadyClock::time_point deadline) {
  stopping_ = true;
  give_up_at_ = ticks(deadline);
  input_.close();
  for (std::thread* const each : {&archive_thread_, &detect_thread_, &record_thread_}) {
    if (each->joinable()) {
      each->join();
    }
  }
  return !lost_;
}

bool Pipeline::try_push(RouteBatch& batch) {
  Input input{std::move(batch)};
  if (input_.try_push(input)) {
    batch = {};
    return true;
  }
  batch = std::move(std::get<RouteBatch>(input));
  return false;
}

void Pipeline::when_room(std::function<void()> wake) {
  input_.when_room(std::move(wake));
}

bool Pipeline::try_push(TraceBatch& batch) {
  Input input{std::move(batch)};
  if (input_.try_push(input)) {
    return true;
  }
  batch = std::move(std::get<TraceBatch>(input));
  return false;
}

void Pipeline::use(std::vector<Target> targets, DetectorSettings detector,
                   std::shared_ptr<const Labeller> labeller) {
  input_.push(Input{Change{std::move(targets), std::move(detector), std::move(labeller)}});
}

std::optional<std::string> Pipeline::failure() const {
  const std::scoped_lock lock{failure_mutex_};
  return failure_;
}

SteadyClock::time_point Pipeline::alive() const {
  return SteadyClock::time_point{
      SteadyClock::duration{std::min(detect_alive_.load(), record_alive_.load())}};
}

std::vector<Pipeline::QueueLength> Pipeline::queues() const {
  return {{"input", input_.size(), input_.capacity()}, {"record", work_.size(), work_.capacity()}};
}

void Pipeline::read_archives() {
  std::vector<std::unique_ptr<RouteSource>> sources;
  for (const std::string& path : options_.archives) {
    auto reader = open_mrt(path, {.source = {}, .detail = Detail::Paths, .wanted = {}});
    if (!reader) {
      log_error("an archive cannot be read", {{"error", reader.error().message}});
      continue;
    }
    sources.push_back(std::move(*reader));
  }
  MergedSource merged{std::move(sources)};
  ArchiveBatch batch;
  const auto push = [this, &batch](bool last) {
    batch.last = last;
    const TimePoint newest = batch.newest;
    const std::uint64_t elements = batch.elements;
    const bool pushed = input_.push(Input{std::move(batch)});
    batch = ArchiveBatch{.elements = elements, .newest = newest};
    return pushed;
  };
  while (const Route* const route = merged.next()) {
    batch.newest = std::max(batch.newest, route->time);
    if (++batch.elements <= archive_skip_) {
      continue;
    }
    batch.routes.add(*route);
    if (batch.routes.size() >= kArchiveBatch && !push(false)) {
      return;
    }
  }
  if (!push(true)) {
    return;
  }
  const ByteAccount& account = merged.account();
  log(account.lossy() ? LogLevel::Warn : LogLevel::Info, "archives read",
      {{"elements", account.elements},
       {"bytes", account.total},
       {"left_over", account.left_over},
       {"lossy", account.lossy()}});
}

/// Takes one input into the detector, and what has to be committed with it into `work`.
void Pipeline::take(Input input, Work& work) {
  if (auto* const routes = std::get_if<RouteBatch>(&input)) {
    stage_.take(*routes);
  } else if (auto* const traces = std::get_if<TraceBatch>(&input)) {
    stage_.take(traces->results, traces->received);
    work.traces.push_back(std::move(*traces));
  } else if (const auto* const archive = std::get_if<ArchiveBatch>(&input)) {
    follow(*archive, work);
  } else {
    change(std::move(std::get<Change>(input)));
  }
}

/// There is no time left to judge it: whoever waits for an answer keeps it.
void Pipeline::give_up(Input input) {
  lost_ = true;
  if (auto* const traces = std::get_if<TraceBatch>(&input)) {
    traces->done({});
  }
}

/// Through an archive the detector's time follows the elements, as in a replay.
void Pipeline::follow(const ArchiveBatch& archive, Work& work) {
  for (std::size_t i = 0; i < archive.routes.size(); ++i) {
    const Route route = archive.routes[i];
    stage_.take(route);
    if (route.time - virtual_time_ >= std::chrono::seconds{1}) {
      virtual_time_ = route.time;
      Findings findings = stage_.advance(virtual_time_);
      append(work.batch.intervals, std::move(findings.intervals));
      append(work.batch.events, std::move(findings.events));
      append(work.batch.observations, std::move(findings.observations));
    }
  }
  archive_elements_ = archive.elements;
  archives_done_ = archives_done_ || archive.last;
}

void Pipeline::change(Change change) {
  std::string state;
  stage_.save(state);
  options_.targets = std::move(change.targets);
  options_.detector = std::move(change.detector);
  options_.labeller = std::move(change.labeller);
  DetectStage next{options_.targets, options_.detector, options_.labeller};
  if (const auto restored = next.restore(as_bytes(state)); !restored) {
    log_error("the detector begins anew", {{"error", restored.error().message}});
  }
  stage_ = std::move(next);
}

void Pipeline::detect() {
  auto next_tick = SteadyClock::now() + kTick;
  auto next_save = SteadyClock::now() + kSaveEvery;
  Work work;
  bool open = true;
  while (open) {
    detect_alive_ = ticks(SteadyClock::now());
    const auto until =
        work.traces.empty() ? next_tick : std::min(next_tick, SteadyClock::now() + kGather);
    auto input = input_.pop_until(until);
    const bool had_input = input.has_value();
    if (input && ticks(SteadyClock::now()) >= give_up_at_.load()) {
      give_up(std::move(*input));
    } else if (input) {
      take(std::move(*input), work);
    } else {
      open = !input_.closed() || input_.size() > 0;
    }
    // What routers say is judged as soon as nothing more of it waits; an event is told at once.
    if (had_input && is_wall() && work.traces.empty() && input_.size() == 0) {
      advance(work);
    }
    const bool full = work.traces.size() >= kWorksTogether || work.batch.intervals.size() > 4'096 ||
                      !work.batch.events.empty();
    const bool tick = SteadyClock::now() >= next_tick;
    if (open && !tick && !full && (had_input || work.traces.empty())) {
      continue;
    }
    if (tick) {
      next_tick = SteadyClock::now() + kTick;
    }
    const bool save = !open || SteadyClock::now() >= next_save;
    if (save) {
      next_save = SteadyClock::now() + kSaveEvery;
    }
    hand_on(std::exchange(work, {}), save, tick || !open);
  }
  work_.close();
}

/// Lets the detector's time run up to now.
void Pipeline::advance(Work& work) {
  Findings findings;
  if (is_wall()) {
    virtual_time_ = std::max(virtual_time_, options_.now());
    findings = stage_.advance(virtual_time_);
  } else if (archives_done_ && !finished_ && !options_.archives.empty() && !options_.live) {
    finished_ = true;
    findings = stage_.finish(virtual_time_);
  } else {
    findings = stage_.advance(virtual_time_);
  }
  append(work.batch.intervals, std::move(findings.intervals));
  append(work.batch.events, std::move(findings.events));
  append(work.batch.observations, std::move(findings.observations));
  append(work.committed.sweeps, std::move(findings.sweeps));
}

/// Gives what was found up to now to the recording thread.
void Pipeline::hand_on(Work work, bool save, bool tell) {
  advance(work);
  work.batch.table_versions = stage_.labeller().versions();
  if (virtual_time_ != TimePoint{}) {
    work.batch.progress = finished_ ? virtual_time_ : virtual_time_ - options_.detector.lateness;
  }
  work.committed.time = virtual_time_;
  work.committed.events = work.batch.events;
  if (tell || !work.committed.events.empty()) {
    work.committed.targets = stage_.status(virtual_time_);
    work.committed.counters = stage_.counters();
  }
  if (save && !options_.folder.empty() && virtual_time_ != TimePoint{}) {
    work.state = SavedState{.time = virtual_time_,
                            .archives = name_archives(options_.archives),
                            .archive_elements = archive_elements_};
    stage_.save(work.state->detector);
  }
  work_.push(std::move(work));
}

void Pipeline::record() {
  while (auto first = work_.pop()) {
    record_alive_ = ticks(SteadyClock::now());
    std::vector<Work> works;
    works.push_back(std::move(*first));
    while (works.size() < kWorksTogether && work_.size() > 0) {
      works.push_back(std::move(*work_.pop()));
    }
    while (!commit(works)) {
      record_alive_ = ticks(SteadyClock::now());
      if (ticks(SteadyClock::now()) >= give_up_at_.load()) {
        fail_all(works);
        break;
      }
      std::this_thread::sleep_for(kRetry);
    }
  }
}

Result<void> Pipeline::store(const std::vector<Work>& works) {
  if (history_ == nullptr) {
    answers_.emplace();
    for (const Work& work : works) {
      answers_->resize(answers_->size() + work.traces.size(), Stored{.ok = true});
    }
    return {};
  }
  if (!answers_) {
    std::vector<Stored> answers;
    for (const Work& work : works) {
      for (const TraceBatch& each : work.traces) {
        const auto duplicates = segments_->append(each.results, each.received);
        if (!duplicates) {
          return unexpected{duplicates.error()};
        }
        answers.push_back({.ok = true, .duplicates = *duplicates});
      }
    }
    if (auto committed = segments_->commit(); !committed) {
      return committed;
    }
    answers_ = std::move(answers);
  }
  HistoryBatch batch;
  for (const Work& work : works) {
    append(batch.intervals, std::vector{work.batch.intervals});
    append(batch.events, std::vector{work.batch.events});
    append(batch.observations, std::vector{work.batch.observations});
    batch.table_versions = work.batch.table_versions;
    batch.progress = work.batch.progress ? work.batch.progress : batch.progress;
  }
  return history_->store(batch);
}

/// False: it could not be committed, and everything is as before.
bool Pipeline::commit(std::vector<Work>& works) {
  const Result<void> stored = store(works);
  {
    const std::scoped_lock lock{failure_mutex_};
    if (!stored && !failure_) {
      log_error("the history cannot be written; probes keep what they measured",
                {{"error", stored.error().message}});
    } else if (stored && failure_) {
      log_info("the history can be written again");
    }
    failure_ = stored ? std::nullopt : std::optional{stored.error().message};
  }
  if (!stored) {
    return false;
  }
  const std::vector<Stored> answers = *std::exchange(answers_, std::nullopt);
  auto answer = answers.begin();
  Committed told;
  for (Work& work : works) {
    for (const TraceBatch& each : work.traces) {
      each.done(*answer++);
    }
    if (work.state) {
      if (auto written = write_state(options_.folder + "/detector.state", *work.state); !written) {
        log_error("the state cannot be saved", {{"error", written.error().message}});
      }
      if (segments_) {
        segments_->expire(options_.now() - options_.trace_retention);
      }
    }
    told.time = work.committed.time;
    if (work.committed.targets) {
      told.targets = std::move(work.committed.targets);
      told.counters = std::move(work.committed.counters);
    }
    append(told.events, std::move(work.committed.events));
    append(told.sweeps, std::move(work.committed.sweeps));
  }
  options_.committed(std::move(told));
  return true;
}

void Pipeline::fail_all(std::vector<Work>& works) {
  lost_ = true;
  answers_.reset();
  for (const Work& work : works) {
    for (const TraceBatch& each : work.traces) {
      each.done({});
    }
  }
}

}  // namespace isthmus::collector
