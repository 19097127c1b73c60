#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "collector/daemon/options.hpp"
#include "collector/settings.hpp"

namespace isthmus::collector {

/// Runs the collector until it is told to stop. Returns the program's exit status.
int run_daemon(const DaemonOptions& options, Settings settings);

}  // namespace isthmus::collector
