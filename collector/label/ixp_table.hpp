#pragma once

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

/// An Internet exchange point.
struct Ixp {
  std::string name;
  std::string country;       ///< two letters, or empty
  std::vector<Asn> members;  ///< ascending; empty if no list of members was read
};

/// An address of a peering LAN.
struct IxpMatch {
  Prefix lan;
  const Ixp* ixp = nullptr;   ///< never null; lasts as long as the table
  std::optional<Asn> member;  ///< whose port has the address, if that is on record
};

/// The peering LANs of exchanges, and who has which address in them. Frozen: may be asked from
/// several threads.
class IxpTable {
 public:
  [[nodiscard]] std::optional<IxpMatch> find(const IpAddress& address) const;

  [[nodiscard]] std::span<const Ixp> exchanges() const { return exchanges_; }
  /// Number of peering LANs.
  [[nodiscard]] std::size_t lans() const { return lans_.size(); }
  /// Number of addresses whose member is known.
  [[nodiscard]] std::size_t ports() const { return ports_.size(); }

 private:
  friend class IxpTableBuilder;

  PrefixTable lans_;  ///< values are positions in `exchanges_`
  std::vector<Ixp> exchanges_;
  boost::unordered_flat_map<IpAddress, Asn> ports_;
};

/// Collects exchanges from files; one text may go on where another ended.
class IxpTableBuilder {
 public:
  /// JSON lines of CAIDA's IXP data set: `ixs_YYYYMM.jsonl` (exchanges and their LANs) and
  /// `ix-asns_YYYYMM.jsonl` (members and their addresses).
  LineAccount add_caida(std::string_view text);
  /// PeeringDB: the whole dump as one JSON object, or answers of its API to /api/ix, /api/ixlan,
  /// /api/ixpfx and /api/netixlan. Each object of a list counts as a line of the account.
  LineAccount add_peeringdb(std::string_view text);
  /// Whichever of the two it is: a JSON line that opens and ends an object on it is CAIDA's.
  LineAccount add(std::string_view text);

  /// Puts exchanges, LANs and members together and leaves the builder empty. LANs without a known
  /// exchange get a nameless one. An error only past the limits of `PrefixTable`.
  Result<IxpTable> build();

 private:
  /// Numbers of exchanges mean something within one source only.
  enum class Source : std::uint8_t { Caida, Peeringdb };
  using Key = std::pair<Source, std::uint64_t>;
  struct Row;

  void read_caida(const Row& row, LineAccount& account);
  void read_caida_exchange(const Row& row, std::uint64_t id, LineAccount& account);
  void read_peeringdb(std::string_view list, const Row& row, LineAccount& account);
  void read_network(const Row& row, LineAccount& account);
  void add_port(const Key& exchange, Asn asn, std::string_view address);
  Key exchange_of_lan(std::uint64_t lan) const;

  std::map<Key, Ixp> exchanges_;
  std::vector<std::pair<Prefix, Key>> lans_;
  std::map<std::uint64_t, std::uint64_t> lan_exchanges_;        ///< PeeringDB: ixlan to ix
  std::vector<std::pair<Prefix, std::uint64_t>> lan_prefixes_;  ///< PeeringDB: of an ixlan
  boost::unordered_flat_map<IpAddress, Asn> ports_;
};

}  // namespace isthmus::collector
