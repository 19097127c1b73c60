#pragma once

#include "core/base/hash.hpp"
#include "tests/collector/detect/stories.hpp"

/// Probes that trace Star JV, for stories of the data plane.
namespace isthmus::testing {

inline const std::string kStarPrefix = "175.45.176.0/24";

/// What a probe, alone in its network unless told otherwise, sees at a time.
inline Observation traced(std::uint32_t probe, Duration at, std::uint32_t over,
                          std::uint32_t before = 6939) {
  Observation seen;
  seen.target = "star";
  seen.time = seen.receive_time = kStoryStart + at;
  seen.vantage = {Plane::Data, "probe" + std::to_string(probe), IpAddress::v4(0xcb007100 + probe),
                  Asn{20'000 + probe}};
  seen.prefix = Prefix::parse(kStarPrefix).value();
  seen.verdict = Verdict::Upstream;
  seen.grade = Grade::A;
  seen.upstreams = {Asn{over}};
  seen.path = {seen.vantage.asn, Asn{before}, Asn{over}, Asn{131279}};
  TraceEvidence evidence;
  evidence.upstream_addresses = {IpAddress::v4(over * 16),
                                 IpAddress::v4(over * 16 + 1 + probe % 2)};
  evidence.run_length = 2;
  evidence.reached = true;
  evidence.rtt = 200ms;
  seen.trace = evidence;
  seen.evidence_id = combine(static_cast<std::uint64_t>(at.count()), probe);
  return seen;
}

inline Observation silent(std::uint32_t probe, Duration at) {
  Observation seen = traced(probe, at, 4837);
  seen.verdict = Verdict::Unreachable;
  seen.grade = Grade::X;
  seen.upstreams.clear();
  seen.trace->reached = false;
  return seen;
}

/// Probes trace once a minute, a little apart.
inline void trace_rounds(StoryTeller& story, std::uint32_t first, std::uint32_t count,
                         Duration from, Duration until, std::uint32_t over,
                         std::uint32_t before = 6939) {
  for (std::uint32_t probe = first; probe < first + count; ++probe) {
    for (Duration at = from + probe * 2s; at < until; at += 1min) {
      story.trace(traced(probe, at, over, before));
    }
  }
}

}  // namespace isthmus::testing
