#pragma once

#include <cstdint>
#include <string>

#include "collector/feed/mrt_element.hpp"

namespace isthmus::collector {

/// Writes elements line by line as `bgpdump -m` does (format one-line with seconds since 1970), or
/// in the shorter form of `bgpdump -M`.
///
/// What is equal from one line to the next, the peer and the prefix of a RIB record, is kept as
/// text.
class BgpdumpText {
 public:
  enum class Form : std::uint8_t { Full, Short };

  explicit BgpdumpText(Form form) : form_{form} {}

  /// Appends the element's line.
  void append(std::string& text, const MrtElement& element);

 private:
  void append_head(std::string& text, const MrtElement& element, std::string_view kind);
  void append_time(std::string& text, const MrtElement& element);
  void append_route(std::string& text, const MrtElement& element) const;

  Form form_;
  TimePoint time_;
  bool time_extended_ = false;
  std::string time_text_;
  Prefix prefix_;
  std::string prefix_text_;
  IpAddress peer_address_;
  Asn peer_asn_;
  std::string peer_text_;
};

}  // namespace isthmus::collector
