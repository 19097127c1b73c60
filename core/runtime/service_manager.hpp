#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace isthmus {

/// Tells systemd about the state of this service, as sd_notify(3): "READY=1", "STOPPING=1",
/// "RELOADING=1", "STATUS=...", "WATCHDOG=1", several with line ends between them. Does nothing
/// where no service manager listens (NOTIFY_SOCKET is not set). False: it could not be told.
bool notify_service_manager(std::string_view state);

/// How often the service manager wants to hear "WATCHDOG=1" at the latest (WATCHDOG_USEC), if it
/// watches this process; tell it twice as often.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace isthmus
