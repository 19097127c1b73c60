#include "collector/record/history_place.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <system_error>

#include "core/base/bytes.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kLongestCursor = 1024;
constexpr char kSeparator = '\x1f';
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What stands at each position: a whole number, a text or octets.
std::string_view shape_of(HistoryPlace::Kind kind) {
  switch (kind) {
    case HistoryPlace::Kind::Event:
      return "isiis";
    case HistoryPlace::Kind::Interval:
      return "sibissibii";
    default:
      return "iisibi";
  }
}

std::string encode(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char each : text) {
    bits = bits << 8 | static_cast<unsigned char>(each);
    for (count += 8; count >= 6; count -= 6) {
      out += kDigits[bits >> (count - 6) & 0x3F];
    }
  }
  if (count > 0) {
    out += kDigits[bits << (6 - count) & 0x3F];
  }
  return out;
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char each : text) {
    const std::size_t digit = kDigits.find(each);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return out;
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = end.ec == std::errc{} && end.ptr == text.data() + text.size();
  return whole ? std::optional{value} : std::nullopt;
}

std::optional<std::array<std::byte, 16>> parse_octets(std::string_view text) {
  std::array<std::byte, 16> octets{};
  if (text.size() != 32) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < octets.size(); ++i) {
    unsigned value = 0;
    const char* const first = text.data() + 2 * i;
    const auto end = std::from_chars(first, first + 2, value, 16);
    if (end.ec != std::errc{} || end.ptr != first + 2) {
      return std::nullopt;
    }
    octets.at(i) = static_cast<std::byte>(value);
  }
  return octets;
}

std::optional<HistoryPlace::Value> parse_value(char shape, std::string_view text) {
  if (shape == 's') {
    return HistoryPlace::Value{std::string{text}};
  }
  if (shape == 'i') {
    const auto value = parse_whole(text);
    return value ? std::optional{HistoryPlace::Value{*value}} : std::nullopt;
  }
  const auto value = parse_octets(text);
  return value ? std::optional{HistoryPlace::Value{*value}} : std::nullopt;
}

std::int64_t micros(TimePoint time) {
  return time.time_since_epoch().count();
}

void add_prefix(std::vector<HistoryPlace::Value>& values, const Prefix& prefix) {
  values.emplace_back(static_cast<std::int64_t>(prefix.family()));
  values.emplace_back(prefix.address().octets());
  values.emplace_back(std::int64_t{prefix.length()});
}

}  // namespace

HistoryPlace place_of(const Event& event) {
  return {HistoryPlace::Kind::Event,
          {micros(event.time), event.target, static_cast<std::int64_t>(event.type),
           event.upstream ? std::int64_t{event.upstream->value} : -1, event.id}};
}

HistoryPlace place_of(const RouteInterval& interval) {
  HistoryPlace place{HistoryPlace::Kind::Interval, {interval.target}};
  add_prefix(place.values, interval.prefix);
  const VantagePoint& vantage = interval.vantage;
  place.values.emplace_back(std::string{to_string(vantage.plane)});
  place.values.emplace_back(vantage.source);
  place.values.emplace_back(static_cast<std::int64_t>(vantage.address.family()));
  place.values.emplace_back(vantage.address.octets());
  place.values.emplace_back(std::int64_t{vantage.asn.value});
  place.values.emplace_back(micros(interval.from));
  return place;
}

HistoryPlace place_of(const Observation& observation) {
  HistoryPlace place{HistoryPlace::Kind::Observation,
                     {micros(observation.time), static_cast<std::int64_t>(observation.evidence_id),
                      observation.target}};
  add_prefix(place.values, observation.prefix);
  return place;
}

std::string to_cursor(const HistoryPlace& place) {
  std::string text{static_cast<char>(place.kind)};
  for (const HistoryPlace::Value& value : place.values) {
    text += kSeparator;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      text += std::to_string(*number);
    } else if (const auto* words = std::get_if<std::string>(&value)) {
      text += *words;
    } else if (const auto* octets = std::get_if<std::array<std::byte, 16>>(&value)) {
      text += to_hex(*octets);
    }
  }
  return encode(text);
}

std::optional<HistoryPlace> parse_cursor(std::string_view text, HistoryPlace::Kind kind) {
  if (text.size() > kLongestCursor) {
    return std::nullopt;
  }
  const std::optional<std::string> decoded = decode(text);
  if (!decoded || decoded->empty() || decoded->front() != static_cast<char>(kind)) {
    return std::nullopt;
  }
  HistoryPlace place{kind, {}};
  std::string_view rest = std::string_view{*decoded}.substr(1);
  for (const char shape : shape_of(kind)) {
    if (rest.empty() || rest.front() != kSeparator) {
      return std::nullopt;
    }
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find(kSeparator), rest.size());
    const auto value = parse_value(shape, rest.substr(0, end));
    if (!value) {
      return std::nullopt;
    }
    place.values.push_back(*value);
    rest.remove_prefix(end);
  }
  return rest.empty() ? std::optional{std::move(place)} : std::nullopt;
}

}  // namespace isthmus::collector
