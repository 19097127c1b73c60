#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/route/hop.hpp"
#include "probe/packet/probe.hpp"
#include "probe/packet/reply_packet.hpp"
#include "probe/trace/capture.hpp"
#include "probe/trace/engine.hpp"

namespace isthmus::probe {

/// A run of the engine over real sockets.
struct TracerOptions {
  TraceOptions trace;
  ProbeFormat format;  ///< a key of zeros is replaced by a random one
  CaptureOptions capture;
  double rate = 1'000;  ///< probe packets a second, over all targets
  unsigned rounds = 1;  ///< each target is traced so many times
  std::optional<IpAddress> source_v4;
  std::optional<IpAddress> source_v6;
  VantagePoint vantage;
  bool drop_capabilities = true;
};

/// What a run did and what went wrong.
struct TracerCounters {
  EngineCounters engine;
  CaptureCounters capture;
  std::uint64_t foreign = 0;       ///< replies to other programs' packets, or forged ones
  std::uint64_t unresolved = 0;    ///< traces that failed for want of a route or a neighbour
  std::uint64_t send_busy = 0;     ///< full queues met; the packets went later
  std::uint64_t send_down = 0;     ///< interface down; the packets went later, or never
  std::uint64_t send_refused = 0;  ///< traces that failed because the kernel refused a packet
  std::uint64_t route_changes = 0;
  unsigned clock_steps = 0;
  std::uint64_t faults[kReplyFaults] = {};  ///< frames that could not be read, by ReplyFault
};

/// Traces targets over the network: the one interface of the daemon, the collector's sweeps and the
/// command line. Opens its sockets when made, and then needs no capability any more.
class Tracer {
 public:
  /// Called with each finished target; `round` counts from 0.
  using Finished = std::function<void(unsigned round, std::vector<Traceroute> traces)>;

  static Result<std::unique_ptr<Tracer>> open(TracerOptions options);
  virtual ~Tracer() = default;
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Traces all targets, in random order, and returns when the last is finished, or after SIGINT or
  /// SIGTERM, with what is known by then; false in that case.
  virtual bool run(const std::vector<IpAddress>& targets, const Finished& finished) = 0;
  [[nodiscard]] virtual TracerCounters counters() const = 0;

 protected:
  Tracer() = default;
};

}  // namespace isthmus::probe
