#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collector/feed/trace_source.hpp"
#include "core/route/hop.hpp"

namespace isthmus::collector {

/// What a record of a file of traceroutes was.
struct TraceRecord {
  std::optional<Traceroute> trace;
  std::string_view skipped;  ///< why there is none; empty if there is, or nothing was lost
  std::string error;         ///< what is wrong, for people; empty if nothing is
};

/// A record that could not be used.
inline TraceRecord bad_record(std::string error) {
  return {std::nullopt, "bad_record", std::move(error)};
}

/// How a file is cut into records, and what a record says. Has state: a file's records build on
/// each other.
class TraceFormat {
 public:
  virtual ~TraceFormat() = default;

  /// The bytes of the next record, what stands before it included; 0 if the text ends within it. At
  /// the end of the file (`last`) 0 says that the rest is torn.
  virtual std::size_t record_size(std::string_view rest, bool last) = 0;
  virtual TraceRecord read(std::string_view record) = 0;
};

/// No record is longer than this; a longer one ends the file.
inline constexpr std::size_t kLongestTraceRecord = std::size_t{1} << 24;

std::unique_ptr<TraceFormat> make_json_format(const TraceFileOptions& options);
std::unique_ptr<TraceFormat> make_warts_format(const TraceFileOptions& options);
std::unique_ptr<TraceFormat> make_text_format(const TraceFileOptions& options);

/// The kind of an ICMP answer by its type and code (RFC 792, RFC 4443); nothing for a question.
std::optional<ReplyKind> icmp_reply_kind(Family family, std::uint8_t type, std::uint8_t code);

/// The kind of a TCP answer by its flags; nothing if it is neither SYN-ACK nor RST.
std::optional<ReplyKind> tcp_reply_kind(std::uint8_t flags);

/// Puts a reply under its TTL, and silent hops before it.
Hop& hop_at(Traceroute& trace, std::uint8_t ttl);

/// Fills what the file does not say of the vantage point.
void complete_vantage(VantagePoint& vantage, const TraceFileOptions& options);

}  // namespace isthmus::collector
