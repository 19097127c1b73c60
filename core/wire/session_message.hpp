#pragma once

#include <cstdint>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"

namespace isthmus {

/// What POST /probe/v1/results answers, once it is on disk.
struct ResultAnswer {
  std::uint64_t boot = 0;
  /// Every traceroute of the batch up to this sequence is stored; 0: none is.
  std::uint64_t stored = 0;
  std::uint32_t duplicates = 0;  ///< of them, stored before
  friend bool operator==(const ResultAnswer&, const ResultAnswer&) = default;
};

/// Asks for a certificate: with a join token, or, over mTLS, for the next one.
struct EnrolRequest {
  std::string token;    ///< empty for a renewal
  std::string request;  ///< PKCS #10, PEM (RFC 2986, 7468)
  std::string software;
  friend bool operator==(const EnrolRequest&, const EnrolRequest&) = default;
};

struct EnrolAnswer {
  std::string probe;        ///< the name that the certificate is for
  std::string certificate;  ///< chain, PEM, the probe's first
  std::string authority;    ///< the collector's CA, PEM
  friend bool operator==(const EnrolAnswer&, const EnrolAnswer&) = default;
};

/// What GET /probe/v1/time answers (two of NTP's four stamps, RFC 5905 section 8).
struct TimeAnswer {
  TimePoint received;  ///< when the request came
  TimePoint sent;      ///< when the answer left
  friend bool operator==(const TimeAnswer&, const TimeAnswer&) = default;
};

/// The most that any of these may take; decoders refuse more.
inline constexpr std::size_t kMaxSessionBytes = std::size_t{64} << 10;

std::string encode(const ResultAnswer& message);
std::string encode(const EnrolRequest& message);
std::string encode(const EnrolAnswer& message);
std::string encode(const TimeAnswer& message);

Result<ResultAnswer> decode_result_answer(Bytes input);
Result<EnrolRequest> decode_enrol_request(Bytes input);
Result<EnrolAnswer> decode_enrol_answer(Bytes input);
Result<TimeAnswer> decode_time_answer(Bytes input);

}  // namespace isthmus
