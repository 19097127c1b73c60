#include "core/runtime/log.hpp"

#include <chrono>

using namespace isthmus;

TEST_CASE("a line of the log is logfmt or JSON") {
  CHECK(format_log_line(LogFormat::Logfmt, "T", LogLevel::Info, "probe enrolled",
                        {{"probe", "tokyo-1"}, {"serial", 7}, {"new", true}}) ==
        R"(ts=T level=info msg="probe enrolled" probe=tokyo-1 serial=7 new=true)");
  CHECK(format_log_line(LogFormat::Json, "T", LogLevel::Warn, "a \"b\"", {{"n", -1}}) ==
        R"({"ts":"T","level":"warn","msg":"a \"b\"","n":-1})");
}

TEST_CASE("what a peer sent cannot forge a line") {
  const std::string line = format_log_line(LogFormat::Logfmt, "T", LogLevel::Info, "x",
                                           {{"name", "a\nts=T level=error msg=forged"}});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line == R"(ts=T level=info msg=x name="a\nts=T level=error msg=forged")");
}

TEST_CASE("levels and formats have one name each") {
  CHECK(parse_log_level("warn") == LogLevel::Warn);
  CHECK_FALSE(parse_log_level("warning"));
  CHECK(parse_log_format("json") == LogFormat::Json);
  CHECK_FALSE(parse_log_format("xml"));
}

TEST_CASE("a throttle writes some lines a minute and tells how many it left out") {
  LogThrottle throttle{2};
  const std::chrono::steady_clock::time_point start{std::chrono::hours{1}};
  CHECK(throttle.admit(start) == 0U);
  CHECK(throttle.admit(start) == 0U);
  CHECK_FALSE(throttle.admit(start + std::chrono::seconds{59}));
  CHECK_FALSE(throttle.admit(start + std::chrono::seconds{59}));
  CHECK(throttle.admit(start + std::chrono::seconds{60}) == 2U);
}
