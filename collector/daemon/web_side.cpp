#include "collector/daemon/web_side.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "collector/daemon/runtime.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

using namespace std::chrono_literals;

bool is_loopback(const IpAddress& address) {
  return address.is_v4() ? address.v4_value() >> 24U == 127
                         : address.high() == 0 && address.low() == 1;
}

Task<HttpResponse> answer(unsigned status, std::string text) {
  co_return text_response(status, std::move(text));
}

Task<HttpResponse> answer_reload(std::function<Task<Result<void>>()> reload) {
  const Result<void> done = co_await reload();
  co_return done ? text_response(200, "the configuration was read again\n")
                 : text_response(500, done.error().message + "\n");
}

PublisherOptions publisher_options(const DaemonOptions& options, const Settings& settings,
                                   const SharedLabeller& labeller) {
  PublisherOptions publisher;
  publisher.history_folder = settings.history_folder;
  publisher.web_config_file = options.web_config_file;
  publisher.alerts.receivers = settings.publish.receivers;
  publisher.alerts.external_url = settings.publish.external_url;
  publisher.limits.series = settings.publish.max_series;
  publisher.limits.prefixes = settings.publish.labelled_prefixes;
  publisher.build = {.version = ISTHMUS_VERSION, .revision = "unknown"};
  publisher.configuration = [text = to_toml(settings)] { return text; };
  publisher.describe = [&labeller](Asn asn) {
    const auto tables = labeller.get();
    AsDescription description{.name = std::string{tables->as_name(asn)}};
    if (const auto country = tables->country(asn)) {
      description.country = std::string{country->code};
      description.country_source = std::string{country->source};
    }
    return description;
  };
  publisher.now = utc_now;
  return publisher;
}

}  // namespace

Result<std::unique_ptr<WebSide>> WebSide::open(net::io_context& web, const DaemonOptions& options,
                                               const Settings& settings,
                                               const SharedLabeller& labeller, WebHooks hooks) {
  std::unique_ptr<WebSide> side{new WebSide{web}};
  auto publisher =
      Publisher::open(web.get_executor(), publisher_options(options, settings, labeller));
  if (!publisher) {
    return unexpected{publisher.error()};
  }
  side->publisher_ = std::move(*publisher);
  HttpServerOptions server;
  server.name = "web";
  auto tls = side->publisher_->tls();
  if (!tls) {
    return unexpected{tls.error()};
  }
  server.tls = std::move(*tls);
  for (const std::string& text : options.web_listen) {
    auto listen = ListenAddress::parse(text);
    if (!listen) {
      return unexpected{listen.error()};
    }
    server.listen.push_back(*listen);
  }
  side->add_health_routes(!options.web_config_file.empty(), std::move(hooks));
  side->server_ = std::make_unique<HttpServer>(web.get_executor(), std::move(server),
                                               side->publisher_->site().handler());
  if (auto listening = side->server_->listen(); !listening) {
    return unexpected{listening.error()};
  }
  WebSide* const place = side.get();
  spawn_service(web, side->server_->run());
  spawn_service(web, side->publisher_->run([place](TlsContext context) {
    place->server_->use_tls(std::move(context));
  }));
  for (const std::uint16_t port : side->server_->ports()) {
    log_info("serving the web", {{"port", port}});
  }
  side->publish_tables(*labeller.get());
  return side;
}

void WebSide::add_health_routes(bool is_guarded, WebHooks hooks) {
  WebSite& site = publisher_->site();
  site.add("GET", "/-/healthy", "healthy", WebSite::Gate::Open,
           [is_alive = std::move(hooks.is_alive)](const HttpRequest& /*request*/) {
             return is_alive() ? answer(200, "healthy\n") : answer(503, "a thread is stuck\n");
           });
  site.add("GET", "/-/ready", "ready", WebSite::Gate::Open,
           [why_not = std::move(hooks.why_not_ready)](const HttpRequest& /*request*/) {
             const std::string reason = why_not();
             return reason.empty() ? answer(200, "ready\n") : answer(503, reason + "\n");
           });
  // Whoever is on this host may reload, as with SIGHUP; others need the right to write.
  site.add("POST", "/-/reload", "reload", is_guarded ? WebSite::Gate::Write : WebSite::Gate::Open,
           [reload = std::move(hooks.reload), is_guarded](const HttpRequest& request) {
             return is_guarded || is_loopback(request.peer_address)
                        ? answer_reload(reload)
                        : answer(403, "only from this host, or with --web.config.file\n");
           });
}

void WebSide::publish(Publication publication) {
  auto shared = std::make_shared<Publication>(std::move(publication));
  net::post(web_, [this, shared] { publisher_->publish(std::move(*shared)); });
}

void WebSide::publish_tables(const Labeller& labeller) {
  Publication publication;
  publication.tables.emplace();
  for (const NamedValue& version : labeller.versions()) {
    publication.tables->push_back({.source = version.name, .version = version.value});
  }
  publish(std::move(publication));
}

void WebSide::note_reload(bool good) {
  net::post(web_, [this, good] { publisher_->note_reload(good); });
}

void WebSide::stop() {
  net::post(web_, [this] {
    publisher_->stop();
    server_->stop(500ms);
  });
}

}  // namespace isthmus::collector
