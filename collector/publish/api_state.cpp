#include <array>
#include <utility>

#include "collector/publish/api_query.hpp"
#include "collector/publish/api_routes.hpp"
#include "collector/publish/state_json.hpp"
#include "collector/publish/web_site.hpp"

namespace isthmus::collector {
namespace {

std::set<UpstreamState> read_states(ApiQuery& query) {
  std::set<UpstreamState> states;
  const std::string written = query.text("state").value_or("");
  for (std::size_t at = 0; at < written.size();) {
    const std::size_t end = std::min(written.find(',', at), written.size());
    const std::string_view each = std::string_view{written}.substr(at, end - at);
    bool known = false;
    for (std::size_t i = 0; i < kUpstreamStates; ++i) {
      const auto state = static_cast<UpstreamState>(i);
      if (to_string(state) == each) {
        states.insert(state);
        known = true;
      }
    }
    if (!known) {
      query.complain("state",
                     "each must be one of candidate, probable, confirmed, established, suspended, "
                     "withdrawn");
    }
    at = end + 1;
  }
  return states;
}

HttpResponse targets(const Snapshot& snapshot, const HttpRequest& request) {
  ApiQuery query{request};
  StateFilter filter;
  filter.family = query.family("family");
  const auto problem = query.problem();
  return problem ? problem_response(*problem) : api_response(targets_json(snapshot, filter));
}

HttpResponse target(const Snapshot& snapshot, const HttpRequest& request) {
  ApiQuery query{request};
  if (const auto problem = query.problem()) {
    return problem_response(*problem);
  }
  const auto json = target_json(snapshot, request.parameters.at("target"));
  return json ? api_response(*json)
              : problem_response({404,
                                  "there is no target of that name; GET /api/v1/targets "
                                  "lists them",
                                  "target"});
}

HttpResponse upstreams(const Snapshot& snapshot, const HttpRequest& request) {
  ApiQuery query{request};
  StateFilter filter;
  filter.target = query.text("target");
  filter.family = query.family("family");
  filter.states = read_states(query);
  const auto problem = query.problem();
  return problem ? problem_response(*problem) : api_response(upstreams_json(snapshot, filter));
}

template <std::string (*Write)(const Snapshot&)>
HttpResponse plain(const Snapshot& snapshot, const HttpRequest& request) {
  ApiQuery query{request};
  const auto problem = query.problem();
  return problem ? problem_response(*problem) : api_response(Write(snapshot));
}

HttpResponse stream(EventStream& events, const HttpRequest& request) {
  ApiQuery query{request};
  EventWish wish;
  wish.target = query.text("target");
  for (const EventType type : query.event_types("type")) {
    wish.types.insert(type);
  }
  wish.severity = query.severity("severity");
  std::optional<std::string> last;
  if (const std::string_view id = request.headers.find("Last-Event-ID"); !id.empty()) {
    if (id.size() != 26 ||
        id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") != std::string_view::npos) {
      query.complain("Last-Event-ID", "is not the id of an event");
    }
    last = std::string{id};
  }
  if (const auto problem = query.problem()) {
    return problem_response(*problem);
  }
  HttpResponse response;
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("X-Accel-Buffering", "no");  // a proxy that waits for more makes it useless
  if (request.method == "HEAD") {
    return response;
  }
  response.stream = events.listen(std::move(wish), std::move(last));
  if (!response.stream) {
    response = problem_response({503, "too many listen already", {}});
    response.headers.set("Retry-After", "10");
  }
  return response;
}

Task<HttpResponse> ready(HttpResponse response) {
  co_return response;
}

}  // namespace

void add_state_routes(WebSite& site, const WebSources& sources) {
  using Answer = HttpResponse (*)(const Snapshot&, const HttpRequest&);
  struct Route {
    std::string_view pattern;
    std::string_view name;
    Answer answer;
  };
  const std::array routes{
      Route{"/api/v1/targets", "targets", targets},
      Route{"/api/v1/targets/{target}", "target", target},
      Route{"/api/v1/upstreams", "upstreams", upstreams},
      Route{"/api/v1/probes", "probes", plain<probes_json>},
      Route{"/api/v1/feeds", "feeds", plain<feeds_json>},
      Route{"/api/v1/status", "status", plain<status_json>},
  };
  for (const Route& route : routes) {
    site.add("GET", route.pattern, route.name, WebSite::Gate::Read,
             [&snapshot = sources.snapshot, answer = route.answer](const HttpRequest& request) {
               return ready(answer(*snapshot.get(), request));
             });
  }
  site.add("GET", "/api/v1/stream", "stream", WebSite::Gate::Read,
           [&events = sources.events](const HttpRequest& request) {
             return ready(stream(events, request));
           });
}

}  // namespace isthmus::collector
