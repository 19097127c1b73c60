#include "collector/detect/suspicion.hpp"

#include <algorithm>
#include <cmath>

namespace isthmus::collector {
namespace {

constexpr std::size_t kLeakGroups = 3;
constexpr std::size_t kOtherHostGroups = 2;
constexpr std::size_t kDarkGroups = 3;
constexpr double kDarkPart = 0.3;
constexpr Duration kDarkWindow = std::chrono::seconds{600};

/// Groups to whose traceroutes the target fell silent soon after the routes appeared.
bool is_dark(const Scene& scene, const UpstreamRecord& record, const Support& support) {
  if (support.data_groups > 0 || support.groups.size() < kDarkGroups) {
    return false;
  }
  std::set<Asn> dark;
  for (const auto& [key, state] : scene.states) {
    const bool lately = state.since >= record.first && state.since - record.first <= kDarkWindow;
    if (key.vantage.plane == Plane::Data && state.now.verdict == Verdict::Unreachable && lately &&
        is_fresh(key, state, scene.now, scene.settings)) {
      dark.insert(key.vantage.asn);
    }
  }
  const double needed = kDarkPart * static_cast<double>(scene.data.live());
  return dark.size() >= kDarkGroups && static_cast<double>(dark.size()) >= needed;
}

bool is_not_authorised(const Scene& scene, Asn asn) {
  if (!scene.tables.aspa) {
    return false;
  }
  bool published = false;
  for (const Asn origin : scene.target.origins) {
    const std::vector<Asn>* const providers = scene.tables.aspa(origin);
    if (providers == nullptr) {
      continue;
    }
    published = true;
    if (std::find(providers->begin(), providers->end(), asn) != providers->end()) {
      return false;
    }
  }
  return published;
}

}  // namespace

std::optional<Suspicion> suspicion_of(const Scene& scene, const UpstreamRecord& record,
                                      const Support& support) {
  const bool stood = scene.now - record.first >= scene.settings.persistence;
  if (stood && support.other_host && support.witnesses >= kOtherHostGroups) {
    return Suspicion{true, "other_host"};
  }
  if (is_dark(scene, record, support)) {
    return Suspicion{true, "dark_after_route"};
  }
  const std::size_t standing = support.standing(scene.settings.persistence);
  if (standing >= kLeakGroups && support.data_groups == 0 && is_not_authorised(scene, record.asn)) {
    return Suspicion{true, "not_authorised"};
  }
  if (standing >= kLeakGroups && support.leak_shaped()) {
    return Suspicion{false, "leak_shape"};
  }
  return std::nullopt;
}

}  // namespace isthmus::collector
