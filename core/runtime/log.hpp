#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus {

enum class LogLevel : std::uint8_t { Debug, Info, Warn, Error };
enum class LogFormat : std::uint8_t { Logfmt, Json };

/// "debug", "info", "warn", "error"; nothing for any other word.
std::optional<LogLevel> parse_log_level(std::string_view text);
/// "logfmt", "json".
std::optional<LogFormat> parse_log_format(std::string_view text);

/// One key with its value in a line of the log. Keys are snake_case words of our own.
struct LogField {
  std::string_view key;
  std::string value;
  /// A number or a truth value: JSON writes it without quotes.
  bool bare = false;

  LogField(std::string_view name, std::string_view text) : key{name}, value{text} {}
  LogField(std::string_view name, const char* text) : key{name}, value{text} {}
  LogField(std::string_view name, const std::string& text) : key{name}, value{text} {}
  LogField(std::string_view name, bool truth)
      : key{name},
        value{truth ? "true" : "false"},
        bare{true} {}
  template <std::integral T>
  LogField(std::string_view name, T number)
      : key{name},
        value{std::to_string(number)},
        bare{true} {}
};

using LogFields = std::initializer_list<LogField>;

/// How the log of this process looks from now on. Lines go to standard error, one `write` each, so
/// that lines of several threads never mix; journald keeps them. Until this is called: info,
/// logfmt.
void configure_log(LogLevel level, LogFormat format);

/// The line as it is written, without its end: `ts=... level=info msg="..." key=value`. Control
/// bytes are escaped in both formats: what a peer sent cannot forge a line.
std::string format_log_line(LogFormat format, std::string_view time, LogLevel level,
                            std::string_view message, LogFields fields);

/// Writes a line; does nothing below the configured level. Any thread.
void log(LogLevel level, std::string_view message, LogFields fields = {});

inline void log_debug(std::string_view message, LogFields fields = {}) {
  log(LogLevel::Debug, message, fields);
}
inline void log_info(std::string_view message, LogFields fields = {}) {
  log(LogLevel::Info, message, fields);
}
inline void log_warn(std::string_view message, LogFields fields = {}) {
  log(LogLevel::Warn, message, fields);
}
inline void log_error(std::string_view message, LogFields fields = {}) {
  log(LogLevel::Error, message, fields);
}

/// Keeps what a peer can provoke at will from filling the log: some lines a minute, the rest
/// counted. One thread.
class LogThrottle {
 public:
  explicit LogThrottle(unsigned lines_a_minute) : lines_a_minute_{lines_a_minute} {}

  /// Nothing: leave this line out. Otherwise write it; the number says how many were left out
  /// since the last one.
  std::optional<std::uint64_t> admit(std::chrono::steady_clock::time_point now);

 private:
  unsigned lines_a_minute_;
  unsigned lines_ = 0;
  std::uint64_t left_out_ = 0;
  std::chrono::steady_clock::time_point minute_;
};

}  // namespace isthmus
