#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/asn.hpp"

namespace isthmus {

/// What the ASNs of a segment are to each other (RFC 4271 section 4.3, RFC 5065 section 3).
enum class SegmentType : std::uint8_t { Set = 1, Sequence = 2, ConfedSequence = 3, ConfedSet = 4 };

/// An AS_PATH: segments in the order of the attribute, the vantage point's neighbour first and the
/// origin last. Memory is kept by `clear`, so that a decoder fills the same object again and again.
class AsPath {
 public:
  struct Segment {
    SegmentType type = SegmentType::Sequence;
    std::uint32_t first = 0;  ///< position of its first ASN in `asns()`
    std::uint32_t count = 0;
    friend bool operator==(const Segment&, const Segment&) = default;
  };

  AsPath() = default;
  /// A path of one sequence.
  explicit AsPath(std::span<const Asn> sequence) { append(SegmentType::Sequence, sequence); }

  /// Reads "64500 64501 {1,2}", with (1 2) for a confederation sequence and [1,2] for its set.
  static std::optional<AsPath> parse(std::string_view text);

  void clear();
  void append(SegmentType type, std::span<const Asn> asns);
  /// Starts a segment, to be filled by `push_back`.
  void begin_segment(SegmentType type);
  void push_back(Asn asn);

  [[nodiscard]] bool empty() const { return asns_.empty(); }
  [[nodiscard]] std::span<const Segment> segments() const { return segments_; }
  /// All ASNs of all segments, in order.
  [[nodiscard]] std::span<const Asn> asns() const { return asns_; }
  [[nodiscard]] std::span<const Asn> asns(const Segment& segment) const {
    return std::span{asns_}.subspan(segment.first, segment.count);
  }
  /// The AS that originates the route; nothing if the path is empty or ends in a set.
  [[nodiscard]] std::optional<Asn> origin() const;
  /// The text that `bgpdump -m` prints and `parse` reads.
  [[nodiscard]] std::string to_string() const;
  void append_to(std::string& text) const;

  friend bool operator==(const AsPath&, const AsPath&) = default;

 private:
  std::vector<Asn> asns_;
  std::vector<Segment> segments_;
};

/// For unordered containers and stored identities: the same on every machine.
std::uint64_t hash_value(const AsPath& path);

}  // namespace isthmus
