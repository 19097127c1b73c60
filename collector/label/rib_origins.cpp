#include "collector/label/rib_origins.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

constexpr unsigned kShortestV4 = 8;
constexpr unsigned kShortestV6 = 16;

bool is_confederation(SegmentType type) {
  return type == SegmentType::ConfedSequence || type == SegmentType::ConfedSet;
}

/// The last AS of the path, or all of a set that ends it.
std::span<const Asn> origins_of(const AsPath& path) {
  if (path.segments().empty()) {
    return {};
  }
  const AsPath::Segment& last = path.segments().back();
  const auto asns = path.asns(last);
  if (is_confederation(last.type) || asns.empty()) {
    return {};
  }
  return last.type == SegmentType::Set ? asns : asns.last(1);
}

}  // namespace

std::string_view RibOrigins::reason_to_pass(const Route& route) {
  if (route.kind != RouteKind::Table && route.kind != RouteKind::Announce) {
    return "not a route";
  }
  if (route.attributes == nullptr || route.vantage == nullptr) {
    return "no attributes";
  }
  const bool is_v4 = route.prefix.family() == Family::Ipv4;
  if (route.prefix.length() < (is_v4 ? kShortestV4 : kShortestV6)) {
    return "short prefix";
  }
  const auto origins = origins_of(route.attributes->as_path);
  if (std::ranges::all_of(origins, [](Asn asn) { return asn.value == 0; })) {
    return "no origin";
  }
  return {};
}

void RibOrigins::add(const Route& route) {
  if (const std::string_view reason = reason_to_pass(route); !reason.empty()) {
    auto found = passed_.find(reason);
    if (found == passed_.end()) {
      found = passed_.emplace(reason, 0).first;
    }
    ++found->second;
    return;
  }
  for (const Asn origin : origins_of(route.attributes->as_path)) {
    if (origin.value != 0) {
      vote(route.prefix, origin, route.vantage->asn);
    }
  }
  ++votes_;
  newest_ = std::max(newest_, route.time);
}

void RibOrigins::vote(const Prefix& prefix, Asn origin, Asn group) {
  const auto [found, is_new] =
      votes_by_origin_.try_emplace({prefix, origin}, Votes{.first_group = group});
  if (!is_new && found->second.first_group != group) {
    found->second.several = true;
  }
}

void RibOrigins::move_into(OriginTableBuilder& table) {
  struct Candidate {
    Prefix prefix;
    Asn origin;
    bool several = false;
  };
  std::vector<Candidate> candidates;
  candidates.reserve(votes_by_origin_.size());
  for (const auto& [key, votes] : votes_by_origin_) {
    candidates.push_back({key.first, key.second, votes.several});
  }
  votes_by_origin_ = {};
  const auto by_prefix = [](const Candidate& left, const Candidate& right) {
    return left.prefix < right.prefix;
  };
  std::ranges::sort(candidates, by_prefix);
  for (auto begin = candidates.begin(); begin != candidates.end();) {
    const auto end = std::upper_bound(begin, candidates.end(), *begin, by_prefix);
    const bool any_several =
        std::any_of(begin, end, [](const Candidate& each) { return each.several; });
    const auto outvoted = [&](const Candidate& each) { return any_several && !each.several; };
    const bool any_usable = std::any_of(begin, end, [&](const Candidate& each) {
      return !outvoted(each) && !each.origin.is_reserved();
    });
    for (auto each = begin; each != end; ++each) {
      if (!outvoted(*each) && !(any_usable && each->origin.is_reserved())) {
        table.add(each->prefix, each->origin);
      }
    }
    begin = end;
  }
}

}  // namespace isthmus::collector
