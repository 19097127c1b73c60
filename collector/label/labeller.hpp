#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/label/as_relations.hpp"
#include "collector/label/ixp_table.hpp"
#include "collector/label/label.hpp"
#include "collector/label/labelled_trace.hpp"
#include "collector/label/registered_space.hpp"
#include "core/net/as_names.hpp"
#include "core/net/origin_table.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// Where a name of an address may be from, in order of precedence: the first that has a covering
/// entry answers, even where a later one has a more specific one.
enum class LabelSource : std::uint8_t {
  Override,
  Ixp,
  Special,
  Mrt,
  Pfx2as,
  Csv,
  Mmdb,
  Registered,
};

inline constexpr std::size_t kLabelSources = 8;

/// "override", "ixp", "special", "mrt", "pfx2as", "csv", "mmdb", "registered".
std::string_view to_string(LabelSource source);

/// Names addresses and ASes. A new one knows the special-purpose registries; tables are put in
/// before the first question, and afterwards it may be asked from several threads. New data make a
/// new labeller, which takes the place of the old one as a whole (`CurrentLabeller`).
class Labeller {
 public:
  Labeller();

  /// Puts in the table of a source and says which state of its data it is; replaces the one before.
  /// `Ixp`, `Special` and `Registered` have no table of origins and are refused by an assertion.
  void set_table(LabelSource source, OriginTable table, std::string version);
  void set_ixps(IxpTable table, std::string version);
  void set_registrations(RegisteredSpace space, std::string version);
  void set_relations(AsRelations relations, std::string version);
  void set_names(AsNames names, std::string version);

  /// The name of the network that an address belongs to. `source` and `version` of the label last
  /// as long as this object, and through its moves; both are empty for Unannounced.
  ///
  /// Addresses of special-purpose blocks are Special whatever the tables say, unless an override
  /// names them. Blocks that may be announced (`Reach::Global`) are Special only without an origin.
  [[nodiscard]] Label label(const IpAddress& address) const;
  /// A traceroute with a name for each of its addresses. A vantage point whose AS is not known (0)
  /// gets that of its address.
  [[nodiscard]] LabelledTrace label_trace(Traceroute trace) const;
  /// How ASes stand to each other; empty if no file was read.
  [[nodiscard]] const AsRelations& relations() const { return relations_; }
  [[nodiscard]] const IxpTable& ixps() const { return ixps_; }
  /// Where an AS is at home, with who says so and since when.
  [[nodiscard]] std::optional<Country> country(Asn asn) const { return space_.country(asn); }
  /// The name of an AS, or an empty text; lasts as `Label::source` does.
  [[nodiscard]] std::string_view as_name(Asn asn) const { return names_.find(asn); }

  /// The data in use, in order of precedence: "override", "ixp", "special", ..., then
  /// "as_relations" and "as_names". A source without data is left out.
  [[nodiscard]] std::vector<NamedValue> versions() const;
  /// All of `versions` that name addresses or relate ASes, as one short word: equal only for equal
  /// data.
  [[nodiscard]] const std::string& version() const { return version_; }
  /// Memory of all tables, in bytes; the names of ASes are not counted.
  [[nodiscard]] std::size_t bytes() const;
  /// The table of a source, or null.
  [[nodiscard]] const OriginTable* table(LabelSource source) const;

 private:
  struct Source {
    std::optional<OriginTable> table;
    std::string version;
  };

  [[nodiscard]] std::optional<Label> from_table(LabelSource source, const IpAddress& address) const;
  [[nodiscard]] std::optional<Label> from_ixps(const IpAddress& address) const;
  [[nodiscard]] std::optional<Label> from_registrations(const IpAddress& address) const;
  void renew_version();

  std::vector<Source> sources_;  ///< by LabelSource; on the heap, so that moves keep views alive
  IxpTable ixps_;
  RegisteredSpace space_;
  AsRelations relations_;
  std::string relations_version_;
  AsNames names_;
  std::string names_version_;
  std::string version_;
};

}  // namespace isthmus::collector
