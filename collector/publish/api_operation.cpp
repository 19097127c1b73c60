#include <array>
#include <utility>

#include "collector/publish/alert.hpp"
#include "collector/publish/api_query.hpp"
#include "collector/publish/api_routes.hpp"
#include "collector/publish/web_site.hpp"
#include "collector/record/fields.hpp"

namespace isthmus::collector {
namespace {

Task<HttpResponse> ready(HttpResponse response) {
  co_return response;
}

HttpResponse scrape(MetricsPage& page, const Snapshot& snapshot, const HttpRequest& request) {
  const MetricsWish wish =
      read_wish(request.headers.find("Accept"), request.headers.find("Accept-Encoding"));
  MetricsBody body = page.body(snapshot, wish);
  HttpResponse response;
  response.headers.set("Content-Type", std::string{content_type(wish.format)});
  response.headers.set("Vary", "Accept, Accept-Encoding");
  if (wish.gzip) {
    response.headers.set("Content-Encoding", "gzip");
  }
  response.body.reserve(body.series->size() + body.rest.size());
  response.body += *body.series;
  response.body += body.rest;
  return response;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kLinks{{
    {"alerts", "/api/v1/alerts"},
    {"config", "/api/v1/config"},
    {"events", "/api/v1/events"},
    {"explain", "/api/v1/events/{id}/explain"},
    {"export", "/api/v1/export/{table}"},
    {"feeds", "/api/v1/feeds"},
    {"graph", "/api/v1/graph"},
    {"metrics", "/metrics"},
    {"observations", "/api/v1/observations"},
    {"probes", "/api/v1/probes"},
    {"routes", "/api/v1/routes"},
    {"shares", "/api/v1/shares"},
    {"status", "/api/v1/status"},
    {"stream", "/api/v1/stream"},
    {"targets", "/api/v1/targets"},
    {"upstreams", "/api/v1/upstreams"},
    {"page", "/"},
}};

HttpResponse index(const Snapshot& snapshot, const HttpRequest& request) {
  ApiQuery query{request};
  if (const auto problem = query.problem()) {
    return problem_response(*problem);
  }
  std::string out;
  JsonWriter writer{out};
  writer.object([&](JsonWriter& inner) {
    inner("version", snapshot.build.version);
    inner.group("links", [](JsonWriter& links) {
      for (const auto& [name, path] : kLinks) {
        links(name, path);
      }
    });
  });
  return api_response(std::move(out));
}

HttpResponse configuration(const std::function<std::string()>& toml, const HttpRequest& request) {
  ApiQuery query{request};
  if (const auto problem = query.problem()) {
    return problem_response(*problem);
  }
  std::string out;
  JsonWriter writer{out};
  writer.object([&](JsonWriter& inner) { inner("toml", toml ? toml() : std::string{}); });
  return api_response(std::move(out));
}

void write_firing(JsonWriter& writer, const Alert& alert) {
  writer.object([&](JsonWriter& inner) {
    inner("event_id", alert.event.id);
    inner("name", alert_name(alert.event.type));
    inner.group("labels", [&](JsonWriter& labels) {
      for (const auto& [name, value] : alert_identity(alert.event)) {
        labels(name, value);
      }
      labels("severity", alert.event.severity);
    });
    inner("summary", alert.event.summary);
    inner("since", alert.event.first_seen.value_or(alert.event.time));
  });
}

void write_receiver(JsonWriter& writer, const AlertReceiver& receiver, const QueueCounts& counts) {
  writer.object([&](JsonWriter& inner) {
    inner("name", receiver.name);
    inner("kind", receiver.kind);
    inner("waiting", counts.waiting);
    inner("delivered", counts.delivered);
    inner("refused", counts.refused);
    inner("last_error", counts.last_error);
    inner("last_success", counts.last_success);
  });
}

/// {"firing":[...],"receivers":[...]}; both empty where nobody is told.
Result<std::string> alerts_json(AlertSender* sender) {
  std::string firing;
  std::string receivers;
  if (sender != nullptr) {
    JsonWriter first{firing};
    const auto standing = sender->queue().firing();
    if (!standing) {
      return unexpected{standing.error()};
    }
    for (const Alert& alert : *standing) {
      firing += firing.empty() ? "" : ",";
      write_firing(first, alert);
    }
    JsonWriter second{receivers};
    for (const AlertReceiver& receiver : sender->queue().receivers()) {
      const auto counts = sender->queue().counts(receiver.name);
      if (!counts) {
        return unexpected{counts.error()};
      }
      receivers += receivers.empty() ? "" : ",";
      write_receiver(second, receiver, *counts);
    }
  }
  return "{\"firing\":[" + firing + "],\"receivers\":[" + receivers + "]}";
}

HttpResponse alerts(AlertSender* sender, const HttpRequest& request) {
  ApiQuery query{request};
  if (const auto problem = query.problem()) {
    return problem_response(*problem);
  }
  auto json = alerts_json(sender);
  return json ? api_response(std::move(*json)) : problem_response({500, json.error().message, {}});
}

}  // namespace

void add_operation_routes(WebSite& site, const WebSources& sources) {
  constexpr auto kRead = WebSite::Gate::Read;
  site.add(
      "GET", "/metrics", "metrics", kRead,
      [&page = sources.metrics_page, &snapshot = sources.snapshot](const HttpRequest& request) {
        return ready(scrape(page, *snapshot.get(), request));
      });
  site.add("GET", "/api/v1", "index", kRead,
           [&snapshot = sources.snapshot](const HttpRequest& request) {
             return ready(index(*snapshot.get(), request));
           });
  site.add("GET", "/api/v1/config", "config", kRead,
           [toml = sources.configuration](const HttpRequest& request) {
             return ready(configuration(toml, request));
           });
  site.add("GET", "/api/v1/alerts", "alerts", kRead,
           [sender = sources.alerts](const HttpRequest& request) {
             return ready(alerts(sender, request));
           });
}

}  // namespace isthmus::collector
