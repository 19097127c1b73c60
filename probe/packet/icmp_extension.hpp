#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/route/hop.hpp"

namespace isthmus::probe {

/// One object of an ICMP extension structure (RFC 4884 section 7), a view into the packet.
struct ExtensionObject {
  std::uint8_t class_number = 0;
  std::uint8_t type = 0;
  Bytes payload;
};

/// Where the quotation ends and the extension structure begins in what follows the eight bytes of
/// an ICMP error's header.
struct QuoteSplit {
  Bytes quote;      ///< padding after the original datagram included
  Bytes extension;  ///< version, checksum and objects; empty if there is none that can be trusted
  Bytes rest;       ///< neither: what follows the quotation but is no valid extension structure
};

/// Splits by the length attribute, counted in bytes; zero means that the router did not say, and
/// an extension then starts after 128 bytes if its checksum proves it (RFC 4884 section 5.5). A
/// structure with a stated length and checksum zero is accepted: the RFC calls it "not sent".
QuoteSplit split_quote(Bytes body, std::size_t stated_length);

/// Walks the objects; ends at the first whose length is under four or past the end.
class ExtensionReader {
 public:
  /// `extension` as `split_quote` found it: begins with the structure's header.
  explicit ExtensionReader(Bytes extension) : reader_{extension} { reader_.skip(4); }
  std::optional<ExtensionObject> next();
  /// Bytes that belong to no object; not zero means a malformed structure.
  [[nodiscard]] std::size_t left_over() const { return reader_.size(); }

 private:
  ByteReader reader_;
};

/// The label stack entries of an MPLS object (RFC 4950: class 1, type 1), appended. A last entry
/// that is cut off is left out.
void append_mpls(const ExtensionObject& object, std::vector<MplsLabel>& labels);

/// Whether an object is RFC 4950's incoming MPLS label stack.
constexpr bool is_mpls(const ExtensionObject& object) {
  return object.class_number == 1 && object.type == 1;
}

}  // namespace isthmus::probe
