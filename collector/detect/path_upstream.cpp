#include "collector/detect/path_upstream.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace isthmus::collector {
namespace {

/// One position of a path: an AS, or the members of an AS_SET.
struct Step {
  std::vector<Asn> asns;
  bool is_set = false;
};

bool contains(std::span<const Asn> list, Asn asn) {
  return std::find(list.begin(), list.end(), asn) != list.end();
}

bool contains_any(const Step& step, std::span<const Asn> list) {
  return std::any_of(step.asns.begin(), step.asns.end(),
                     [&](Asn asn) { return contains(list, asn); });
}

void add_reason(std::vector<std::string>& reasons, std::string_view reason) {
  if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
    reasons.emplace_back(reason);
  }
}

/// Why an AS is no network that could be an upstream; empty if it is one.
std::string_view strip_reason(Asn asn, const Target& target, const DetectorSettings& settings) {
  if (contains(target.origins, asn)) {
    return {};
  }
  if (asn == kAsTrans) {
    return "as_trans";
  }
  if (contains(settings.route_servers, asn)) {
    return "route_server";
  }
  return settings.strip_reserved && asn.is_reserved() ? "reserved_as" : std::string_view{};
}

std::vector<Step> clean_steps(const AsPath& path, const Target& target,
                              const DetectorSettings& settings, std::vector<std::string>& reasons) {
  std::vector<Step> steps;
  const auto add = [&](Step step) {
    if (!steps.empty() && !step.is_set && !steps.back().is_set && steps.back().asns == step.asns) {
      return;
    }
    steps.push_back(std::move(step));
  };
  for (const AsPath::Segment& segment : path.segments()) {
    if (segment.type == SegmentType::ConfedSequence || segment.type == SegmentType::ConfedSet) {
      add_reason(reasons, "confederation");
      continue;
    }
    Step set;
    set.is_set = true;
    for (const Asn asn : path.asns(segment)) {
      if (const std::string_view reason = strip_reason(asn, target, settings); !reason.empty()) {
        add_reason(reasons, reason);
      } else if (segment.type == SegmentType::Set) {
        set.asns.push_back(asn);
      } else {
        Step step;
        step.asns.push_back(asn);
        add(std::move(step));
      }
    }
    if (!set.asns.empty()) {
      std::sort(set.asns.begin(), set.asns.end());
      set.asns.erase(std::unique(set.asns.begin(), set.asns.end()), set.asns.end());
      set.is_set = set.asns.size() > 1;
      add(std::move(set));
    }
  }
  return steps;
}

bool has_loop(const std::vector<Asn>& path) {
  std::vector<Asn> sorted = path;
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end();
}

}  // namespace

bool is_transit_free(Asn asn) {
  constexpr std::array<std::uint32_t, 19> kTransitFree{174,  209,  286,  701,  1239, 1299, 2828,
                                                       2914, 3257, 3320, 3356, 3491, 3549, 5511,
                                                       6453, 6461, 6762, 6830, 7018};
  return std::binary_search(kTransitFree.begin(), kTransitFree.end(), asn.value);
}

bool has_valley(const std::vector<Asn>& path) {
  bool left = false;
  bool between = false;
  for (const Asn asn : path) {
    if (!is_transit_free(asn)) {
      between = left;
      continue;
    }
    if (left && between) {
      return true;
    }
    left = true;
    between = false;
  }
  return false;
}

PathReading read_path(const AsPath& path, const Target& target, const DetectorSettings& settings) {
  PathReading reading;
  const std::vector<Step> steps = clean_steps(path, target, settings, reading.reasons);
  if (steps.empty()) {
    add_reason(reading.reasons, "empty_path");
    return reading;
  }
  for (const Step& step : steps) {
    reading.path.insert(reading.path.end(), step.asns.begin(), step.asns.end());
  }
  if (!contains_any(steps.back(), target.origins)) {
    reading.foreign_origin = steps.back().asns.back();
    add_reason(reading.reasons, "foreign_origin");
    return reading;
  }
  std::size_t end = 0;
  while (!contains_any(steps[end], target.origins)) {
    ++end;
  }
  const bool origin_in_set = steps[end].is_set;
  std::size_t at = end;
  while (at > 0 && (contains_any(steps[at - 1], target.siblings) ||
                    contains_any(steps[at - 1], target.origins))) {
    --at;
    add_reason(reading.reasons, "sibling");
  }
  if (at == 0) {
    add_reason(reading.reasons, "own_route");
    return reading;
  }
  const Step& upstream = steps[at - 1];
  reading.path.clear();
  for (std::size_t i = 0; i <= end; ++i) {
    reading.path.insert(reading.path.end(), steps[i].asns.begin(), steps[i].asns.end());
  }
  reading.verdict = Verdict::Upstream;
  reading.upstreams = upstream.asns;
  reading.grade = Grade::A;
  if (has_loop(reading.path)) {
    reading.grade = Grade::B;
    add_reason(reading.reasons, "loop");
  }
  if (upstream.is_set || origin_in_set) {
    reading.grade = Grade::C;
    add_reason(reading.reasons, upstream.is_set ? "as_set" : "origin_in_set");
  }
  if (at == 1) {
    add_reason(reading.reasons, "self_report");
  }
  if (has_valley(reading.path)) {
    add_reason(reading.reasons, "valley");
  }
  return reading;
}

}  // namespace isthmus::collector
