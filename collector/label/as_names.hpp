#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collector/label/text_lines.hpp"
#include "core/net/asn.hpp"

namespace isthmus::collector {

/// What ASes are called. Names come from outside and are shown to people and written to JSON:
/// control characters become blanks, bytes that are not UTF-8 become '?', and what is longer than
/// 200 bytes is cut.
class AsNames {
 public:
  /// The formats of a line that `parse` knows; a file may mix them.
  ///  - RIPE's asn.txt and its kin: `4837 CHINA169-BACKBONE CHINA UNICOM, CN`, with or without "AS"
  ///  - CSV: `4837,"CHINA UNICOM, backbone"`; a first line without a number is a heading
  ///  - CAIDA's as2org: two lists with '|', each under a line `# format:`; an AS is called by its
  ///    own name, the name of its organisation and the country: `NAME Organisation, CC`
  /// Of two names of one AS the later one counts.
  static AsNames parse(std::string_view text, LineAccount& account);

  /// The name, or an empty text. It lasts as long as this object, and through its moves.
  [[nodiscard]] std::string_view find(Asn asn) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  class Parser;
  struct Entry {
    std::uint32_t asn = 0;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };

  std::vector<Entry> entries_;  ///< ascending
  std::vector<char> text_;      ///< not a string: a short one would move with its object
};

}  // namespace isthmus::collector
