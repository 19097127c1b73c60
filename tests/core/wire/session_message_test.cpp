#include "core/wire/session_message.hpp"

#include <limits>

using namespace isthmus;

TEST_CASE("the small messages come back as they were") {
  const ResultAnswer answer{.boot = ~std::uint64_t{0}, .stored = 1ULL << 60, .duplicates = 3};
  CHECK(decode_result_answer(as_bytes(encode(answer))) == answer);
  const EnrolRequest request{.token = "t", .request = "-----BEGIN", .software = "s"};
  CHECK(decode_enrol_request(as_bytes(encode(request))) == request);
  const EnrolAnswer certificate{.probe = "ams-1", .certificate = "c", .authority = "a"};
  CHECK(decode_enrol_answer(as_bytes(encode(certificate))) == certificate);
  const TimeAnswer time{.received = TimePoint{Duration{-5}},
                        .sent = TimePoint{Duration{std::numeric_limits<std::int64_t>::max()}}};
  CHECK(decode_time_answer(as_bytes(encode(time))) == time);
}

TEST_CASE("small messages that are none, too long, or of another version are refused") {
  CHECK_FALSE(decode_result_answer(as_bytes("\xff\xff")));
  CHECK_FALSE(decode_time_answer(as_bytes(std::string(kMaxSessionBytes + 1, '\0'))));
  CHECK_FALSE(decode_enrol_request(as_bytes("")));
  CHECK_FALSE(decode_enrol_request(as_bytes("\x08\x02")));
  CHECK(decode_enrol_request(as_bytes("\x08\x01")));
}
