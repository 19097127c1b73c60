#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "collector/daemon/detect_stage.hpp"
#include "collector/daemon/saved_state.hpp"
#include "collector/feed/live_feed.hpp"
#include "collector/feed/trace_batch.hpp"
#include "collector/record/history.hpp"
#include "collector/record/trace_segments.hpp"
#include "core/runtime/bounded_queue.hpp"

namespace isthmus::collector {

/// What there is to tell after something was committed.
struct Committed {
  TimePoint time;  ///< up to where the detector has judged
  /// Once a second, and with every event; else not.
  std::optional<std::vector<TargetStatus>> targets;
  DetectorCounters counters;         ///< with `targets`
  std::vector<Event> events;         ///< new since the last one
  std::vector<SweepRequest> sweeps;  ///< likewise
};

struct PipelineOptions {
  std::vector<Target> targets;
  DetectorSettings detector;
  std::shared_ptr<const Labeller> labeller;
  std::string folder;                 ///< of the history; empty: nothing is kept
  std::vector<std::string> archives;  ///< MRT files to read first
  /// Whether time goes on by itself when the archives have been read: there are probes or feeds.
  bool live = false;
  Duration trace_retention = std::chrono::hours{24 * 30};
  std::function<TimePoint()> now;            ///< UTC; any thread
  std::function<void(Committed)> committed;  ///< called on the recording thread
};

/// The way through the collector behind its feeds: detect | record, each a thread, and one more for
/// archives while there are any. What has been pushed is either committed or, when the pipeline
/// cannot go on, answered with `Stored{false}`; nothing is lost in between.
class Pipeline : public RouteSink, public TraceSink {
 public:
  /// Opens the history and takes up the state that an earlier collector left.
  static Result<std::unique_ptr<Pipeline>> open(PipelineOptions options);
  ~Pipeline() override;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void start();
  /// Takes in nothing more, lets everything that was taken in be committed, saves the detector, and
  /// ends. Gives up what cannot be committed until then. False: something was given up.
  bool stop(std::chrono::steady_clock::time_point deadline);

  bool try_push(RouteBatch& batch) override;
  void when_room(std::function<void()> wake) override;
  bool try_push(TraceBatch& batch) override;

  /// Goes on, soon, with other targets, settings and tables; what is known of targets that stay is
  /// kept.
  void use(std::vector<Target> targets, DetectorSettings detector,
           std::shared_ptr<const Labeller> labeller);

  /// Whether all archives have been read. Any thread.
  [[nodiscard]] bool archives_done() const { return archives_done_; }
  /// The last failure to commit, if it lasts. Any thread.
  [[nodiscard]] std::optional<std::string> failure() const;
  /// Steady time of the last sign of life of the slower of both threads. Any thread.
  [[nodiscard]] std::chrono::steady_clock::time_point alive() const;

  struct QueueLength {
    std::string name;
    std::size_t length;
    std::size_t capacity;
  };
  [[nodiscard]] std::vector<QueueLength> queues() const;

 private:
  struct ArchiveBatch {
    RouteBatch routes;
    std::uint64_t elements = 0;  ///< read so far, these included
    TimePoint newest;
    bool last = false;
  };
  struct Change {
    std::vector<Target> targets;
    DetectorSettings detector;
    std::shared_ptr<const Labeller> labeller;
  };
  using Input = std::variant<RouteBatch, TraceBatch, ArchiveBatch, Change>;
  struct Work {
    HistoryBatch batch;
    std::vector<TraceBatch> traces;
    Committed committed;
    std::optional<SavedState> state;
  };

  explicit Pipeline(PipelineOptions options);
  Result<void> take_up_state();
  void read_archives();
  void detect();
  void take(Input input, Work& work);
  void give_up(Input input);
  void follow(const ArchiveBatch& archive, Work& work);
  void change(Change change);
  /// Whether the detector's time is that of the clock on the wall.
  [[nodiscard]] bool is_wall() const { return options_.live && archives_done_; }
  void advance(Work& work);
  void hand_on(Work work, bool save, bool tell);
  void record();
  bool commit(std::vector<Work>& works);
  Result<void> store(const std::vector<Work>& works);
  void fail_all(std::vector<Work>& works);

  PipelineOptions options_;
  std::unique_ptr<History> history_;
  std::optional<TraceSegments> segments_;
  DetectStage stage_;
  /// For the works that are being committed, once their traceroutes are on disk.
  std::optional<std::vector<Stored>> answers_;
  TimePoint virtual_time_;
  std::uint64_t archive_elements_ = 0;
  std::uint64_t archive_skip_ = 0;
  bool finished_ = false;
  /// A batch is what one read of a connection held: up to two megabytes.
  BoundedQueue<Input> input_{64};
  BoundedQueue<Work> work_{64};
  std::thread archive_thread_;
  std::thread detect_thread_;
  std::thread record_thread_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> lost_ = false;
  std::atomic<bool> archives_done_ = false;
  std::atomic<std::chrono::steady_clock::rep> give_up_at_;
  std::atomic<std::chrono::steady_clock::rep> detect_alive_;
  std::atomic<std::chrono::steady_clock::rep> record_alive_;
  mutable std::mutex failure_mutex_;
  std::optional<std::string> failure_;
};

}  // namespace isthmus::collector
