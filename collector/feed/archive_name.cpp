#include "collector/feed/archive_name.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include <fmt/format.h>

namespace isthmus::collector {
namespace {

/// A server lists some ten thousand files a month at most.
constexpr std::size_t kMaxNames = 100'000;
constexpr std::size_t kLongestName = 255;

std::string_view last_part(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

/// A number of exactly so many digits.
std::optional<std::int64_t> digits(std::string_view text, std::size_t count) {
  std::int64_t value = 0;
  if (text.size() != count ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<TimePoint> read_time(std::string_view date, std::string_view clock) {
  if (!digits(date, 8) || !digits(clock, 4)) {
    return std::nullopt;
  }
  return parse_utc(fmt::format("{}-{}-{}T{}:{}:00Z", date.substr(0, 4), date.substr(4, 2),
                               date.substr(6), clock.substr(0, 2), clock.substr(2)));
}

std::optional<ArchiveKind> read_kind(std::string_view word) {
  if (word == "rib" || word == "ribs" || word == "bview") {
    return ArchiveKind::Table;
  }
  return word == "updates" ? std::optional{ArchiveKind::Updates} : std::nullopt;
}

std::string fill_in(const std::string& folder, std::chrono::year_month month) {
  const auto replace = [](std::string& text, std::string_view what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
      text.replace(at, what.size(), with);
    }
  };
  std::string filled = folder;
  replace(filled, "{year}", fmt::format("{:04}", static_cast<int>(month.year())));
  replace(filled, "{month}", fmt::format("{:02}", static_cast<unsigned>(month.month())));
  return filled;
}

std::chrono::year_month month_of(TimePoint time) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
  return day.year() / day.month();
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decode_percent(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() && text[i] == '%' ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

bool ends_in_href(std::string_view text) {
  constexpr std::string_view kName = "href";
  return text.size() >= kName.size() &&
         std::equal(kName.begin(), kName.end(), text.end() - kName.size(),
                    [](char name, char c) { return name == static_cast<char>(c | 0x20); });
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '.' || c == '-' || c == '_';
         });
}

}  // namespace

std::optional<ArchiveName> parse_archive_name(std::string_view path) {
  const std::vector<std::string_view> parts = split(last_part(path), '.');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const std::optional<ArchiveKind> kind = read_kind(parts[i]);
    if (!kind) {
      continue;
    }
    if (const auto seconds = digits(parts[i + 1], 10)) {
      return ArchiveName{*kind, TimePoint{std::chrono::seconds{*seconds}}};
    }
    if (i + 2 < parts.size()) {
      if (const auto time = read_time(parts[i + 1], parts[i + 2])) {
        return ArchiveName{*kind, *time};
      }
    }
  }
  return std::nullopt;
}

std::optional<ArchiveLayout> ArchiveLayout::named(std::string_view name) {
  if (name == "ris") {
    return ArchiveLayout{{"{year}.{month}/"}};
  }
  if (name == "routeviews") {
    return ArchiveLayout{{"bgpdata/{year}.{month}/RIBS/", "bgpdata/{year}.{month}/UPDATES/"}};
  }
  return name == "flat" ? std::optional{ArchiveLayout{{""}}} : std::nullopt;
}

std::vector<std::string> ArchiveLayout::between(TimePoint from, TimePoint to) const {
  std::vector<std::string> found;
  const std::chrono::year_month last = month_of(to);
  for (auto month = month_of(from); month <= last; month += std::chrono::months{1}) {
    for (const std::string& folder : folders) {
      const std::string filled = fill_in(folder, month);
      if (std::find(found.begin(), found.end(), filled) == found.end()) {
        found.push_back(filled);
      }
    }
  }
  return found;
}

std::vector<std::string> read_folder_page(std::string_view html) {
  std::vector<std::string> names;
  std::unordered_set<std::string> known;
  for (std::size_t at = 0; (at = html.find('=', at)) != std::string_view::npos;) {
    ++at;
    if (!ends_in_href(html.substr(0, at - 1)) || at >= html.size() ||
        (html[at] != '"' && html[at] != '\'')) {
      continue;
    }
    const std::size_t end = html.find(html[at], at + 1);
    if (end == std::string_view::npos) {
      break;
    }
    std::string_view link = html.substr(at + 1, end - at - 1);
    at = end;
    if (link.starts_with("./")) {
      link.remove_prefix(2);
    }
    std::string name = link.size() > 3 * kLongestName ? "" : decode_percent(link);
    if (is_plain_name(name) && known.insert(name).second) {
      names.push_back(std::move(name));
      if (names.size() == kMaxNames) {
        break;
      }
    }
  }
  return names;
}

}  // namespace isthmus::collector
