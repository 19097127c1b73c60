#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/route/hop.hpp"
#include "probe/trace/trace_loop.hpp"
#include "probe/trace/trace_options.hpp"

namespace isthmus::probe {

/// A run of the engine over a list of targets.
struct TracerOptions {
  TraceOptions trace;
  NetworkOptions network;
  unsigned rounds = 1;  ///< each target is traced so many times
  /// Multipath only: after the first round, visit the branches that are known by then.
  bool revisit = false;
};

/// Traces a list of targets over the network, for the command line. A program that traces all the
/// time uses TraceService.
class Tracer {
 public:
  /// Called with each finished target; `round` counts from 0.
  using Finished = std::function<void(unsigned round, std::vector<Traceroute> traces)>;
  /// Called with each answer as it comes in.
  using Answered = std::function<void(unsigned round, const IpAddress& destination, CellKey key,
                                      const Reply& reply)>;

  static Result<std::unique_ptr<Tracer>> open(TracerOptions options);
  virtual ~Tracer() = default;
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Traces all targets, in random order, and returns when the last is finished, or after SIGINT or
  /// SIGTERM, with what is known by then; false in that case.
  virtual bool run(const std::vector<IpAddress>& targets, const Finished& finished,
                   const Answered& answered) = 0;
  [[nodiscard]] virtual TraceCounters counters() const = 0;

 protected:
  Tracer() = default;
};

}  // namespace isthmus::probe
