#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/text_lines.hpp"
#include "core/net/asn.hpp"

namespace isthmus::collector {

/// What one AS is to another, as business goes (Gao 2001; CAIDA's as-rel files).
enum class Relationship : std::uint8_t { Unknown, Provider, Customer, Peer };

/// "unknown", "provider", "customer" or "peer".
std::string_view to_string(Relationship relationship);

/// How ASes stand to each other: who pays whom, who belongs together, who is behind whom. Frozen:
/// may be asked from several threads.
class AsRelations {
 public:
  /// Whether both belong to one organisation, by as2org or by configuration. An AS is its own
  /// sibling.
  [[nodiscard]] bool are_siblings(Asn left, Asn right) const;
  /// What `other` is to `asn`: `Provider` if `asn` pays it.
  [[nodiscard]] Relationship relationship(Asn asn, Asn other) const;
  /// Whether a relationship of any kind is recorded, or they are siblings.
  [[nodiscard]] bool are_related(Asn left, Asn right) const;
  /// Whether `asn` is `provider` itself, its customer, or a customer's customer and so on. Where a
  /// file of cones knows the provider, the file decides.
  [[nodiscard]] bool is_in_cone(Asn asn, Asn provider) const;
  /// Number of ASes in the customer cone, itself included: 1 for an AS without customers.
  [[nodiscard]] std::size_t cone_size(Asn asn) const;

  /// Ascending; they last as long as this object.
  [[nodiscard]] std::span<const Asn> providers(Asn asn) const { return providers_.find(asn); }
  [[nodiscard]] std::span<const Asn> customers(Asn asn) const { return customers_.find(asn); }
  [[nodiscard]] std::span<const Asn> peers(Asn asn) const { return peers_.find(asn); }
  /// All ASes of its organisation, itself included; empty if nothing is known of it.
  [[nodiscard]] std::span<const Asn> siblings(Asn asn) const;
  [[nodiscard]] std::size_t customer_count(Asn asn) const { return customers(asn).size(); }

  /// The ASes that as-rel files name as route servers of exchanges ("# IXP ASes:"), ascending.
  [[nodiscard]] std::span<const Asn> exchange_ases() const { return exchange_ases_; }
  /// The ASes that buy no transit ("# input clique:"), ascending.
  [[nodiscard]] std::span<const Asn> clique() const { return clique_; }

  /// Number of pairs with a relationship.
  [[nodiscard]] std::size_t links() const { return links_; }
  /// Number of ASes with an organisation.
  [[nodiscard]] std::size_t organised() const { return organisations_.size(); }
  [[nodiscard]] bool empty() const { return links_ == 0 && organisations_.empty(); }

 private:
  friend class AsRelationsBuilder;

  /// A list of ASes for each of many, one after the other.
  struct Lists {
    struct Range {
      std::uint32_t begin = 0;
      std::uint32_t size = 0;
    };
    std::vector<Asn> items;
    boost::unordered_flat_map<std::uint32_t, Range> ranges;  ///< by ASN, or organisation

    [[nodiscard]] std::span<const Asn> find(std::uint32_t key) const;
    [[nodiscard]] std::span<const Asn> find(Asn asn) const { return find(asn.value); }
    void fill(std::vector<std::pair<std::uint32_t, Asn>>& pairs);
  };

  Lists providers_;
  Lists customers_;
  Lists peers_;
  Lists cones_;                                                            ///< as a file gave them
  Lists members_;                                                          ///< by organisation
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> organisations_;  ///< by ASN
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> cone_sizes_;  ///< of those with customers
  std::vector<Asn> exchange_ases_;
  std::vector<Asn> clique_;
  std::size_t links_ = 0;
};

/// Collects what files and people say of ASes. Each `add` reads the lines of one text.
class AsRelationsBuilder {
 public:
  /// CAIDA's as-rel (serial-1) and as-rel2 (serial-2): `provider|customer|-1`, `peer|peer|0`, with
  /// a source behind. Of two lines for one pair the later one counts.
  LineAccount add_relationships(std::string_view text);
  /// CAIDA's ppdc-ases: an AS, then its customer cone, separated by blanks.
  LineAccount add_cones(std::string_view text);
  /// CAIDA's as2org, as text (lists with '|' under `# format:`) or as JSON lines.
  LineAccount add_organisations(std::string_view text);
  /// Lines of ASNs that belong together, separated by blanks or commas; '#' begins a comment. They
  /// are joined with what as2org says, never parted by it.
  LineAccount add_siblings(std::string_view text);
  void add_siblings(std::span<const Asn> asns);

  /// Puts everything together and leaves the builder empty.
  AsRelations build();

 private:
  using AsnPairs = std::vector<std::pair<std::uint32_t, Asn>>;

  void read_header(std::string_view line);
  void read_relationship(std::string_view line, LineAccount& account);
  void read_as2org_json(std::string_view line, LineAccount& account);
  std::uint32_t organisation(std::string_view id);
  std::uint32_t root(std::uint32_t organisation);
  void join(std::uint32_t left, std::uint32_t right);
  void join_siblings();
  void fill_organisations(AsRelations& relations);
  static void fill_cone_sizes(AsRelations& relations);

  std::map<std::pair<Asn, Asn>, bool> relationships_;  ///< true: the first is the provider
  AsnPairs cones_;
  boost::unordered_flat_map<std::string, std::uint32_t> organisation_ids_;
  std::vector<std::uint32_t> parents_;  ///< union-find over organisations
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> organisation_of_;
  std::vector<std::vector<Asn>> sibling_sets_;
  std::vector<Asn> exchange_ases_;
  std::vector<Asn> clique_;
};

}  // namespace isthmus::collector
