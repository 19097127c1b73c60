#include "core/wire/session_message.hpp"

#include <probe.pb.h>

#include "core/wire/message_codec.hpp"

namespace isthmus {
namespace {

constexpr std::uint32_t kVersion = 1;

std::int64_t count(TimePoint time) {
  return time.time_since_epoch().count();
}

}  // namespace

std::string encode(const ResultAnswer& message) {
  wire::v1::ResultAnswer out;
  out.set_boot(message.boot);
  out.set_stored(message.stored);
  out.set_duplicates(message.duplicates);
  return out.SerializeAsString();
}

std::string encode(const EnrolRequest& message) {
  wire::v1::EnrolRequest out;
  out.set_version(kVersion);
  out.set_token(message.token);
  out.set_request(message.request);
  out.set_software(message.software);
  return out.SerializeAsString();
}

std::string encode(const EnrolAnswer& message) {
  wire::v1::EnrolAnswer out;
  out.set_probe(message.probe);
  out.set_certificate(message.certificate);
  out.set_authority(message.authority);
  return out.SerializeAsString();
}

std::string encode(const TimeAnswer& message) {
  wire::v1::TimeAnswer out;
  out.set_received_us(count(message.received));
  out.set_sent_us(count(message.sent));
  return out.SerializeAsString();
}

Result<ResultAnswer> decode_result_answer(Bytes input) {
  return parse_message<wire::v1::ResultAnswer>(input, kMaxSessionBytes)
      .map([](const wire::v1::ResultAnswer& from) {
        return ResultAnswer{
            .boot = from.boot(), .stored = from.stored(), .duplicates = from.duplicates()};
      });
}

Result<EnrolRequest> decode_enrol_request(Bytes input) {
  const auto from = parse_message<wire::v1::EnrolRequest>(input, kMaxSessionBytes);
  if (!from) {
    return unexpected{from.error()};
  }
  if (from->version() == 0 || from->version() > kVersion) {
    return fail("version " + std::to_string(from->version()) + " of enrolment; known is " +
                std::to_string(kVersion));
  }
  return EnrolRequest{
      .token = from->token(), .request = from->request(), .software = from->software()};
}

Result<EnrolAnswer> decode_enrol_answer(Bytes input) {
  return parse_message<wire::v1::EnrolAnswer>(input, kMaxSessionBytes)
      .map([](const wire::v1::EnrolAnswer& from) {
        return EnrolAnswer{.probe = from.probe(),
                           .certificate = from.certificate(),
                           .authority = from.authority()};
      });
}

Result<TimeAnswer> decode_time_answer(Bytes input) {
  return parse_message<wire::v1::TimeAnswer>(input, kMaxSessionBytes)
      .map([](const wire::v1::TimeAnswer& from) {
        return TimeAnswer{.received = TimePoint{Duration{from.received_us()}},
                          .sent = TimePoint{Duration{from.sent_us()}}};
      });
}

}  // namespace isthmus
