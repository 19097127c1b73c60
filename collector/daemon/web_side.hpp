#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "collector/daemon/options.hpp"
#include "collector/daemon/shared_labeller.hpp"
#include "collector/publish/publisher.hpp"
#include "collector/settings.hpp"
#include "core/runtime/http_server.hpp"

namespace isthmus::collector {

/// What the web shows of the daemon itself, and what may be asked of it there.
struct WebHooks {
  std::function<bool()> is_alive;
  std::function<std::string()> why_not_ready;  ///< empty: it is ready
  std::function<Task<Result<void>>()> reload;  ///< of the configuration
};

/// Metrics, API, page and alerts, on the thread of their own io_context.
class WebSide {
 public:
  /// Listens, and runs until `stop`; the thread that runs `web` may start afterwards.
  static Result<std::unique_ptr<WebSide>> open(net::io_context& web, const DaemonOptions& options,
                                               const Settings& settings,
                                               const SharedLabeller& labeller, WebHooks hooks);

  /// Any thread.
  void publish(Publication publication);
  /// The label tables in force. Any thread.
  void publish_tables(const Labeller& labeller);
  /// Any thread.
  void note_reload(bool good);
  /// Any thread.
  void stop();

 private:
  explicit WebSide(net::io_context& web) : web_{web} {}
  void add_health_routes(bool is_guarded, WebHooks hooks);

  net::io_context& web_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace isthmus::collector
