#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus {

using Duration = std::chrono::microseconds;
/// UTC, in microseconds since 1970: what MRT's extended timestamps and our probes can say.
using TimePoint = std::chrono::sys_time<Duration>;

/// "2017-10-01T09:07:51Z"; six digits of a second follow only where they are not zero.
std::string format_utc(TimePoint time);

/// Reads what `format_utc` writes (one to six digits of a second, 'Z' needed, 't' and ' ' accepted
/// for 'T'), or a whole number of seconds since 1970.
std::optional<TimePoint> parse_utc(std::string_view text);

/// "67m", "1h06m54s", "2d", "0.250s": the way people write a length of time.
std::string format_duration(Duration duration);

/// Reads "90s", "15m", "2h", "7d", "1h30m", "250ms"; a bare number has no unit and is refused.
std::optional<Duration> parse_duration(std::string_view text);

/// Seconds as a plain number, for metrics and exports.
inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace isthmus
