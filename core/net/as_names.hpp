#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/text_lines.hpp"
#include "core/net/asn.hpp"

namespace isthmus {

/// What ASes are called.
class AsNames {
 public:
  /// The name, or an empty text. It lasts as long as this object, and through its moves.
  [[nodiscard]] std::string_view find(Asn asn) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  friend class AsNamesBuilder;
  struct Entry {
    std::uint32_t asn = 0;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };

  std::vector<Entry> entries_;  ///< ascending
  std::vector<char> text_;      ///< not a string: a short one would move with its object
};

/// Collects names from texts. Names come from outside and are shown to people and written to JSON:
/// control characters become blanks, bytes that are not UTF-8 become '?', and what is longer than
/// 200 bytes is cut.
class AsNamesBuilder {
 public:
  /// Reads the lines of a text; it may mix these formats, and one text may go on where another
  /// ended:
  ///  - RIPE's asn.txt and its kin: `4837 CHINA169-BACKBONE CHINA UNICOM, CN`, with or without "AS"
  ///  - CSV: `4837,"CHINA UNICOM, backbone"`; a first line without a number is a heading
  ///  - CAIDA's as2org: two lists with '|', each under a line `# format:`; an AS is called by its
  ///    own name, the name of its organisation and the country: `NAME Organisation, CC`
  LineAccount add(std::string_view text);

  /// Puts ASes and organisations together and leaves the builder empty. Of two names of one AS the
  /// later one counts, but one of as2org always before the others.
  AsNames build();

 private:
  enum class Columns : std::uint8_t { Plain, Organisations, Ases };
  struct NamedAs {
    Asn asn;
    std::string name;
    std::string organisation;
  };

  void read_line(std::string_view line, Columns& columns, LineAccount& account);
  void read_organisation(std::string_view line, LineAccount& account);
  void read_as(std::string_view line, LineAccount& account);
  void read_name(std::string_view line, LineAccount& account);
  void add_name(Asn asn, std::string_view name);

  AsNames names_;
  std::vector<NamedAs> ases_;
  boost::unordered_flat_map<std::string, std::string> organisations_;  ///< names by identity
};

}  // namespace isthmus
