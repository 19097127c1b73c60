#pragma once

#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "collector/daemon/admin_api.hpp"
#include "collector/daemon/pipeline.hpp"
#include "collector/daemon/shared_labeller.hpp"
#include "collector/feed/probe_gateway.hpp"
#include "collector/settings.hpp"

namespace isthmus::collector {

/// What the collector has to do with its probes: lets them in, tells them what to measure, and lets
/// isthmusctl look after them. On the ingest thread.
class ProbeSide {
 public:
  /// Listens, and runs until `stop`.
  static Result<std::unique_ptr<ProbeSide>> open(net::io_context& ingest, const Settings& settings,
                                                 Pipeline& pipeline,
                                                 const SharedLabeller& labeller);

  /// What has been committed changes what probes are asked to do.
  void follow(const Settings& settings, const Committed& committed);
  /// Before anything is known of these targets.
  void use(const Settings& settings);
  [[nodiscard]] std::vector<ProbeStatus> status() const { return gateway_->status(); }
  void stop(std::chrono::milliseconds limit);

 private:
  ProbeSide() = default;

  std::unique_ptr<ProbeGateway> gateway_;
  std::unique_ptr<AdminApi> admin_;
  PlanMessage plan_;
  std::uint64_t last_sweep_ = 0;
};

}  // namespace isthmus::collector
