#include "core/runtime/http_router.hpp"

#include <map>
#include <optional>
#include <utility>

namespace isthmus {
namespace {

using Parameters = std::map<std::string, std::string, std::less<>>;

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    segments.emplace_back(segment);
    path.remove_prefix(segment.size());
  }
  return segments;
}

std::optional<Parameters> match(const std::vector<std::string>& pattern,
                                const std::vector<std::string>& path) {
  Parameters parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view part = pattern[i];
    if (part.starts_with('{') && part.ends_with("...}")) {
      std::string rest;
      for (std::size_t j = i; j < path.size(); ++j) {
        rest += (j > i ? "/" : "") + path[j];
      }
      parameters.emplace(part.substr(1, part.size() - 5), std::move(rest));
      return parameters;
    }
    if (i >= path.size()) {
      return std::nullopt;
    }
    if (part.starts_with('{') && !path[i].empty()) {
      parameters.emplace(part.substr(1, part.size() - 2), path[i]);
    } else if (part != path[i]) {
      return std::nullopt;
    }
  }
  return pattern.size() == path.size() ? std::optional{parameters} : std::nullopt;
}

}  // namespace

void HttpRouter::add(std::string method, std::string_view pattern, HttpHandler handler) {
  routes_.push_back({std::move(method), split_path(pattern), std::move(handler)});
}

Task<HttpResponse> HttpRouter::handle(HttpRequest request) const {
  // Segments are split before they are decoded: an escaped slash belongs to its segment.
  const std::string_view raw = std::string_view{request.target}.substr(0, request.target.find('?'));
  if (!raw.starts_with('/')) {
    co_return error_response(400, "bad_data", "the request's target is no path");
  }
  std::vector<std::string> segments = split_path(raw);
  for (std::string& segment : segments) {
    auto decoded = percent_decode(segment, false);
    if (!decoded) {
      co_return error_response(400, "bad_data", "the path is not percent-encoded as it should be");
    }
    segment = std::move(*decoded);
  }
  std::string allowed;
  for (const Route& route : routes_) {
    auto parameters = match(route.segments, segments);
    if (!parameters) {
      continue;
    }
    if (route.method == request.method || (route.method == "GET" && request.method == "HEAD")) {
      request.parameters = std::move(*parameters);
      co_return co_await route.handler(std::move(request));
    }
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  if (allowed.empty()) {
    co_return error_response(404, "not_found", "nothing is served at this path");
  }
  HttpResponse response = error_response(405, "bad_method", "this path answers to " + allowed);
  response.headers.add("Allow", allowed);
  co_return response;
}

}  // namespace isthmus
