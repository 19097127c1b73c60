#include "core/runtime/http.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/json_string.hpp"

namespace isthmus {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

std::optional<HostAndPort> split_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') {
      return std::nullopt;
    }
    return HostAndPort{text.substr(1, end - 1),
                       rest.empty() ? std::nullopt : std::optional{rest.substr(1)}};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return HostAndPort{text, std::nullopt};
  }
  return HostAndPort{text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::string_view HttpFields::find(std::string_view name) const {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [&](const auto& field) { return same_name(field.first, name); });
  return found == all_.end() ? std::string_view{} : std::string_view{found->second};
}

bool HttpFields::has(std::string_view name) const {
  return std::any_of(all_.begin(), all_.end(),
                     [&](const auto& field) { return same_name(field.first, name); });
}

void HttpFields::add(std::string name, std::string value) {
  all_.emplace_back(std::move(name), std::move(value));
}

void HttpFields::set(std::string name, std::string value) {
  std::erase_if(all_, [&](const auto& field) { return same_name(field.first, name); });
  add(std::move(name), std::move(value));
}

std::string HttpRequest::path() const {
  const std::string_view all{target};
  return percent_decode(all.substr(0, all.find('?')), false).value_or("");
}

std::vector<std::pair<std::string, std::string>> HttpRequest::query() const {
  std::vector<std::pair<std::string, std::string>> fields;
  const std::size_t mark = target.find('?');
  if (mark == std::string::npos) {
    return fields;
  }
  std::string_view rest = std::string_view{target}.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view field = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
    const std::size_t equals = field.find('=');
    auto key = percent_decode(field.substr(0, equals), true);
    auto value = percent_decode(
        equals == std::string_view::npos ? std::string_view{} : field.substr(equals + 1), true);
    if (key && value && !field.empty()) {
      fields.emplace_back(std::move(*key), std::move(*value));
    }
  }
  return fields;
}

std::optional<std::string> HttpRequest::query_value(std::string_view name) const {
  for (auto& [key, value] : query()) {
    if (key == name) {
      return std::move(value);
    }
  }
  return std::nullopt;
}

HttpResponse text_response(unsigned status, std::string text) {
  HttpResponse response{.status = status, .body = std::move(text)};
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  return response;
}

HttpResponse json_response(unsigned status, std::string json) {
  HttpResponse response{.status = status, .body = std::move(json)};
  response.headers.add("Content-Type", "application/json");
  return response;
}

HttpResponse error_response(unsigned status, std::string_view type, std::string_view message) {
  std::string json = R"({"status":"error","errorType":)";
  append_json_string(json, type);
  json += R"(,"error":)";
  append_json_string(json, message);
  return json_response(status, json + "}\n");
}

std::string_view http_reason(unsigned status) {
  static const std::map<unsigned, std::string_view> kReasons{
      {100, "Continue"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {426, "Upgrade Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"}};
  const auto found = kReasons.find(status);
  return found == kReasons.end() ? "Unknown" : found->second;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) {
      return std::nullopt;
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 0xfU];
  }
  return encoded;
}

Result<Url> Url::parse(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) {
    return fail("'" + std::string{text} + "' is no URL: write for example https://host:9743");
  }
  Url url;
  std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                 std::back_inserter(url.scheme), lower);
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t slash = rest.find_first_of("/?#");
  const auto authority = split_authority(rest.substr(0, slash));
  if (!authority || authority->host.empty() ||
      authority->host.find_first_of("@\\ \t\r\n") != std::string_view::npos) {
    return fail("'" + std::string{text} + "' does not name a host");
  }
  url.host = authority->host;
  url.port = url.scheme == "https" || url.scheme == "wss" ? 443 : 80;
  if (authority->port) {
    const auto port = parse_port(*authority->port);
    if (!port || *port == 0) {
      return fail("'" + std::string{text} + "' has no port between 1 and 65535");
    }
    url.port = *port;
  }
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  const std::string_view target = path.substr(0, path.find('#'));
  if (std::any_of(target.begin(), target.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return fail("'" + std::string{text} + "' has a space or a control character in its path");
  }
  url.target = target.starts_with('/') ? std::string{target} : "/" + std::string{target};
  return url;
}

std::string Url::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const auto parts = split_authority(text);
  const auto port = parts && parts->port ? parse_port(*parts->port) : std::nullopt;
  if (!port) {
    return fail("'" + std::string{text} + "' is no listen address: write for example :9740 or " +
                "127.0.0.1:9740");
  }
  ListenAddress listen{.port = *port};
  if (!parts->host.empty()) {
    listen.address = IpAddress::parse(parts->host);
    if (!listen.address) {
      return fail("'" + std::string{parts->host} + "' is no IP address to listen on");
    }
  }
  return listen;
}

}  // namespace isthmus
