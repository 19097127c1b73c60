#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "collector/publish/alert_sender.hpp"
#include "collector/publish/event_stream.hpp"
#include "collector/publish/history_pool.hpp"
#include "collector/publish/metrics_page.hpp"
#include "collector/publish/problem.hpp"
#include "collector/publish/snapshot.hpp"
#include "collector/publish/web_access.hpp"
#include "core/runtime/http_router.hpp"

namespace isthmus::collector {

/// Where what is served comes from. All of it must outlive the site.
struct WebSources {
  CurrentSnapshot& snapshot;
  SelfMetrics& metrics;
  MetricsPage& metrics_page;
  EventStream& events;
  WebAccess& access;
  HistoryPool* history = nullptr;              ///< null: no history is kept
  AlertSender* alerts = nullptr;               ///< null: nobody is told
  std::function<std::string()> configuration;  ///< TOML, without secrets
};

/// Everything that the collector serves on its web port: /metrics, the API, the page, and what
/// others add. Each answer bears the headers that keep browsers safe; whole ones have an ETag and
/// are compressed where that is wanted.
class WebSite {
 public:
  /// `Open` is for what tells nothing: whether the program is alive.
  enum class Gate : std::uint8_t { Open, Read, Write };

  explicit WebSite(WebSources sources);

  /// Adds a handler before the server runs. `name` counts its requests in the metrics.
  void add(const std::string& method, std::string_view pattern, std::string_view name, Gate gate,
           HttpHandler handler);

  [[nodiscard]] Task<HttpResponse> handle(HttpRequest request) const;
  /// For HttpServer; the site must outlive it.
  [[nodiscard]] HttpHandler handler() const;

 private:
  /// Asks the gate, lets the handler answer, and gives the answer what every answer has.
  [[nodiscard]] Task<HttpResponse> serve(std::string name, Gate gate, HttpHandler handler,
                                         HttpRequest request) const;

  WebSources sources_;
  HttpRouter router_;
};

/// An answer of the API: JSON, to be asked for again each time (with its ETag).
HttpResponse api_response(std::string json);

}  // namespace isthmus::collector
