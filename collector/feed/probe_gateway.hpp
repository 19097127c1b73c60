#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "collector/feed/gateway_settings.hpp"
#include "collector/feed/probe_registry.hpp"
#include "collector/feed/probe_status.hpp"
#include "collector/feed/trace_batch.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/http_server.hpp"
#include "core/wire/plan_message.hpp"

namespace isthmus::collector {

/// What the gateway asks of the rest of the collector.
struct GatewayHooks {
  TraceSink* sink = nullptr;       ///< must outlive the gateway
  std::function<TimePoint()> now;  ///< UTC
  /// The network that announces an address, if it is known.
  std::function<std::optional<Asn>(const IpAddress&)> network_of;
};

/// Requests that were turned away, by reason; these only grow.
using GatewayRefusals = std::map<std::string, std::uint64_t>;

/// Where probes enrol, fetch their plans and deliver what they measured: HTTPS with TLS 1.3 and
/// certificates on both sides. A connection without a certificate of a known probe is refused in
/// the handshake, before anything of it is parsed; only while a join token is open, one without
/// any certificate may ask to be enrolled. Whatever a probe sends counts as its own word alone.
///
/// All members are called on the executor's thread.
class ProbeGateway {
 public:
  ProbeGateway(const net::any_io_executor& executor, GatewaySettings settings,
               const HttpServerLimits& limits, GatewayHooks hooks);
  ~ProbeGateway();
  ProbeGateway(const ProbeGateway&) = delete;
  ProbeGateway& operator=(const ProbeGateway&) = delete;

  /// Opens the authority and the list of probes, and listens.
  Result<void> start();
  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  Task<> run();
  void stop(std::chrono::milliseconds grace);

  /// What all probes are to measure from now on; etag, sweeps and traces of it are not looked at.
  void set_plan(PlanMessage plan);
  /// Asks all probes for a sweep, for as long as it can be of use.
  void sweep(PlanSweep sweep, TimePoint until);

  /// Adds a probe, or lets it join anew.
  Result<JoinToken> add_probe(const ProbeRecord& probe, Duration token_lifetime);
  /// Ends a probe's connections at once and lets it in no more. False: there is none of that name.
  Result<bool> revoke_probe(const std::string& name);
  [[nodiscard]] const ProbeRegistry& registry() const;

  /// Lets a probe trace one destination now. Each piece is a line of JSON: "asked", "taken" when
  /// the probe has fetched it, then the "result" or a "failed". Nothing: there is no such probe.
  [[nodiscard]] HttpBodySource trace(const std::string& probe, PlanTrace trace,
                                     std::function<std::string(const Traceroute&)> format);

  [[nodiscard]] std::vector<ProbeStatus> status() const;
  [[nodiscard]] const GatewayRefusals& refusals() const;
  [[nodiscard]] const HttpServerCounters& server_counters() const;
  /// PEM, for whoever wants to check the collector by other means.
  [[nodiscard]] const std::string& authority() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
