#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/base/time.hpp"
#include "core/route/vantage_point.hpp"
#include "core/wire/result_batch.hpp"

namespace isthmus::collector {

/// What became of a batch when it was committed.
struct Stored {
  bool ok = false;  ///< on disk; false: it was not, and the probe keeps it
  std::uint32_t duplicates = 0;
};

/// Results of one probe on their way to the detector and to the disk.
struct TraceBatch {
  ResultBatch results;
  TimePoint received;
  /// Called once, from any thread, when the batch is on disk or has been given up.
  std::function<void(Stored)> done;
};

/// Where the gateway puts what probes deliver; it is bounded.
class TraceSink {
 public:
  virtual ~TraceSink() = default;

  /// Takes the batch. False: there is no room, and the batch is unchanged. Never waits.
  virtual bool try_push(TraceBatch& batch) = 0;
};

}  // namespace isthmus::collector
