#pragma once

#include <string>
#include <vector>

#include "collector/feed/route_source.hpp"
#include "collector/label/labeller.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

/// Which files to name addresses and ASes from; all may be compressed as `open_input` allows, and
/// several files of one kind are put together (IPv4 and IPv6 come in files of their own).
struct LabelFiles {
  std::vector<std::string> overrides;         ///< `prefix,origins`
  std::vector<std::string> pfx2as;            ///< CAIDA's RouteViews prefix-to-AS
  std::vector<std::string> csv;               ///< `start,end,asn`
  std::vector<std::string> as_names;          ///< see AsNamesBuilder::add
  std::vector<std::string> mmdb;              ///< MaxMind databases of ASes
  std::vector<std::string> ixps;              ///< see IxpTableBuilder::add
  std::vector<std::string> delegated;         ///< see RegisteredSpaceBuilder::add_delegated
  std::vector<std::string> countries;         ///< see RegisteredSpaceBuilder::add_countries
  std::vector<std::string> as_relationships;  ///< see AsRelationsBuilder::add_relationships
  std::vector<std::string> as_cones;          ///< see AsRelationsBuilder::add_cones
  std::vector<std::string> as_organisations;  ///< see AsRelationsBuilder::add_organisations
  std::vector<std::string> siblings;          ///< see AsRelationsBuilder::add_siblings
};

/// What became of the lines of a file.
struct LabelFileReport {
  std::string path;
  std::string version;
  LineAccount account;
};

/// Reads the files, and the routes of a table dump if one is given, and puts the tables together.
///
/// The version of files is "sha256:" and the first 12 hexadecimal digits of the digest of their
/// decompressed bytes, joined by '+' if there are several; that of the dump is the time of its
/// newest route. Lines that cannot be read are left out and accounted for in `reports`, if that is
/// not null. An error: a file that cannot be opened or decompressed, that has more than 2 GiB, or
/// that has lines of which none can be used; a dump without any usable route.
Result<Labeller> load_labeller(const LabelFiles& files, RouteSource* table_dump = nullptr,
                               std::vector<LabelFileReport>* reports = nullptr);

}  // namespace isthmus::collector
