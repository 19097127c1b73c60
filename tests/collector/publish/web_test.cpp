#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "collector/publish/as_graph.hpp"
#include "collector/publish/share_series.hpp"
#include "collector/publish/web_config.hpp"
#include "collector/record/history_place.hpp"
#include "tests/collector/publish/samples.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

RouteInterval route(const char* prefix, std::uint32_t group, const std::string& path,
                    const char* from, const char* until = nullptr) {
  RouteInterval interval;
  interval.target = "kp";
  interval.prefix = *Prefix::parse(prefix);
  interval.vantage = {Plane::Control, "rrc00", IpAddress::v4(0xC0000200 + group), Asn{group}};
  interval.path = path;
  std::string last_but_one;
  const std::size_t end = path.rfind(' ');
  const std::size_t begin = path.rfind(' ', end - 1);
  interval.upstream = Asn::parse(path.substr(begin + 1, end - begin - 1));
  interval.from = moment(from);
  if (until != nullptr) {
    interval.until = moment(until);
  }
  return interval;
}

double share_at(const ShareSeries& series, Asn upstream, std::size_t step) {
  for (const UpstreamSeries& each : series.upstreams) {
    if (each.asn == upstream) {
      return each.share.at(step).value_or(-1);
    }
  }
  return 0;
}

std::map<std::pair<std::string, std::string>, double> links_of(const AsGraph& graph) {
  std::map<std::pair<std::string, std::string>, double> links;
  for (const GraphLink& link : graph.links) {
    links[{link.from, link.to}] = link.share;
  }
  return links;
}

void check_config_error(const std::string& text, const std::string& expected) {
  const auto config = parse_web_config(text, "web.yml", "/etc/isthmus");
  INFO(text);
  REQUIRE_FALSE(config);
  CHECK(config.error().message == expected);
}

}  // namespace

TEST_CASE("a share is the mean over the time of a step", "[web]") {
  const std::vector<RouteInterval> routes{
      route("192.0.2.0/25", 1, "1 10 99", "2020-01-01T00:00:00Z", "2020-01-01T00:05:00Z"),
      route("192.0.2.0/25", 1, "1 20 99", "2020-01-01T00:05:00Z"),
      route("192.0.2.0/25", 2, "2 10 99", "2020-01-01T00:00:00Z")};
  const ShareSeries series = share_series(
      routes,
      {moment("2020-01-01T00:00:00Z"), moment("2020-01-01T00:20:00Z"), std::chrono::minutes{10}});
  REQUIRE(series.times.size() == 2);
  CHECK(share_at(series, Asn{20}, 0) == Approx(0.25));
  CHECK(share_at(series, Asn{10}, 0) == Approx(0.75));
  CHECK(share_at(series, Asn{20}, 1) == Approx(0.5));
  CHECK(series.groups[1] == Approx(2));
}

TEST_CASE("a prefix weighs as much as it has addresses", "[web]") {
  const std::vector<RouteInterval> routes{
      route("192.0.0.0/23", 1, "1 10 99", "2020-01-01T00:00:00Z"),
      route("192.0.2.0/24", 1, "1 20 99", "2020-01-01T00:00:00Z")};
  const ShareSeries series = share_series(
      routes,
      {moment("2020-01-01T00:00:00Z"), moment("2020-01-01T00:10:00Z"), std::chrono::minutes{10}});
  CHECK(share_at(series, Asn{10}, 0) == Approx(2.0 / 3));
  CHECK(share_at(series, Asn{20}, 0) == Approx(1.0 / 3));
}

TEST_CASE("without a route there is no share", "[web]") {
  const std::vector<RouteInterval> routes{
      route("192.0.2.0/24", 1, "1 10 99", "2020-01-01T00:00:00Z", "2020-01-01T00:10:00Z")};
  const ShareSeries series = share_series(
      routes,
      {moment("2020-01-01T00:00:00Z"), moment("2020-01-01T00:30:00Z"), std::chrono::minutes{10}});
  REQUIRE(series.upstreams.size() == 1);
  CHECK(series.upstreams[0].share[0] == Approx(1));
  CHECK_FALSE(series.upstreams[0].share[1]);
  CHECK(series.groups[2] == 0);
}

TEST_CASE("many changes leave no rounding behind", "[web]") {
  std::mt19937 random{7};
  std::vector<RouteInterval> routes;
  const TimePoint begin = moment("2020-01-01T00:00:00Z");
  for (std::uint32_t group = 1; group <= 20; ++group) {
    TimePoint at = begin;
    while (at < begin + std::chrono::hours{24}) {
      const TimePoint next = at + std::chrono::seconds{60 + random() % 3600};
      RouteInterval each =
          route("192.0.2.0/24", group,
                std::to_string(group) + ' ' + std::to_string(10 + random() % 3) + " 99",
                "2020-01-01T00:00:00Z");
      each.from = at;
      each.until = next;
      routes.push_back(each);
      at = next;
    }
  }
  const ShareSeries series =
      share_series(routes, {begin, begin + std::chrono::hours{24}, std::chrono::minutes{15}});
  for (std::size_t step = 0; step < series.times.size(); ++step) {
    double sum = 0;
    for (const UpstreamSeries& each : series.upstreams) {
      sum += each.share[step].value_or(0);
    }
    CHECK(sum == Approx(1).margin(1e-9));
  }
}

TEST_CASE("links carry the share of what goes over them", "[web]") {
  const AsGraph graph = as_graph({route("192.0.2.0/24", 1, "1 5 10 99", "2020-01-01T00:00:00Z"),
                                  route("192.0.2.0/24", 2, "2 5 5 10 99", "2020-01-02T00:00:00Z"),
                                  route("192.0.2.0/24", 3, "3 20 99", "2020-01-03T00:00:00Z"),
                                  route("192.0.2.0/24", 4, "20 99", "2020-01-03T00:00:00Z")},
                                 {});
  const auto links = links_of(graph);
  CHECK(links.at({"10", "99"}) == Approx(0.5));
  CHECK(links.at({"20", "99"}) == Approx(0.5));
  CHECK(links.at({"5", "10"}) == Approx(0.5));
  CHECK(links.at({"1", "5"}) == Approx(0.25));
  CHECK(graph.groups == 4);
  CHECK(graph.since == moment("2020-01-03T00:00:00Z"));
  for (const GraphLink& link : graph.links) {
    if (link.from == "5") {
      CHECK(link.since == moment("2020-01-01T00:00:00Z"));
      CHECK(link.groups == 2);
    }
  }
}

TEST_CASE("a graph has no circles, whatever the paths", "[web]") {
  const AsGraph graph = as_graph({route("192.0.2.0/24", 1, "1 7 8 10 99", "2020-01-01T00:00:00Z"),
                                  route("192.0.2.0/24", 2, "2 8 7 10 99", "2020-01-01T00:00:00Z"),
                                  route("192.0.2.0/24", 3, "3 10 20 99", "2020-01-01T00:00:00Z")},
                                 {.hops = 8});
  std::map<std::string, std::size_t> layers;
  for (const GraphNode& node : graph.nodes) {
    layers[node.id] = node.layer;
  }
  for (const GraphLink& link : graph.links) {
    INFO(link.from << " to " << link.to);
    CHECK(layers.at(link.from) > layers.at(link.to));
  }
}

TEST_CASE("the smallest nodes stand as one where there are too many", "[web]") {
  std::vector<RouteInterval> routes;
  for (std::uint32_t group = 100; group < 150; ++group) {
    routes.push_back(
        route("192.0.2.0/24", group, std::to_string(group) + " 10 99", "2020-01-01T00:00:00Z"));
  }
  const AsGraph graph = as_graph(routes, {.hops = 4, .nodes = 10});
  CHECK(graph.nodes.size() <= 10);
  CHECK(links_of(graph).at({"10", "99"}) == Approx(1));
  double inwards = 0;
  for (const auto& [ends, share] : links_of(graph)) {
    inwards += ends.second == "10" ? share : 0;
  }
  CHECK(inwards == Approx(1));
}

TEST_CASE("a cursor reads back, and one of another list does not", "[web]") {
  const Event event = sample_told("01BVBK24JR0123456789ABCDEF", EventType::UpstreamNew, "kp");
  const HistoryPlace place = place_of(event);
  const std::string cursor = to_cursor(place);
  CHECK(cursor.find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  CHECK(parse_cursor(cursor, HistoryPlace::Kind::Event) == place);
  CHECK_FALSE(parse_cursor(cursor, HistoryPlace::Kind::Interval));
  CHECK_FALSE(parse_cursor(cursor, HistoryPlace::Kind::Observation));
  CHECK_FALSE(parse_cursor(cursor.substr(0, cursor.size() / 2), HistoryPlace::Kind::Event));
  CHECK_FALSE(parse_cursor("", HistoryPlace::Kind::Event));
  CHECK_FALSE(parse_cursor("=", HistoryPlace::Kind::Event));
  const HistoryPlace interval =
      place_of(route("2001:db8::/32", 1, "1 10 99", "2020-01-01T00:00:00Z"));
  CHECK(parse_cursor(to_cursor(interval), HistoryPlace::Kind::Interval) == interval);
}

TEST_CASE("a web configuration is read as exporter-toolkit's", "[web]") {
  const auto config = parse_web_config(
      "tls_server_config:\n"
      "  cert_file: server.pem\n"
      "  key_file: /keys/server.key\n"
      "  client_auth_type: RequireAndVerifyClientCert\n"
      "  client_ca_file: ca.pem\n"
      "  client_allowed_sans: [operator, isthmus://probe/x]\n"
      "  min_version: TLS13\n"
      "http_server_config:\n  http2: false\n"
      "  headers:\n    Strict-Transport-Security: max-age=60\n"
      "basic_auth_users:\n"
      "  alice: $2b$06$1UYQTIoqDhcTqbSyw6hRt.7A3PmVJPE7JFUdI2L2g1Mgf5oiccS02\n"
      "write_users: [alice]\n",
      "web.yml", "/etc/isthmus");
  REQUIRE(config);
  CHECK(config->certificate_file == "/etc/isthmus/server.pem");
  CHECK(config->key_file == "/keys/server.key");
  CHECK(config->client_certificates == ClientCertificates::Required);
  CHECK(config->client_allowed_sans.size() == 2);
  CHECK(config->minimum == TlsVersion::Tls13);
  CHECK(config->users.size() == 1);
  CHECK(config->writers.count("alice") == 1);
  CHECK_FALSE(config->open_to_read());
  const auto empty = parse_web_config("", "web.yml", "");
  REQUIRE(empty);
  CHECK(empty->open_to_read());
}

TEST_CASE("a mistake in a web configuration names its line and key", "[web]") {
  check_config_error("basic_auth_user:\n  a: b\n",
                     "web.yml:2: basic_auth_user: there is no such key");
  check_config_error("basic_auth_users:\n  alice: secret\n",
                     "web.yml:2: alice: must be a bcrypt hash; `htpasswd -nBC 10 \"\" | tr -d "
                     "':\\n'` makes one");
  check_config_error("anonymous_read: maybe\n", "web.yml:1: anonymous_read: must be true or false");
  check_config_error("tls_server_config:\n  cert_file: a\n",
                     "web.yml: tls_server_config: cert_file and key_file are needed together");
  check_config_error("tls_server_config:\n  min_version: TLS10\n",
                     "web.yml:2: min_version: must be TLS12 or TLS13; what is older is broken");
  check_config_error("- a\n- b\n", "web.yml:1: the file: must be a mapping, `key: value`");
  check_config_error("anonymous_read: true\nanonymous_read: false\n",
                     "web.yml:2: anonymous_read: stands here twice");
}

TEST_CASE("whatever is written as a web configuration, reading it ends", "[web]") {
  for (const char* text : {"[", "{", "a: &x [*x]", "? [a]\n: b", "!!binary x", "\xff\xfe", "%YAML",
                           "tls_server_config: [1]", "basic_auth_users: {a: {b: c}}",
                           "bearer_tokens: 7", "write_users: {a: b}", "---\n---\n"}) {
    const auto config = parse_web_config(text, "web.yml", "");
    INFO(text);
    CHECK((config || !config.error().message.empty()));
  }
}
