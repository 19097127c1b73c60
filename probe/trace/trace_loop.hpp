#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/result.hpp"
#include "core/route/hop.hpp"
#include "probe/packet/probe.hpp"
#include "probe/packet/reply_packet.hpp"
#include "probe/trace/capture.hpp"
#include "probe/trace/engine.hpp"

namespace boost::asio {
class io_context;
}

namespace isthmus::probe {

/// How the engine meets the network; what is traced, and how, each trace says.
struct NetworkOptions {
  /// Method and destination port are each trace's own. A key of zeros is replaced by a random one.
  ProbeFormat format;
  CaptureOptions capture;
  double rate = 1'000;  ///< probe packets a second, over all targets
  std::optional<IpAddress> source_v4;
  std::optional<IpAddress> source_v6;
  VantagePoint vantage;
  EngineLimits limits{.backlog = 0};  ///< a backlog of 0 is replaced by what fits the rate
};

/// What was done and what went wrong.
struct TraceCounters {
  EngineCounters engine;
  CaptureCounters capture;
  std::uint64_t foreign = 0;       ///< replies to other programs' packets, or forged ones
  std::uint64_t unresolved = 0;    ///< traces that failed for want of a route or a neighbour
  std::uint64_t send_busy = 0;     ///< full queues met; the packets went later
  std::uint64_t send_down = 0;     ///< interface down; the packets went later, or never
  std::uint64_t send_refused = 0;  ///< traces that failed because the kernel refused a packet
  std::uint64_t route_changes = 0;
  std::uint64_t capture_errors = 0;  ///< reads that failed: the captured interface is down or gone
  unsigned clock_steps = 0;
  std::uint64_t faults[kReplyFaults] = {};  ///< frames that could not be read, by ReplyFault
};

/// The engine over real sockets, driven by somebody's event loop, on its thread. Opens its sockets
/// when made, and then needs no capability any more.
class TraceLoop {
 public:
  /// `source` and `io` must outlive the loop.
  static Result<std::unique_ptr<TraceLoop>> open(boost::asio::io_context& io,
                                                 NetworkOptions options, TraceSource& source,
                                                 TraceEngine::Finished finished,
                                                 TraceEngine::Answered answered);
  virtual ~TraceLoop() = default;
  TraceLoop(const TraceLoop&) = delete;
  TraceLoop& operator=(const TraceLoop&) = delete;

  /// The index of a packet format for `TraceJob::format`; nothing if 255 others are in use.
  virtual std::optional<std::uint8_t> format_for(ProbeMethod method, std::uint16_t port) = 0;
  /// The source has traces again.
  virtual void wake() = 0;
  /// Ends one trace, or all of them, with what is known. What is still with the source stays there.
  virtual bool cancel(std::uint64_t id) = 0;
  virtual void cancel_all() = 0;
  virtual void set_rate(double rate) = 0;
  /// Whether nothing is under way and the source is empty.
  [[nodiscard]] virtual bool is_idle() const = 0;
  [[nodiscard]] virtual std::size_t active() const = 0;
  [[nodiscard]] virtual TraceCounters counters() const = 0;

 protected:
  TraceLoop() = default;
};

}  // namespace isthmus::probe
