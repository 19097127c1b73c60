#include "core/base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

namespace isthmus {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void append_number(std::string& text, std::int64_t value, std::size_t width) {
  std::array<char, 24> digits{};
  const char* end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  const auto length = static_cast<std::size_t>(end - digits.data());
  text.append(width > length ? width - length : 0, '0');
  text.append(digits.data(), length);
}

/// Takes exactly `width` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) {
    return std::nullopt;
  }
  int value = 0;
  for (const char each : text.substr(0, width)) {
    if (each < '0' || each > '9') {
      return std::nullopt;
    }
    value = value * 10 + (each - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take_one_of(std::string_view& text, std::string_view allowed) {
  if (text.empty() || allowed.find(text.front()) == std::string_view::npos) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

std::optional<TimePoint> parse_epoch(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > kLimit) {
    return std::nullopt;
  }
  return TimePoint{seconds{value}};
}

/// Up to six digits after the point, as microseconds.
std::optional<Duration> take_fraction(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  if (count == 0 || count > 6) {
    return std::nullopt;
  }
  std::int64_t value = *take_digits(text, count);
  for (std::size_t i = count; i < 6; ++i) {
    value *= 10;
  }
  return Duration{value};
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  const bool first = take_one_of(text, "-");
  const auto month = take_digits(text, 2);
  const bool second = take_one_of(text, "-");
  const auto day = take_digits(text, 2);
  if (!year || !first || !month || !second || !day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  return date.ok() ? std::optional{std::chrono::sys_days{date}} : std::nullopt;
}

std::optional<Duration> take_clock(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  const bool first = take_one_of(text, ":");
  const auto minute = take_digits(text, 2);
  const bool second = take_one_of(text, ":");
  const auto sec = take_digits(text, 2);
  if (!hour || !first || !minute || !second || !sec || *hour > 23 || *minute > 59 || *sec > 59) {
    return std::nullopt;
  }
  return hours{*hour} + minutes{*minute} + seconds{*sec};
}

std::optional<Duration> unit_named(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Duration>, 6> kUnits{{{"us", microseconds{1}},
                                                                         {"ms", milliseconds{1}},
                                                                         {"s", seconds{1}},
                                                                         {"m", minutes{1}},
                                                                         {"h", hours{1}},
                                                                         {"d", days{1}}}};
  for (const auto& [unit, length] : kUnits) {
    if (unit == name) {
      return length;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string format_utc(TimePoint time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::string text;
  append_number(text, static_cast<int>(date.year()), 4);
  text += '-';
  append_number(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_number(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  append_number(text, clock.hours().count(), 2);
  text += ':';
  append_number(text, clock.minutes().count(), 2);
  text += ':';
  append_number(text, clock.seconds().count(), 2);
  if (clock.subseconds().count() != 0) {
    text += '.';
    append_number(text, clock.subseconds().count(), 6);
  }
  text += 'Z';
  return text;
}

std::optional<TimePoint> parse_utc(std::string_view text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    return parse_epoch(text);
  }
  const auto date = take_date(text);
  const bool separated = take_one_of(text, "Tt ");
  const auto clock = take_clock(text);
  if (!date || !separated || !clock) {
    return std::nullopt;
  }
  TimePoint time = *date + *clock;
  if (take_one_of(text, ".")) {
    const auto fraction = take_fraction(text);
    if (!fraction) {
      return std::nullopt;
    }
    time += *fraction;
  }
  return take_one_of(text, "Zz") && text.empty() ? std::optional{time} : std::nullopt;
}

std::string format_duration(Duration duration) {
  std::string text;
  auto left = static_cast<std::uint64_t>(duration.count());
  if (duration.count() < 0) {
    text += '-';
    left = ~left + 1;
  }
  const std::uint64_t whole = left / 1'000'000;
  const std::uint64_t fraction = left % 1'000'000;
  const std::size_t sign = text.size();
  constexpr std::array<std::pair<std::uint64_t, char>, 3> kUnits{
      {{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}}};
  std::uint64_t rest = whole;
  for (const auto& [length, name] : kUnits) {
    if (rest >= length) {
      append_number(text, static_cast<std::int64_t>(rest / length), text.size() > sign ? 2 : 1);
      text += name;
      rest %= length;
    }
  }
  if (rest != 0 || fraction != 0 || text.size() == sign) {
    append_number(text, static_cast<std::int64_t>(rest), text.size() > sign ? 2 : 1);
    if (fraction != 0) {
      text += '.';
      append_number(text, static_cast<std::int64_t>(fraction), 6);
      text.erase(text.find_last_not_of('0') + 1);
    }
    text += 's';
  }
  return text;
}

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr std::int64_t kLongest = std::int64_t{100} * 365 * 86'400 * 1'000'000;
  if (text.empty()) {
    return std::nullopt;
  }
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || value < 0) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t name = std::min(text.find_first_of("0123456789"), text.size());
    const auto unit = unit_named(text.substr(0, name));
    if (!unit || value > (kLongest - total) / unit->count()) {
      return std::nullopt;
    }
    total += value * unit->count();
    text.remove_prefix(name);
  }
  return Duration{total};
}

}  // namespace isthmus
