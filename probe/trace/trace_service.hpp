#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/result.hpp"
#include "core/route/hop.hpp"
#include "probe/trace/trace_loop.hpp"
#include "probe/trace/trace_options.hpp"

namespace isthmus::probe {

/// One trace that is wanted.
struct TraceRequest {
  IpAddress destination;
  ProbeMethod method = ProbeMethod::Udp;
  std::uint16_t destination_port = 0;  ///< 0: 33434, or 80 for TCP; ICMP has none
  TraceOptions trace;
  bool urgent = false;  ///< before all that waits and is not urgent, such as a collector's sweep
};

/// Names a request; never given twice.
enum class TraceId : std::uint64_t {};

/// The engine for a program that runs for long: traces are asked for at any time, each with options
/// of its own, and share one rate, one capture and one set of sockets. All on the thread of the
/// event loop. Opens its sockets when made, and then needs no capability any more.
class TraceService {
 public:
  /// Called exactly once for each request, from the event loop, never from inside `submit`: a
  /// Traceroute for each flow that was used. StopReason::Error where the packets could not be sent
  /// (no route, dead gateway, refused by the kernel); Cancelled with what was known by then; an
  /// empty list if it was cancelled before it began.
  using Finished = std::function<void(TraceId id, std::vector<Traceroute> traces)>;

  /// An error says what to do: mostly that CAP_NET_RAW is missing.
  static Result<std::unique_ptr<TraceService>> open(boost::asio::io_context& io,
                                                    NetworkOptions options);
  /// Ends what is under way without a call to anybody.
  virtual ~TraceService() = default;
  TraceService(const TraceService&) = delete;
  TraceService& operator=(const TraceService&) = delete;

  /// Queues a trace. One destination is traced once at a time: a second request waits for the
  /// first.
  virtual TraceId submit(TraceRequest request, Finished finished) = 0;
  /// Ends a trace soon; false if it is over already.
  virtual bool cancel(TraceId id) = 0;
  virtual void cancel_all() = 0;
  /// Probe packets a second from now on, over all traces; above 0.
  virtual void set_rate(double rate) = 0;

  /// Requests that have not begun.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
  /// Traces under way.
  [[nodiscard]] virtual std::size_t active() const = 0;
  [[nodiscard]] virtual TraceCounters counters() const = 0;

 protected:
  TraceService() = default;
};

}  // namespace isthmus::probe
