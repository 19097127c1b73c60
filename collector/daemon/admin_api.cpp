#include "collector/daemon/admin_api.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "collector/feed/private_file.hpp"
#include "core/base/bytes.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

namespace json = boost::json;

constexpr Duration kTokenLifetime = std::chrono::hours{24};
constexpr Duration kLongestToken = std::chrono::hours{24 * 30};
constexpr Duration kTraceTime = std::chrono::seconds{90};

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

json::value time_or_null(const std::optional<TimePoint>& time) {
  return time ? json::value(format_utc(*time)) : json::value(nullptr);
}

json::object probe_json(const ProbeStatus& status, const ProbeRecord* record, TimePoint now) {
  json::object object;
  object["name"] = status.name;
  object["up"] = status.up;
  object["asn"] = status.group == Asn{} ? json::value(nullptr) : json::value(status.group.value);
  object["declared_asn"] =
      record != nullptr && record->asn ? json::value(record->asn->value) : json::value(nullptr);
  object["address"] =
      text_or_null(status.address ? std::optional{status.address->to_string()} : std::nullopt);
  object["declared_address"] =
      text_or_null(status.declared ? std::optional{status.declared->to_string()} : std::nullopt);
  object["last_result"] = time_or_null(status.last_result);
  object["clock_offset_seconds"] =
      status.clock_offset ? json::value(to_seconds(*status.clock_offset)) : json::value(nullptr);
  object["software"] = status.software;
  object["certificate_expiry"] = time_or_null(status.certificate_expiry);
  const bool waits = record != nullptr && !record->token_hash.empty();
  object["state"] = record != nullptr && record->revoked                 ? "revoked"
                    : waits && record->token_expiry.value_or(now) >= now ? "token_open"
                    : status.up                                          ? "up"
                    : status.certificate_expiry                          ? "silent"
                                                                         : "never_joined";
  json::object results;
  for (const auto& [outcome, count] : status.results) {
    results[outcome] = count;
  }
  object["results"] = std::move(results);
  return object;
}

/// A traceroute as people and scripts read it.
std::string trace_json(const Traceroute& trace) {
  json::object object;
  object["destination"] = trace.destination.to_string();
  object["source"] = trace.vantage.source;
  object["method"] = to_string(trace.method);
  object["start"] = format_utc(trace.start);
  object["end"] = format_utc(trace.end);
  object["stop"] = to_string(trace.stop);
  json::array hops;
  for (const Hop& hop : trace.hops) {
    json::array replies;
    for (const Reply& reply : hop.replies) {
      json::object answer;
      answer["address"] = reply.address.to_string();
      answer["rtt_ms"] = to_seconds(reply.rtt) * 1000;
      answer["kind"] = to_string(reply.kind);
      replies.emplace_back(std::move(answer));
    }
    json::object line;
    line["ttl"] = hop.ttl;
    line["sent"] = hop.sent;
    line["replies"] = std::move(replies);
    hops.emplace_back(std::move(line));
  }
  object["hops"] = std::move(hops);
  return json::serialize(object);
}

std::optional<json::object> body_of(const HttpRequest& request) {
  boost::system::error_code error;
  json::value value = json::parse(request.body, error);
  return !error && value.is_object() ? std::optional{std::move(value.get_object())} : std::nullopt;
}

std::string text_in(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{std::string_view{value->get_string()}}
                                                : std::string{};
}

}  // namespace

AdminApi::AdminApi(const net::any_io_executor& executor, ProbeGateway& gateway, std::string folder,
                   const ListenAddress& listen, std::function<TimePoint()> now)
    : gateway_{gateway},
      folder_{std::move(folder)},
      now_{std::move(now)},
      server_{executor, HttpServerOptions{.name = "admin", .listen = {listen}},
              [this](HttpRequest request) { return handle(std::move(request)); }} {}

Result<void> AdminApi::start() {
  std::array<unsigned char, 24> random{};
  if (RAND_bytes(random.data(), random.size()) != 1) {
    return fail("there is no randomness for the admin token");
  }
  token_ = to_hex(std::as_bytes(std::span{random}));
  if (auto written = write_private_file(folder_ + "/admin.token", token_ + "\n"); !written) {
    return written;
  }
  return server_.listen();
}

Task<HttpResponse> AdminApi::handle(HttpRequest request) {
  const std::string_view given = request.headers.find("Authorization");
  const std::string wanted = "Bearer " + token_;
  if (given.size() != wanted.size() ||
      CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) != 0) {
    co_return error_response(401, "unauthorized",
                             "the token lies in admin.token in the gateway's "
                             "folder");
  }
  const std::string path = request.path();
  if (path == "/admin/v1/probes" && request.method == "GET") {
    co_return list();
  }
  if (path == "/admin/v1/probes" && request.method == "POST") {
    co_return add(request);
  }
  if (path == "/admin/v1/revoke" && request.method == "POST") {
    co_return revoke(request);
  }
  if (path == "/admin/v1/trace" && request.method == "POST") {
    co_return trace(request);
  }
  co_return error_response(404, "not_found", "nothing is served at this path");
}

HttpResponse AdminApi::list() const {
  json::array all;
  for (const ProbeStatus& status : gateway_.status()) {
    all.emplace_back(probe_json(status, gateway_.registry().find(status.name), now_()));
  }
  json::object root;
  root["probes"] = std::move(all);
  json::object refusals;
  for (const auto& [reason, count] : gateway_.refusals()) {
    refusals[reason] = count;
  }
  for (const auto& [reason, count] : gateway_.server_counters().handshakes_failed) {
    refusals["handshake_" + reason] = count;
  }
  root["refused"] = std::move(refusals);
  return json_response(200, json::serialize(root) + "\n");
}

HttpResponse AdminApi::add(const HttpRequest& request) {
  const auto body = body_of(request);
  if (!body) {
    return error_response(400, "bad_data", "the body is no JSON object");
  }
  ProbeRecord probe;
  probe.name = text_in(*body, "name");
  if (const std::string text = text_in(*body, "asn"); !text.empty()) {
    probe.asn = Asn::parse(text);
    if (!probe.asn) {
      return error_response(400, "bad_data", text + " is no AS number");
    }
  }
  if (const std::string text = text_in(*body, "address"); !text.empty()) {
    probe.address = IpAddress::parse(text);
    if (!probe.address) {
      return error_response(400, "bad_data", text + " is no address");
    }
  }
  Duration lifetime = kTokenLifetime;
  if (const std::string text = text_in(*body, "expires"); !text.empty()) {
    const auto asked = parse_duration(text);
    if (!asked || *asked <= Duration{0} || *asked > kLongestToken) {
      return error_response(400, "bad_data", "a token lives for at most 30d");
    }
    lifetime = *asked;
  }
  const auto token = gateway_.add_probe(probe, lifetime);
  if (!token) {
    return error_response(400, "bad_data", token.error().message);
  }
  log_info("join token made", {{"probe", probe.name}, {"expires_in", format_duration(lifetime)}});
  json::object answer;
  answer["name"] = probe.name;
  answer["token"] = token->to_string();
  answer["expires"] = format_utc(now_() + lifetime);
  return json_response(200, json::serialize(answer) + "\n");
}

HttpResponse AdminApi::revoke(const HttpRequest& request) {
  const auto body = body_of(request);
  const std::string name = body ? text_in(*body, "name") : std::string{};
  const auto revoked = gateway_.revoke_probe(name);
  if (!revoked) {
    return error_response(500, "internal", revoked.error().message);
  }
  return *revoked ? json_response(200, "{}\n")
                  : error_response(404, "not_found", "there is no probe '" + name + "'");
}

HttpResponse AdminApi::trace(const HttpRequest& request) {
  const auto body = body_of(request);
  const auto destination =
      body ? IpAddress::parse(text_in(*body, "destination")) : std::optional<IpAddress>{};
  if (!destination) {
    return error_response(400, "bad_data", "the destination is no address");
  }
  PlanTrace wanted{.destination = *destination, .until = now_() + kTraceTime};
  const std::string method = text_in(*body, "method");
  for (const ProbeMethod each :
       {ProbeMethod::Udp, ProbeMethod::Icmp, ProbeMethod::TcpSyn, ProbeMethod::TcpAck}) {
    if (method == to_string(each)) {
      wanted.method = each;
    }
  }
  const std::string name = text_in(*body, "probe");
  HttpResponse response;
  response.stream = gateway_.trace(name, wanted, trace_json);
  if (!response.stream) {
    return error_response(404, "not_found", "no probe '" + name + "' has called since the start");
  }
  response.headers.add("Content-Type", "application/x-ndjson");
  return response;
}

}  // namespace isthmus::collector
