#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"

namespace isthmus::collector {

enum class ArchiveKind : std::uint8_t {
  Table,    ///< a RIB dump: "rib", "ribs", "bview"
  Updates,  ///< what the peers said from its time on: "updates"
};

/// What the name of a published archive says of it.
struct ArchiveName {
  ArchiveKind kind = ArchiveKind::Updates;
  TimePoint start;  ///< when the table was dumped, or the first second of the updates
  friend bool operator==(const ArchiveName&, const ArchiveName&) = default;
};

/// Reads the last part of a path or URL: the kind and behind it `YYYYMMDD.HHMM` or seconds since
/// 1970, with dots between, among whatever else: `updates.20171001.0905.gz` of RIS,
/// `rib.20171001.0800.bz2` of RouteViews, `rrc00.updates.20171001.0000.mrt`,
/// `routeviews.route-views.jinx.ribs.1401487200.bz2`. Nothing for any other name.
std::optional<ArchiveName> parse_archive_name(std::string_view path);

/// Where a route collector's archives of one month lie below its own folder. `{year}` and `{month}`
/// stand for four and two digits.
struct ArchiveLayout {
  std::vector<std::string> folders;

  /// "ris": `2017.10/`; "routeviews": `bgpdata/2017.10/RIBS/` and `bgpdata/2017.10/UPDATES/`;
  /// "flat": all in one folder. Nothing for another word.
  static std::optional<ArchiveLayout> named(std::string_view name);

  /// The folders in which archives that start from `from` to `to` can lie, oldest month first, each
  /// once.
  [[nodiscard]] std::vector<std::string> between(TimePoint from, TimePoint to) const;
};

/// The names in a folder that a web server lists as a page: what its links point at, decoded, if
/// they lead to nothing but a name in that folder. In the order of the page, each once.
std::vector<std::string> read_folder_page(std::string_view html);

}  // namespace isthmus::collector
