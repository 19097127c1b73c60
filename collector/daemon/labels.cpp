#include "collector/daemon/labels.hpp"

#include <utility>
#include <vector>

#include "collector/feed/merged_source.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "collector/label/labeller_files.hpp"

namespace isthmus::collector {
namespace {

Result<std::shared_ptr<const Labeller>> share(Result<Labeller> labeller) {
  if (!labeller) {
    return unexpected{labeller.error()};
  }
  return std::make_shared<const Labeller>(std::move(*labeller));
}

}  // namespace

Result<std::shared_ptr<const Labeller>> load_labels(const LabelSettings& settings) {
  LabelFiles files;
  files.overrides = settings.override_files;
  files.pfx2as = settings.pfx2as;
  files.csv = settings.csv;
  files.as_names = settings.as_names;
  files.mmdb = settings.mmdb;
  files.ixps = settings.ixps;
  files.delegated = settings.delegated;
  files.countries = settings.countries;
  files.as_relationships = settings.as_relationships;
  files.as_cones = settings.as_cones;
  files.as_organisations = settings.as_organisations;
  files.siblings = settings.siblings;
  std::vector<std::unique_ptr<RouteSource>> dumps;
  for (const std::string& path : settings.mrt) {
    auto dump = open_mrt(path, {});
    if (!dump) {
      return unexpected{dump.error()};
    }
    dumps.push_back(std::move(*dump));
  }
  if (dumps.empty()) {
    return share(load_labeller(files));
  }
  MergedSource merged{std::move(dumps)};
  return share(load_labeller(files, &merged));
}

}  // namespace isthmus::collector
