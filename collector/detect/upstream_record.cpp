#include "collector/detect/upstream_record.hpp"

#include <algorithm>
#include <cmath>

namespace isthmus::collector {
namespace {

constexpr double kCap = 4.0;
constexpr double kCapOnlyC = 1.4;

double lambda(Grade grade) {
  switch (grade) {
    case Grade::A:
      return 3.0;
    case Grade::B:
      return 2.0;
    case Grade::C:
      return 0.7;
    default:
      return 0;
  }
}

}  // namespace

double weight_at(const GroupWeight& weight, TimePoint now, const DetectorSettings& settings) {
  const double age = to_seconds(now - weight.at) / to_seconds(settings.half_life);
  return age <= 0 ? weight.nats : weight.nats * std::exp2(-age);
}

void weigh(UpstreamRecord& record, const Observation& observation,
           const DetectorSettings& settings) {
  const bool names = std::find(observation.upstreams.begin(), observation.upstreams.end(),
                               record.asn) != observation.upstreams.end();
  const Asn group = observation.vantage.asn;
  if (record.told_gone_at && observation.time <= *record.told_gone_at) {
    return;
  }
  if (!names && !record.weights.contains(group)) {
    return;
  }
  GroupWeight& weight = record.weights[group];
  weight.nats = weight_at(weight, observation.time, settings);
  weight.at = observation.time;
  if (names) {
    if (observation.grade == Grade::A || observation.grade == Grade::B) {
      weight.only_grade_c = false;
    }
    const double part = 1.0 / static_cast<double>(observation.upstreams.size());
    weight.nats = std::min(weight.only_grade_c ? kCapOnlyC : kCap,
                           weight.nats + lambda(observation.grade) * part);
    weight.named_at = observation.time;
    if (observation.trace) {
      weight.addresses.insert(observation.trace->upstream_addresses.begin(),
                              observation.trace->upstream_addresses.end());
    }
  } else if (observation.grade == Grade::A || observation.grade == Grade::B) {
    weight.nats = std::max(0.0, weight.nats - 1.0);
  }
}

}  // namespace isthmus::collector
