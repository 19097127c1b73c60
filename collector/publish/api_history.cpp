#include <algorithm>
#include <charconv>
#include <utility>

#include "collector/publish/api_query.hpp"
#include "collector/publish/api_routes.hpp"
#include "collector/publish/explain.hpp"
#include "collector/publish/history_rows.hpp"
#include "collector/publish/picture_json.hpp"
#include "collector/publish/web_site.hpp"
#include "collector/record/event_json.hpp"

namespace isthmus::collector {
namespace {

constexpr std::uint64_t kDefaultRows = 100;
constexpr std::uint64_t kMostRows = 1000;
constexpr std::size_t kMostSteps = 5000;

HttpResponse no_history() {
  return problem_response(
      {404, "no history is kept here: history.folder of the configuration says where", {}});
}

HttpResponse failed(const Error& error) {
  if (error == HistoryPool::busy()) {
    HttpResponse response = problem_response({503, error.message, {}});
    response.headers.set("Retry-After", "1");
    return response;
  }
  return problem_response({500, error.message, {}});
}

HttpResponse too_many_streams() {
  HttpResponse response =
      problem_response({503, "as many streams as may run at once are running", {}});
  response.headers.set("Retry-After", "5");
  return response;
}

/// What the history's own words for an answer are.
using Work = std::function<Result<HttpResponse>(const History&)>;

Task<HttpResponse> from_history(HistoryPool* pool, Work work) {
  if (pool == nullptr) {
    co_return no_history();
  }
  Result<HttpResponse> answer = co_await pool->read<HttpResponse>(std::move(work));
  co_return answer ? std::move(*answer) : failed(answer.error());
}

Task<HttpResponse> ready(HttpResponse response) {
  co_return response;
}

/// A list as it was asked for.
struct ListRequest {
  HistoryTable table = HistoryTable::Events;
  HistoryFilter filter;
  RowOptions options;
};

/// Reads the parameters that this table has.
Result<ListRequest, Problem> read_list(HistoryTable table, const HttpRequest& request) {
  ApiQuery query{request};
  ListRequest list{table, query.filter(), {}};
  list.options.format = read_list_format(query, request);
  if (table == HistoryTable::Events) {
    list.filter.types = query.event_types("type");
    list.filter.severity = query.severity("severity");
    list.options.summary = query.word("fields", {"all", "summary"}) == "summary";
  }
  if (table != HistoryTable::Events) {
    list.filter.plane = query.plane("plane");
  }
  if (table != HistoryTable::Routes) {
    list.filter.newest_first = query.word("order", {"asc", "desc"}) != "asc";
  }
  list.filter.limit = query.number("limit", 1, kMostRows);
  list.filter.after = query.cursor(place_kind(table));
  if (const auto problem = query.problem()) {
    return unexpected{*problem};
  }
  return list;
}

HttpResponse stream_response(HistoryPool& pool, SelfMetrics& metrics, const ListRequest& list) {
  // Counts the stream while anything holds its body.
  const std::shared_ptr<void> running{nullptr, [&metrics](void*) { metrics.change_exports(-1); }};
  metrics.change_exports(1);
  HttpResponse response;
  response.headers.set("Content-Type", std::string{content_type(list.options.format)});
  response.stream = pool.stream(
      [list, running](const History& history, const std::function<bool(std::string)>& sink) {
        return stream_rows(history, list.table, list.filter, list.options, sink);
      });
  return response.stream ? std::move(response) : too_many_streams();
}

Task<HttpResponse> list_rows(HistoryPool* pool, SelfMetrics& metrics, HistoryTable table,
                             const HttpRequest& request) {
  auto list = read_list(table, request);
  if (!list) {
    return ready(problem_response(list.error()));
  }
  if (pool == nullptr) {
    return ready(no_history());
  }
  if (list->options.format != ListFormat::Json && request.method != "HEAD") {
    return ready(stream_response(*pool, metrics, *list));
  }
  list->filter.limit = list->filter.limit.value_or(kDefaultRows);
  return from_history(pool, [list = *list](const History& history) -> Result<HttpResponse> {
    auto page = read_page(history, list.table, list.filter, list.options);
    if (!page) {
      return unexpected{page.error()};
    }
    return api_response(std::move(*page));
  });
}

std::optional<HistoryTable> parse_table(std::string_view text) {
  for (const HistoryTable each :
       {HistoryTable::Events, HistoryTable::Routes, HistoryTable::Observations}) {
    if (to_string(each) == text) {
      return each;
    }
  }
  return std::nullopt;
}

Task<HttpResponse> export_table(HistoryPool* pool, SelfMetrics& metrics,
                                const HttpRequest& request) {
  const auto table = parse_table(request.parameters.at("table"));
  ApiQuery query{request};
  ListRequest list{table.value_or(HistoryTable::Events), query.filter(), {}};
  list.options.format =
      query.word("format", {"ndjson", "csv"}) == "csv" ? ListFormat::Csv : ListFormat::Ndjson;
  if (!table) {
    query.complain("table", "must be events, routes or observations");
  }
  if (const auto problem = query.problem()) {
    return ready(problem_response(*problem));
  }
  if (pool == nullptr) {
    return ready(no_history());
  }
  HttpResponse response;
  if (request.method == "HEAD") {
    response.headers.set("Content-Type", std::string{content_type(list.options.format)});
    return ready(std::move(response));
  }
  response = stream_response(*pool, metrics, list);
  if (response.status == 200) {
    const bool csv = list.options.format == ListFormat::Csv;
    response.headers.set("Content-Disposition", "attachment; filename=\"isthmus-" +
                                                    std::string{to_string(list.table)} +
                                                    (csv ? ".csv\"" : ".ndjson\""));
  }
  return ready(std::move(response));
}

bool is_event_id(std::string_view id) {
  return id.size() == 26 &&
         id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string_view::npos;
}

Task<HttpResponse> one_event(HistoryPool* pool, bool explained, const HttpRequest& request) {
  ApiQuery query{request};
  const std::string id = request.parameters.at("id");
  if (!is_event_id(id)) {
    query.complain("id", "is not the id of an event: 26 letters and digits");
  }
  if (const auto problem = query.problem()) {
    return ready(problem_response(*problem));
  }
  return from_history(pool, [id, explained](const History& history) -> Result<HttpResponse> {
    const auto event = history.event(id);
    if (!event) {
      return unexpected{event.error()};
    }
    if (!*event) {
      return problem_response({404, "there is no event of that id", "id"});
    }
    std::string json;
    if (explained) {
      auto explanation = explanation_json(history, **event);
      if (!explanation) {
        return unexpected{explanation.error()};
      }
      json = std::move(*explanation);
    } else {
      append_json(json, **event);
    }
    return api_response(std::move(json));
  });
}

Task<HttpResponse> one_observation(HistoryPool* pool, const HttpRequest& request) {
  ApiQuery query{request};
  const std::string& text = request.parameters.at("evidence_id");
  std::uint64_t id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (text.size() != 16 || end.ec != std::errc{} || end.ptr != text.data() + text.size()) {
    query.complain("evidence_id", "is not an evidence id: sixteen hexadecimal digits");
  }
  if (const auto problem = query.problem()) {
    return ready(problem_response(*problem));
  }
  return from_history(pool, [id](const History& history) -> Result<HttpResponse> {
    const auto observation = history.observation(id);
    if (!observation) {
      return unexpected{observation.error()};
    }
    if (!*observation) {
      return problem_response({404, "there is no observation of that id", "evidence_id"});
    }
    std::string json;
    append_json(json, **observation);
    return api_response(std::move(json));
  });
}

PictureWish read_wish(ApiQuery& query) {
  PictureWish wish;
  wish.target = query.needed_text("target").value_or("");
  wish.family = query.family("family").value_or(Family::Ipv4);
  wish.plane = query.plane("plane").value_or(Plane::Control);
  wish.prefix = query.prefix("prefix");
  return wish;
}

/// Whether anything is known of the target; a name that was mistyped shall not look like silence.
bool is_known(const Snapshot& snapshot, const std::string& target) {
  return std::any_of(snapshot.targets.begin(), snapshot.targets.end(),
                     [&](const TargetStatus& each) { return each.target == target; });
}

HttpResponse unknown_target() {
  return problem_response(
      {404, "there is no target of that name; GET /api/v1/targets lists them", "target"});
}

TimeSteps read_steps(ApiQuery& query, TimePoint now) {
  TimeSteps steps;
  steps.step = std::chrono::seconds{query.number("step", 60, 604'800).value_or(900)};
  const auto until = query.time("until");
  const auto from = query.time("from");
  steps.until = until.value_or(now);
  steps.from = from.value_or(steps.until - std::chrono::hours{24});
  if (steps.until <= steps.from) {
    query.complain("until", "is not after from");
    return steps;
  }
  const auto since_epoch = steps.from.time_since_epoch();
  steps.from -= (since_epoch % steps.step + steps.step) % steps.step;
  if (steps.count() > kMostSteps) {
    query.complain("step", "gives more than 5000 steps: make it longer, or the time shorter");
  }
  return steps;
}

Task<HttpResponse> shares(HistoryPool* pool, std::shared_ptr<const Snapshot> snapshot,
                          const HttpRequest& request) {
  ApiQuery query{request};
  const PictureWish wish = read_wish(query);
  const TimeSteps steps = read_steps(query, snapshot->time);
  const bool csv = query.word("format", {"json", "csv"}) == "csv";
  if (const auto problem = query.problem()) {
    return ready(problem_response(*problem));
  }
  if (!is_known(*snapshot, wish.target)) {
    return ready(unknown_target());
  }
  return from_history(
      pool, [wish, steps, csv, snapshot](const History& history) -> Result<HttpResponse> {
        const auto routes = read_routes(history, wish, steps.from, steps.until);
        if (!routes) {
          return unexpected{routes.error()};
        }
        const ShareSeries series = share_series(*routes, steps);
        if (!csv) {
          return api_response(shares_json(wish, steps, series, *snapshot));
        }
        HttpResponse response;
        response.headers.set("Content-Type", std::string{content_type(ListFormat::Csv)});
        response.body = shares_csv(wish, series);
        return response;
      });
}

Task<HttpResponse> graph(HistoryPool* pool, std::shared_ptr<const Snapshot> snapshot,
                         const HttpRequest& request) {
  ApiQuery query{request};
  const PictureWish wish = read_wish(query);
  const TimePoint at = query.time("at").value_or(snapshot->time);
  GraphLimits limits;
  limits.hops = query.number("hops", 1, 16).value_or(limits.hops);
  limits.nodes = query.number("nodes", 2, 500).value_or(limits.nodes);
  if (const auto problem = query.problem()) {
    return ready(problem_response(*problem));
  }
  if (!is_known(*snapshot, wish.target)) {
    return ready(unknown_target());
  }
  return from_history(
      pool, [wish, at, limits, snapshot](const History& history) -> Result<HttpResponse> {
        const auto routes = read_routes(history, wish, at, at + Duration{1});
        if (!routes) {
          return unexpected{routes.error()};
        }
        return api_response(graph_json(wish, at, as_graph(*routes, limits), *snapshot));
      });
}

}  // namespace

void add_history_routes(WebSite& site, const WebSources& sources) {
  constexpr auto kRead = WebSite::Gate::Read;
  HistoryPool* const pool = sources.history;
  SelfMetrics& metrics = sources.metrics;
  CurrentSnapshot& snapshot = sources.snapshot;
  for (const HistoryTable table :
       {HistoryTable::Events, HistoryTable::Routes, HistoryTable::Observations}) {
    site.add("GET", "/api/v1/" + std::string{to_string(table)}, to_string(table), kRead,
             [pool, &metrics, table](const HttpRequest& request) {
               return list_rows(pool, metrics, table, request);
             });
  }
  site.add("GET", "/api/v1/events/{id}", "event", kRead,
           [pool](const HttpRequest& request) { return one_event(pool, false, request); });
  site.add("GET", "/api/v1/events/{id}/explain", "explain", kRead,
           [pool](const HttpRequest& request) { return one_event(pool, true, request); });
  site.add("GET", "/api/v1/observations/{evidence_id}", "observation", kRead,
           [pool](const HttpRequest& request) { return one_observation(pool, request); });
  site.add("GET", "/api/v1/export/{table}", "export", kRead,
           [pool, &metrics](const HttpRequest& request) {
             return export_table(pool, metrics, request);
           });
  site.add("GET", "/api/v1/shares", "shares", kRead, [pool, &snapshot](const HttpRequest& request) {
    return shares(pool, snapshot.get(), request);
  });
  site.add("GET", "/api/v1/graph", "graph", kRead, [pool, &snapshot](const HttpRequest& request) {
    return graph(pool, snapshot.get(), request);
  });
}

}  // namespace isthmus::collector
