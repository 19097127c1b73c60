#include "collector/publish/api_query.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

namespace isthmus::collector {
namespace {

/// What was sent, fit to be shown in an answer.
std::string shown(std::string_view text) {
  constexpr std::size_t kShown = 80;
  return std::string{text.substr(0, kShown)} + (text.size() > kShown ? "..." : "");
}

std::optional<std::uint64_t> parse_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end.ec == std::errc{} && end.ptr == text.data() + text.size();
  return whole && !text.empty() ? std::optional{value} : std::nullopt;
}

}  // namespace

ApiQuery::ApiQuery(const HttpRequest& request) : fields_{request.query()} {
  if (const std::size_t at = request.target.find('?');
      at != std::string::npos &&
      !percent_decode(std::string_view{request.target}.substr(at + 1), true)) {
    complain("query", "is not percent-encoded as it should be");
  }
  constexpr std::size_t kMostFields = 64;
  if (fields_.size() > kMostFields) {
    complain(fields_[kMostFields].first, "there are more than 64 parameters");
  }
  for (std::size_t i = 1; i < std::min(fields_.size(), kMostFields); ++i) {
    const bool twice =
        std::any_of(fields_.begin(), fields_.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const auto& other) { return other.first == fields_[i].first; });
    if (twice) {
      complain(fields_[i].first, "stands twice");
    }
  }
}

void ApiQuery::complain(std::string_view field, std::string detail) {
  if (!problem_) {
    problem_ = Problem{400, fmt::format("{}: {}", shown(field), detail), shown(field)};
  }
}

std::optional<std::string> ApiQuery::text(std::string_view name) {
  asked_.emplace(name);
  for (const auto& [key, value] : fields_) {
    if (key == name) {
      if (value.empty() || value.size() > 2048 || value.find('\0') != std::string::npos) {
        complain(name, "is empty or too long");
        return std::nullopt;
      }
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::string> ApiQuery::needed_text(std::string_view name) {
  auto value = text(name);
  if (!value) {
    complain(name, "is missing");
  }
  return value;
}

template <typename T, typename Read>
std::optional<T> ApiQuery::parsed(std::string_view name, std::string_view expected,
                                  const Read& read) {
  const std::optional<std::string> written = text(name);
  if (!written) {
    return std::nullopt;
  }
  std::optional<T> value = read(*written);
  if (!value) {
    complain(name, fmt::format("\"{}\" is not {}", shown(*written), expected));
  }
  return value;
}

std::optional<std::string> ApiQuery::word(std::string_view name,
                                          std::initializer_list<std::string_view> allowed) {
  std::string list;
  for (const std::string_view each : allowed) {
    (list += list.empty() ? "" : ", ") += each;
  }
  return parsed<std::string>(name, "one of " + list, [&](const std::string& written) {
    return std::find(allowed.begin(), allowed.end(), written) == allowed.end()
               ? std::nullopt
               : std::optional{written};
  });
}

std::optional<std::uint64_t> ApiQuery::number(std::string_view name, std::uint64_t min,
                                              std::uint64_t max) {
  return parsed<std::uint64_t>(
      name, fmt::format("a whole number from {} to {}", min, max), [&](const std::string& written) {
        const auto value = parse_number(written);
        return value && *value >= min && *value <= max ? value : std::nullopt;
      });
}

std::optional<TimePoint> ApiQuery::time(std::string_view name) {
  return parsed<TimePoint>(name, "a time; write 2017-10-01T09:07:51Z, or seconds since 1970",
                           [](const std::string& written) { return parse_utc(written); });
}

std::optional<Prefix> ApiQuery::prefix(std::string_view name) {
  return parsed<Prefix>(name,
                        "a prefix; write 175.45.176.0/24, with all bits behind the length zero",
                        [](const std::string& written) { return Prefix::parse(written); });
}

std::optional<Asn> ApiQuery::asn(std::string_view name) {
  return parsed<Asn>(name, "an AS number; write AS4837 or 4837",
                     [](const std::string& written) { return Asn::parse(written); });
}

std::optional<Family> ApiQuery::family(std::string_view name) {
  const auto value = word(name, {"ipv4", "ipv6"});
  return value ? std::optional{*value == "ipv4" ? Family::Ipv4 : Family::Ipv6} : std::nullopt;
}

std::optional<Plane> ApiQuery::plane(std::string_view name) {
  const auto value = word(name, {"data", "control"});
  return value ? std::optional{*value == "data" ? Plane::Data : Plane::Control} : std::nullopt;
}

std::optional<Severity> ApiQuery::severity(std::string_view name) {
  const auto value = word(name, {"info", "notice", "warning", "critical"});
  return value ? parse_severity(*value) : std::nullopt;
}

std::vector<EventType> ApiQuery::event_types(std::string_view name) {
  std::vector<EventType> types;
  const std::string written = text(name).value_or("");
  for (std::size_t at = 0; at < written.size();) {
    const std::size_t end = std::min(written.find(',', at), written.size());
    const std::string each = written.substr(at, end - at);
    if (const auto type = parse_event_type(each)) {
      types.push_back(*type);
    } else {
      complain(name, fmt::format("\"{}\" is no event type; one is upstream_new", shown(each)));
    }
    at = end + 1;
  }
  return types;
}

std::optional<HistoryPlace> ApiQuery::cursor(HistoryPlace::Kind kind) {
  return parsed<HistoryPlace>(
      "cursor", "the next_cursor of a page of this list",
      [&](const std::string& written) { return parse_cursor(written, kind); });
}

HistoryFilter ApiQuery::filter() {
  HistoryFilter filter;
  filter.target = text("target");
  filter.prefix = prefix("prefix");
  filter.upstream = asn("upstream");
  filter.from = time("from");
  filter.until = time("until");
  if (filter.from && filter.until && *filter.until <= *filter.from) {
    complain("until", "is not after from");
  }
  return filter;
}

std::optional<Problem> ApiQuery::problem() {
  for (const auto& [name, value] : fields_) {
    if (!asked_.contains(name)) {
      std::string known;
      for (const std::string& each : asked_) {
        (known += known.empty() ? "" : ", ") += each;
      }
      complain(name, known.empty() ? "there are no parameters here"
                                   : "there is no such parameter; there are " + known);
    }
  }
  return problem_;
}

}  // namespace isthmus::collector
