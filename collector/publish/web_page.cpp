#include "collector/publish/web_page.hpp"

#include <array>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "collector/publish/gzip.hpp"
#include "collector/publish/metrics_page.hpp"
#include "collector/publish/problem.hpp"
#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

std::string_view type_of(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kTypes{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".md", "text/markdown; charset=utf-8"},
      {".yaml", "application/yaml"},
  }};
  for (const auto& [ending, type] : kTypes) {
    if (path.ends_with(ending)) {
      return type;
    }
  }
  return "application/octet-stream";
}

/// A file as it is sent.
struct Asset {
  std::string_view path;
  std::shared_ptr<const std::string> plain;
  std::shared_ptr<const std::string> packed;  ///< null where it is not smaller
  std::string etag;
};

/// All files, compressed once: a program's constant, whoever asks first pays for it.
const std::map<std::string_view, Asset>& assets() {
  static const std::map<std::string_view, Asset> kAssets = [] {
    std::map<std::string_view, Asset> all;
    for (const EmbeddedFile& file : embedded_files()) {
      Asset asset{file.path, std::make_shared<const std::string>(file.content), nullptr,
                  fmt::format("\"{:016x}\"", hash_text(file.content))};
      std::string packed = gzip(file.content, GzipLevel::Small);
      if (packed.size() < file.content.size()) {
        asset.packed = std::make_shared<const std::string>(std::move(packed));
      }
      all.emplace(file.path, std::move(asset));
    }
    return all;
  }();
  return kAssets;
}

/// The file that a path stands for; null if there is none.
const Asset* find_asset(std::string_view path) {
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  const auto& all = assets();
  for (const std::string& name : {std::string{path}, std::string{path} + ".html",
                                  std::string{path} + (path.empty() ? "" : "/") + "index.html"}) {
    if (const auto found = all.find(name); found != all.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char each : text) {
    switch (each) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += each;
    }
  }
}

void append_targets(std::string& out, const Snapshot& snapshot) {
  out +=
      "<table><thead><tr><th>Target</th><th>Family</th><th>Upstream</th><th>State</th>"
      "<th>Share</th></tr></thead><tbody>";
  for (const TargetStatus& target : snapshot.targets) {
    for (const UpstreamStatus& upstream : target.upstreams) {
      std::string shares;
      for (const PlaneShare& plane : upstream.planes) {
        shares += fmt::format("{}{} {:.0f} %", shares.empty() ? "" : ", ", to_string(plane.plane),
                              plane.share * 100);
      }
      out += "<tr><td>";
      append_escaped(out, target.target);
      out += fmt::format("</td><td>{}</td><td>{} ", to_string(target.family),
                         upstream.asn.to_string());
      append_escaped(out, snapshot.describe(upstream.asn).name);
      out += fmt::format("</td><td>{}</td><td>{}</td></tr>", to_string(upstream.state), shares);
    }
  }
  out += "</tbody></table>";
}

void add_page_headers(HttpResponse& response) {
  response.headers.set("Content-Security-Policy", kPolicy);
}

HttpResponse asset_response(const HttpRequest& request, const Asset& asset) {
  HttpResponse response;
  add_page_headers(response);
  response.headers.set("Content-Type", std::string{type_of(asset.path)});
  response.headers.set("Cache-Control", asset.path.starts_with("assets/")
                                            ? "public, max-age=31536000, immutable"
                                            : "no-cache");
  response.shared_body = asset.plain;
  response.headers.set("ETag", asset.etag);
  if (asset.packed) {
    response.headers.set("Vary", "Accept-Encoding");
    if (read_wish({}, request.headers.find("Accept-Encoding")).gzip) {
      response.shared_body = asset.packed;
      response.headers.set("Content-Encoding", "gzip");
      response.headers.set("ETag", asset.etag.substr(0, asset.etag.size() - 1) + "-gzip\"");
    }
  }
  return response;
}

}  // namespace

std::string plain_page(const Snapshot& snapshot) {
  std::string out =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>Isthmus</title></head><body>"
      "<h1>Isthmus</h1>";
  out += fmt::format("<p>State {} of {} UTC, program ", snapshot.generation,
                     format_utc(std::chrono::floor<std::chrono::seconds>(snapshot.time)));
  append_escaped(out, snapshot.build.version);
  out +=
      ". This program was built without the web page (dashboards/web); all that it would show "
      "can be had from the API.</p><h2>Upstreams</h2>";
  append_targets(out, snapshot);
  out += "<h2>Elsewhere</h2><ul>";
  for (const std::string_view path :
       {"/api/v1", "/api/v1/targets", "/api/v1/events", "/api/v1/routes", "/api/v1/probes",
        "/api/v1/feeds", "/api/v1/alerts", "/api/v1/status", "/metrics", "/-/healthy",
        "/-/ready"}) {
    out += fmt::format("<li><a href=\"{0}\">{0}</a></li>", path);
  }
  return out + "</ul></body></html>\n";
}

HttpResponse page_response(const HttpRequest& request, const Snapshot& snapshot) {
  const std::string path = request.path();
  if (const Asset* const asset = find_asset(path)) {
    return asset_response(request, *asset);
  }
  // A path with an ending names a file; any other is a place within the page.
  const std::size_t last = path.rfind('/');
  const bool climbs = path.find("..") != std::string::npos || path.starts_with("//");
  if (path.empty() || climbs ||
      path.find('.', last == std::string::npos ? 0 : last) != std::string::npos) {
    return problem_response({404, "nothing is served at this path; GET /api/v1 tells what is", {}});
  }
  if (const Asset* const index = find_asset("index.html")) {
    return asset_response(request, *index);
  }
  if (path != "/") {
    return problem_response({404, "nothing is served at this path; GET /api/v1 tells what is", {}});
  }
  HttpResponse response;
  add_page_headers(response);
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.body = plain_page(snapshot);
  return response;
}

}  // namespace isthmus::collector
