#include "collector/publish/web_site.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "collector/publish/api_routes.hpp"
#include "collector/publish/gzip.hpp"
#include "collector/publish/web_page.hpp"
#include "core/base/hash.hpp"
#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kWorthCompressing = 1400;  ///< bytes: what does not fit into one packet

/// Whether a field's list of ETags names this one (RFC 9110 section 13.1.2, weak comparison).
bool names_tag(std::string_view list, std::string_view tag) {
  if (list == "*") {
    return true;
  }
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view each = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (each.starts_with(' ')) {
      each.remove_prefix(1);
    }
    if (each.starts_with("W/")) {
      each.remove_prefix(2);
    }
    if (each == tag) {
      return true;
    }
  }
  return false;
}

bool can_be_compressed(const HttpResponse& response) {
  const std::string_view type = response.headers.find("Content-Type");
  return response.whole_body().size() > kWorthCompressing &&
         !response.headers.has("Content-Encoding") &&
         (type.starts_with("application/json") || type.starts_with("text/") ||
          type.starts_with("application/problem+json"));
}

void set_where_missing(HttpFields& headers, const char* name, const char* value) {
  if (!headers.has(name)) {
    headers.set(name, value);
  }
}

/// What tells browsers to be careful, whatever the answer is.
void add_safety(HttpFields& headers) {
  set_where_missing(headers, "Content-Security-Policy",
                    "default-src 'none'; frame-ancestors 'none'");
  set_where_missing(headers, "X-Content-Type-Options", "nosniff");
  set_where_missing(headers, "Referrer-Policy", "no-referrer");
  set_where_missing(headers, "Cross-Origin-Opener-Policy", "same-origin");
  set_where_missing(headers, "Cross-Origin-Resource-Policy", "same-origin");
  set_where_missing(headers, "Cache-Control", "no-cache");
}

/// What of a request decides how its answer is sent.
struct Wanted {
  explicit Wanted(const HttpRequest& request)
      : method{request.method},
        if_none_match{request.headers.find("If-None-Match")},
        accept_encoding{request.headers.find("Accept-Encoding")} {}

  std::string method;
  std::string if_none_match;
  std::string accept_encoding;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

/// Gives a whole answer its ETag, leaves its body out where the client has it, and compresses it.
void finish(const Wanted& wanted, HttpResponse& response) {
  add_safety(response.headers);
  if (response.stream) {
    return;
  }
  // No scrape is like another, so text is not asked for its digest.
  const bool plain = response.headers.find("Content-Type").starts_with("text/plain") ||
                     response.headers.find("Content-Type").starts_with("application/openmetrics");
  if (response.status == 200 && wanted.method != "POST" && !plain) {
    if (!response.headers.has("ETag")) {
      response.headers.set("ETag", fmt::format("\"{:016x}\"", hash_text(response.whole_body())));
    }
    if (names_tag(wanted.if_none_match, response.headers.find("ETag"))) {
      response.status = 304;
      response.body.clear();
      response.shared_body.reset();
      return;
    }
  }
  if (can_be_compressed(response)) {
    response.headers.set("Vary", "Accept-Encoding");
    if (read_wish({}, wanted.accept_encoding).gzip) {
      response.body = gzip(response.whole_body(), GzipLevel::Fast);
      response.shared_body.reset();
      response.headers.set("Content-Encoding", "gzip");
      if (response.headers.has("ETag")) {  // byte for byte it is not the same any more
        response.headers.set("ETag", "W/" + std::string{response.headers.find("ETag")});
      }
    }
  }
}

/// The router's own refusals, in the form of all our refusals.
HttpResponse as_problem(const HttpResponse& refusal, const HttpRequest& request) {
  const std::string_view allowed = refusal.headers.find("Allow");
  HttpResponse response = problem_response(
      {refusal.status,
       refusal.status == 405   ? fmt::format("this path answers to {}", allowed)
       : refusal.status == 404 ? "nothing is served at this path; GET /api/v1 tells what is"
                               : "the path is not percent-encoded as it should be",
       refusal.status == 405 ? request.method.substr(0, 16) : std::string{}});
  if (!allowed.empty()) {
    response.headers.set("Allow", std::string{allowed});
  }
  return response;
}

/// An answer that is there already, where a task is wanted.
Task<HttpResponse> answer(HttpResponse response) {
  co_return response;
}

bool is_page_path(const HttpRequest& request) {
  const std::string path = request.path();
  return (request.method == "GET" || request.method == "HEAD") && !path.starts_with("/api") &&
         !path.starts_with("/-/");
}

}  // namespace

HttpResponse api_response(std::string json) {
  HttpResponse response;
  response.headers.set("Content-Type", "application/json");
  response.body = std::move(json);
  response.body += '\n';
  return response;
}

WebSite::WebSite(WebSources sources) : sources_{std::move(sources)} {
  add_state_routes(*this, sources_);
  add_history_routes(*this, sources_);
  add_operation_routes(*this, sources_);
}

Task<HttpResponse> WebSite::serve(std::string name, Gate gate, HttpHandler handler,
                                  HttpRequest request) const {
  const Wanted wanted{request};
  HttpResponse response;
  std::optional<HttpResponse> refusal;
  if (gate != Gate::Open) {
    const AccessRight right = gate == Gate::Write ? AccessRight::Write : AccessRight::Read;
    refusal = co_await sources_.access.check(request, right);
  }
  if (refusal) {
    response = std::move(*refusal);
  } else {
    response = co_await handler(std::move(request));
  }
  finish(wanted, response);
  for (const auto& [header, value] : sources_.access.config().headers) {
    response.headers.set(header, value);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - wanted.begin;
  sources_.metrics.count_request(name, response.status, taken.count());
  co_return response;
}

void WebSite::add(const std::string& method, std::string_view pattern, std::string_view name,
                  Gate gate, HttpHandler handler) {
  router_.add(method, pattern,
              [this, gate, name = std::string{name},
               handler = std::move(handler)](HttpRequest request) -> Task<HttpResponse> {
                return serve(name, gate, handler, std::move(request));
              });
}

Task<HttpResponse> WebSite::handle(HttpRequest request) const {
  sources_.access.refresh();
  HttpResponse response = co_await router_.handle(request);
  if (response.headers.has("X-Content-Type-Options")) {
    co_return response;  // a handler's
  }
  HttpHandler rest;
  const bool page = response.status == 404 && is_page_path(request);
  if (page) {
    rest = [snapshot = sources_.snapshot.get()](HttpRequest asked) -> Task<HttpResponse> {
      return answer(page_response(asked, *snapshot));
    };
  } else {
    rest = [refusal = as_problem(response, request)](HttpRequest) -> Task<HttpResponse> {
      return answer(refusal);
    };
  }
  co_return co_await serve(page ? "page" : "none", page ? Gate::Read : Gate::Open, std::move(rest),
                           std::move(request));
}

HttpHandler WebSite::handler() const {
  return [this](HttpRequest request) { return handle(std::move(request)); };
}

}  // namespace isthmus::collector
