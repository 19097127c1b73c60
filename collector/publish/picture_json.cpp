#include "collector/publish/picture_json.hpp"

#include <iterator>

#include <fmt/format.h>

#include "collector/publish/json_list.hpp"
#include "collector/record/fields.hpp"

namespace isthmus::collector {
namespace {

/// As many routes as are held in memory for one answer.
constexpr std::uint64_t kMostRoutes = 500'000;

std::string name_of(const Snapshot& snapshot, Asn asn) {
  return snapshot.describe(asn).name;
}

void write_wish(JsonWriter& writer, const PictureWish& wish) {
  writer("target", wish.target);
  writer("family", wish.family);
  writer("plane", wish.plane);
}

std::int64_t seconds_of(TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

Result<std::vector<RouteInterval>> read_routes(const History& history, const PictureWish& wish,
                                               TimePoint from, TimePoint until) {
  HistoryFilter filter;
  filter.target = wish.target;
  filter.family = wish.family;
  filter.plane = wish.plane;
  filter.prefix = wish.prefix;
  filter.from = from;
  filter.until = until;
  filter.limit = kMostRoutes + 1;
  std::vector<RouteInterval> routes;
  const auto read = history.intervals(filter, [&](const RouteInterval& interval) {
    routes.push_back(interval);
    return true;
  });
  if (!read) {
    return unexpected{read.error()};
  }
  if (routes.size() > kMostRoutes) {
    return fail("more than 500,000 routes lie in that time: ask for a prefix, or for less time");
  }
  return routes;
}

std::string shares_json(const PictureWish& wish, const TimeSteps& steps, const ShareSeries& series,
                        const Snapshot& snapshot) {
  std::string out;
  JsonWriter writer{out};
  writer.object([&](JsonWriter& inner) {
    write_wish(inner, wish);
    inner("from", steps.from);
    inner("until", steps.until);
    inner("step", steps.step / std::chrono::seconds{1});
    std::vector<std::int64_t> times;
    for (const TimePoint time : series.times) {
      times.push_back(seconds_of(time));
    }
    inner("times", times);
    inner("vantages", series.groups);
    write_list(out, inner, "upstreams", series.upstreams,
               [&](JsonWriter& each, const UpstreamSeries& upstream) {
                 each("asn", upstream.asn);
                 each("name", name_of(snapshot, upstream.asn));
                 each("share", upstream.share);
               });
  });
  return out;
}

std::string shares_csv(const PictureWish& wish, const ShareSeries& series) {
  std::string out = "time,target,family,plane,upstream,share,vantages\r\n";
  for (std::size_t i = 0; i < series.times.size(); ++i) {
    for (const UpstreamSeries& upstream : series.upstreams) {
      if (upstream.share[i]) {
        // A target's name needs no quotes: the configuration allows letters, digits, '.', '_', '-'.
        fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{}\r\n",
                       format_utc(series.times[i]), wish.target, to_string(wish.family),
                       to_string(wish.plane), upstream.asn.value, *upstream.share[i],
                       series.groups[i]);
      }
    }
  }
  return out;
}

std::string graph_json(const PictureWish& wish, TimePoint at, const AsGraph& graph,
                       const Snapshot& snapshot) {
  std::string out;
  JsonWriter writer{out};
  writer.object([&](JsonWriter& inner) {
    write_wish(inner, wish);
    inner("at", at);
    inner("since", graph.since);
    inner("until", graph.until);
    inner("vantages", graph.groups);
    write_list(out, inner, "nodes", graph.nodes, [&](JsonWriter& each, const GraphNode& node) {
      each("id", node.id);
      each("asn", node.asn);
      each("name", node.asn ? name_of(snapshot, *node.asn) : std::string{});
      each("role", node.role);
      each("layer", node.layer);
      each("share", node.share);
    });
    write_list(out, inner, "links", graph.links, [](JsonWriter& each, const GraphLink& link) {
      each("from", link.from);
      each("to", link.to);
      each("share", link.share);
      each("vantages", link.groups);
      each("since", link.since);
    });
  });
  return out;
}

}  // namespace isthmus::collector
