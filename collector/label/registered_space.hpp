#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/result.hpp"
#include "core/base/text_lines.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"
#include "core/net/prefix_table.hpp"

namespace isthmus::collector {

/// Where a network is at home, and who says so. Never guessed from where its routers stand.
struct Country {
  std::string_view code;    ///< two letters, "ZZ" if the registry does not know
  std::string_view source;  ///< "apnic", ..., or "configuration"; lasts as long as the table
  std::string_view date;    ///< of the delegation, "20091221"; empty if unknown
  friend bool operator==(const Country&, const Country&) = default;
};

/// Address space that a registry gave to somebody.
struct Registration {
  Prefix prefix;
  std::span<const Asn> holder_asns;  ///< ASes of the same holder in the same registry, ascending
  Country country;
};

/// Who was given which addresses and AS numbers: the delegated-extended files of the five regional
/// registries. Frozen: may be asked from several threads.
class RegisteredSpace {
 public:
  /// The delegation around an address, or nothing.
  [[nodiscard]] std::optional<Registration> find(const IpAddress& address) const;
  /// Where an AS is registered, or what the configuration says of it; nothing if neither knows.
  [[nodiscard]] std::optional<Country> country(Asn asn) const;

  /// Number of delegations of addresses, as prefixes.
  [[nodiscard]] std::size_t prefixes() const { return prefixes_.size(); }
  /// Number of blocks of AS numbers.
  [[nodiscard]] std::size_t as_blocks() const { return blocks_.size(); }
  [[nodiscard]] bool empty() const {
    return prefixes_.size() == 0 && blocks_.empty() && configured_.empty();
  }

 private:
  friend class RegisteredSpaceBuilder;
  struct Delegation {
    std::uint32_t holder = 0;    ///< 0: none on record
    std::uint32_t registry = 0;  ///< position in `registries_`
    std::array<char, 2> code{};
    std::array<char, 8> date{};
    std::uint8_t date_size = 0;
  };
  struct AsBlock {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    Delegation delegation;
  };

  [[nodiscard]] Country country_of(const Delegation& delegation) const;

  PrefixTable prefixes_;  ///< values are positions in `delegations_`
  std::vector<Delegation> delegations_;
  std::vector<AsBlock> blocks_;  ///< by `first`
  std::vector<std::string> registries_;
  boost::unordered_flat_map<std::uint32_t, std::vector<Asn>> holder_asns_;
  boost::unordered_flat_map<std::uint32_t, std::array<char, 2>> configured_;  ///< by ASN
};

/// Collects delegations. Later texts win where two registries claim the same block.
class RegisteredSpaceBuilder {
 public:
  /// A delegated-extended file (or the plain delegated one, which names no holders):
  /// `registry|cc|type|start|value|date|status|holder`. Only what is allocated or assigned counts;
  /// blocks that are available or reserved are passed over.
  LineAccount add_delegated(std::string_view text);
  /// Lines `AS201776,UA` that win over the registries; a further field is a remark.
  LineAccount add_countries(std::string_view text);

  /// Puts everything together and leaves the builder empty. An error only past the limits of
  /// `PrefixTable`.
  Result<RegisteredSpace> build();

 private:
  using Delegation = RegisteredSpace::Delegation;

  void read_line(std::string_view line, LineAccount& account);
  bool add_addresses(std::string_view type, std::string_view start, std::string_view value,
                     const Delegation& delegation);
  bool add_asns(std::string_view start, std::string_view value, const Delegation& delegation);

  std::vector<std::string> registries_;
  boost::unordered_flat_map<std::string, std::uint32_t> holders_;  ///< "registry|holder", from 1
  std::vector<std::pair<Prefix, Delegation>> prefixes_;
  std::vector<RegisteredSpace::AsBlock> blocks_;
  boost::unordered_flat_map<std::uint32_t, std::array<char, 2>> configured_;
};

}  // namespace isthmus::collector
