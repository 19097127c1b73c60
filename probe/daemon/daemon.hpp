#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/result.hpp"
#include "probe/daemon/settings.hpp"

namespace isthmus::probe {

/// What `isthmus-probe run` is: measures what the collectors' plans ask for, within the owner's
/// limits, keeps the results on disk, and hands them over.
class Daemon {
 public:
  /// Opens everything that can fail: sockets, spool, the port of health and metrics. After that
  /// neither rights nor more than the usual system calls are needed; they are given up in `run`.
  static Result<std::unique_ptr<Daemon>> open(ProbeSettings settings, std::string config_file);
  virtual ~Daemon() = default;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Works until SIGTERM or SIGINT, then hands over or keeps all it has and returns within 5 s. The
  /// exit status: 0, or 1 if something measured could be neither delivered nor kept.
  virtual int run() = 0;

 protected:
  Daemon() = default;
};

}  // namespace isthmus::probe
