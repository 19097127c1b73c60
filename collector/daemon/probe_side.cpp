#include "collector/daemon/probe_side.hpp"

#include <algorithm>
#include <utility>

#include "collector/daemon/measuring_plan.hpp"
#include "collector/daemon/runtime.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

constexpr Duration kSweepUse = std::chrono::minutes{2};

}  // namespace

Result<std::unique_ptr<ProbeSide>> ProbeSide::open(net::io_context& ingest,
                                                   const Settings& settings, Pipeline& pipeline,
                                                   const SharedLabeller& labeller) {
  std::unique_ptr<ProbeSide> side{new ProbeSide};
  side->last_sweep_ = static_cast<std::uint64_t>(utc_now().time_since_epoch().count());
  GatewayHooks hooks;
  hooks.sink = &pipeline;
  hooks.now = utc_now;
  hooks.network_of = [&labeller](const IpAddress& address) -> std::optional<Asn> {
    const auto tables = labeller.get();
    const Label label = tables->label(address);
    return label.kind == LabelKind::As ? std::optional{label.origins.front()} : std::nullopt;
  };
  side->gateway_ = std::make_unique<ProbeGateway>(ingest.get_executor(), settings.gateway,
                                                  HttpServerLimits{}, std::move(hooks));
  if (auto started = side->gateway_->start(); !started) {
    return unexpected{started.error()};
  }
  side->use(settings);
  const auto listen = ListenAddress::parse(settings.gateway.admin_listen);
  if (!listen) {
    return unexpected{listen.error()};
  }
  side->admin_ = std::make_unique<AdminApi>(ingest.get_executor(), *side->gateway_,
                                            settings.gateway.folder, *listen, utc_now);
  if (auto started = side->admin_->start(); !started) {
    return unexpected{started.error()};
  }
  spawn_service(ingest, side->gateway_->run());
  spawn_service(ingest, side->admin_->run());
  for (const std::uint16_t port : side->gateway_->ports()) {
    log_info("probes are awaited", {{"port", port}});
  }
  log_info("isthmusctl is awaited", {{"port", side->admin_->ports().front()}});
  return side;
}

void ProbeSide::use(const Settings& settings) {
  gateway_->set_plan(plan_of(settings.targets, {}, settings.detector.probe_interval));
}

void ProbeSide::follow(const Settings& settings, const Committed& committed) {
  if (committed.targets) {
    plan_ = plan_of(settings.targets, *committed.targets, settings.detector.probe_interval);
    gateway_->set_plan(plan_);
  }
  for (const SweepRequest& request : committed.sweeps) {
    PlanSweep sweep = sweep_of(request, ++last_sweep_, plan_);
    if (!sweep.destinations.empty()) {
      gateway_->sweep(std::move(sweep), std::max(request.at, utc_now()) + kSweepUse);
    }
  }
}

void ProbeSide::stop(std::chrono::milliseconds limit) {
  gateway_->stop(limit);
  admin_->stop();
}

}  // namespace isthmus::collector
