#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/route/hop.hpp"
#include "core/wire/result_batch.hpp"
#include "probe/deliver/spool.hpp"

namespace isthmus::probe {

/// Numbers finished traceroutes and gathers them into batches for the spool.
class Measurements {
 public:
  /// `boot` is random, so that no number is given twice whatever became of earlier ones.
  Measurements(std::uint64_t boot, std::string software)
      : boot_{boot},
        software_{std::move(software)} {}

  void add(Traceroute trace, std::uint64_t request) {
    waiting_.push_back(
        {.sequence = next_sequence_++, .request = request, .trace = std::move(trace)});
  }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::uint64_t count() const { return next_sequence_ - 1; }

  /// What has gathered, as an entry of the spool.
  SpoolEntry take() {
    ResultBatch batch{.boot = boot_, .software = software_, .traces = std::move(waiting_)};
    waiting_.clear();
    SpoolEntry entry{.boot = boot_,
                     .first_sequence = batch.traces.front().sequence,
                     .traces = static_cast<std::uint32_t>(batch.traces.size())};
    for (const SequencedTraceroute& each : batch.traces) {
      entry.newest = std::max(entry.newest, each.trace.start);
    }
    entry.batch = encoder_.encode(batch);
    return entry;
  }

 private:
  std::uint64_t boot_;
  std::string software_;
  std::uint64_t next_sequence_ = 1;
  std::vector<SequencedTraceroute> waiting_;
  BatchEncoder encoder_;
};

}  // namespace isthmus::probe
