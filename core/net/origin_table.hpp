#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/text_lines.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"
#include "core/net/prefix_table.hpp"

namespace isthmus {

/// A covering route and who originates it.
struct OriginMatch {
  Prefix prefix;
  std::span<const Asn> origins;  ///< ascending, one at least; lasts as long as the table
};

/// Who originates the address space: one source's prefixes, frozen for fast lookups.
class OriginTable {
 public:
  /// The most specific prefix around an address, or nothing.
  [[nodiscard]] std::optional<OriginMatch> longest_match(const IpAddress& address) const {
    const auto match = prefixes_.longest_match(address);
    if (!match) {
      return std::nullopt;
    }
    return OriginMatch{Prefix::covering(address, match->length), origins(match->value)};
  }

  /// Number of prefixes.
  [[nodiscard]] std::size_t size() const { return prefixes_.size(); }
  /// Number of prefixes that have several origins.
  [[nodiscard]] std::size_t moas_count() const { return moas_count_; }
  /// Number of different sets of origins; prefixes with the same origins share one.
  [[nodiscard]] std::size_t set_count() const { return set_ends_.size(); }
  /// The table of prefixes alone; its values number the sets of origins.
  [[nodiscard]] const PrefixTable& prefixes() const { return prefixes_; }
  /// Memory held, in bytes.
  [[nodiscard]] std::size_t bytes() const;

 private:
  friend class OriginTableBuilder;

  [[nodiscard]] std::span<const Asn> origins(std::uint32_t set) const {
    const std::size_t begin = set == 0 ? 0 : set_ends_[set - 1];
    return std::span{origins_}.subspan(begin, set_ends_[set] - begin);
  }

  PrefixTable prefixes_;
  std::vector<Asn> origins_;             ///< of all sets, one after the other
  std::vector<std::uint32_t> set_ends_;  ///< where each set ends in `origins_`
  std::size_t moas_count_ = 0;
};

/// Collects prefixes and origins in any order. An origin that is added twice counts once; several
/// origins of one prefix make it MOAS.
class OriginTableBuilder {
 public:
  void add(const Prefix& prefix, Asn origin) { pairs_.emplace_back(prefix, origin); }
  void add(const Prefix& prefix, std::span<const Asn> origins);

  /// Number of pairs added so far.
  [[nodiscard]] std::size_t size() const { return pairs_.size(); }
  /// Freezes what was added and leaves the builder empty. An error only past the limits of
  /// `PrefixTable`: 2^24 nodes, 2^24 different sets.
  Result<OriginTable> build();

 private:
  std::vector<std::pair<Prefix, Asn>> pairs_;
};

/// Reads the origins of CAIDA's pfx2as files: "13335", "4837_4808" where several ASes originate the
/// prefix (MOAS), "64500,64501" where a route was aggregated from several (AS_SET), and mixtures.
/// Gives each once, in ascending order; nothing if the text is something else or longer than 256
/// numbers.
std::optional<std::vector<Asn>> parse_origins(std::string_view text);

/// CAIDA's RouteViews prefix-to-AS files: `prefix TAB length TAB origins`, see `parse_origins`.
LineAccount parse_pfx2as(std::string_view text, OriginTableBuilder& table);

/// Ranges of addresses: `start,end,asn`, or the same with tabs; further fields (country, name) are
/// left alone. ASN 0 means "not routed" in these files: the line is passed over. A first line that
/// begins with a letter and holds no address is a heading.
LineAccount parse_origin_csv(std::string_view text, OriginTableBuilder& table);

/// What an operator knows better: `prefix,origins`, with '#' comments; a further field is a remark.
LineAccount parse_overrides(std::string_view text, OriginTableBuilder& table);

}  // namespace isthmus
