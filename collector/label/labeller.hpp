#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/label/label.hpp"
#include "core/net/as_names.hpp"
#include "core/net/origin_table.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// Where a name of an address may be from, in order of precedence: the first that has a covering
/// entry answers, even where a later one has a more specific one.
enum class LabelSource : std::uint8_t { Override, Special, Mrt, Pfx2as, Csv };

inline constexpr std::size_t kLabelSources = 5;

/// "override", "special", "mrt", "pfx2as", "csv".
std::string_view to_string(LabelSource source);

/// Names addresses and ASes. A new one knows the special-purpose registries; tables are put in
/// before the first question, and afterwards it may be asked from several threads.
class Labeller {
 public:
  Labeller();

  /// Puts in the table of a source and says which state of its data it is; replaces the one before.
  /// `LabelSource::Special` has no table and is refused by an assertion.
  void set_table(LabelSource source, OriginTable table, std::string version);
  void set_names(AsNames names, std::string version);

  /// The name of the network that an address belongs to. `source` and `version` of the label last
  /// as long as this object, and through its moves; both are empty for Unannounced.
  ///
  /// Addresses of special-purpose blocks are Special whatever the tables say, unless an override
  /// names them. Blocks that may be announced (`Reach::Global`) are Special only without an origin.
  [[nodiscard]] Label label(const IpAddress& address) const;
  /// The name of an AS, or an empty text; lasts as `Label::source` does.
  [[nodiscard]] std::string_view as_name(Asn asn) const { return names_.find(asn); }

  /// The data in use, in order of precedence: "override", "special", ..., then "as_names". A source
  /// without data is left out.
  [[nodiscard]] std::vector<NamedValue> versions() const;
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

  std::vector<Source> sources_;  ///< by LabelSource; on the heap, so that moves keep views alive
  AsNames names_;
  std::string names_version_;
};

}  // namespace isthmus::collector
