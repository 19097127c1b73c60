#include "collector/detect/input_buffer.hpp"

#include <tuple>

namespace isthmus::collector {
namespace {

auto key(const PendingInput& input) {
  const Observation& seen = input.observation;
  return std::tie(seen.time, seen.vantage, input.sequence, seen.prefix, input.path_id, input.kind,
                  seen.evidence_id, seen.raw_path, seen.verdict, seen.upstreams, input.since,
                  seen.grade, seen.path);
}

}  // namespace

bool InputOrder::operator()(const PendingInput& left, const PendingInput& right) const {
  return key(left) < key(right);
}

}  // namespace isthmus::collector
