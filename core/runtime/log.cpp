#include "core/runtime/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <utility>

#include "core/base/json_string.hpp"
#include "core/base/time.hpp"

namespace isthmus {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warn", "error"};

struct Shape {
  std::atomic<LogLevel> level{LogLevel::Info};
  std::atomic<LogFormat> format{LogFormat::Logfmt};
};

/// The one log of a process; standard error is as global as this.
Shape& shape() {
  static Shape the_shape;
  return the_shape;
}

bool needs_quotes(std::string_view text) {
  const auto is_special = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == '\x7f';
  };
  return text.empty() || std::any_of(text.begin(), text.end(), is_special);
}

void append_field(std::string& line, LogFormat format, std::string_view key, std::string_view value,
                  bool bare) {
  if (format == LogFormat::Json) {
    line += line.size() > 1 ? ",\"" : "\"";
    line.append(key).append("\":");
    if (bare) {
      line += value;
    } else {
      append_json_string(line, value);
    }
    return;
  }
  if (!line.empty()) {
    line += ' ';
  }
  line.append(key) += '=';
  if (needs_quotes(value)) {
    append_json_string(line, value);
  } else {
    line += value;
  }
}

void write_line(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return;  // nobody reads the log; that must not stop the daemon
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  const auto* const found = std::find(kLevels.begin(), kLevels.end(), text);
  if (found == kLevels.end()) {
    return std::nullopt;
  }
  return static_cast<LogLevel>(found - kLevels.begin());
}

std::optional<LogFormat> parse_log_format(std::string_view text) {
  if (text == "logfmt") {
    return LogFormat::Logfmt;
  }
  return text == "json" ? std::optional{LogFormat::Json} : std::nullopt;
}

void configure_log(LogLevel level, LogFormat format) {
  shape().level = level;
  shape().format = format;
}

std::string format_log_line(LogFormat format, std::string_view time, LogLevel level,
                            std::string_view message, LogFields fields) {
  std::string line = format == LogFormat::Json ? "{" : "";
  append_field(line, format, "ts", time, false);
  append_field(line, format, "level", kLevels.at(static_cast<std::size_t>(level)), false);
  append_field(line, format, "msg", message, false);
  for (const LogField& field : fields) {
    append_field(line, format, field.key, field.value, field.bare);
  }
  if (format == LogFormat::Json) {
    line += '}';
  }
  return line;
}

void log(LogLevel level, std::string_view message, LogFields fields) {
  if (level < shape().level.load(std::memory_order_relaxed)) {
    return;
  }
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  std::string line = format_log_line(shape().format.load(std::memory_order_relaxed),
                                     format_utc(now), level, message, fields);
  line += '\n';
  write_line(line);
}

std::optional<std::uint64_t> LogThrottle::admit(std::chrono::steady_clock::time_point now) {
  if (now - minute_ >= std::chrono::minutes{1}) {
    minute_ = now;
    lines_ = 0;
  }
  if (lines_ >= lines_a_minute_) {
    ++left_out_;
    return std::nullopt;
  }
  ++lines_;
  return std::exchange(left_out_, 0);
}

}  // namespace isthmus
