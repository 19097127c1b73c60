#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/time.hpp"
#include "core/route/hop.hpp"

namespace isthmus::probe {

/// What an earlier multipath trace showed of the way to a destination: see `learn_branches`.
struct KnownBranches {
  std::vector<std::uint16_t> flows;          ///< ascending: together they pass everything
  std::uint8_t first_ttl = 1;                ///< of `hops`
  std::vector<std::vector<IpAddress>> hops;  ///< addresses by TTL, ascending
  bool reaches_target = false;
};

/// How to trace one destination.
struct TraceOptions {
  std::uint8_t first_ttl = 1;
  std::uint8_t max_ttl = 32;   ///< at most kMaxTtl
  std::uint8_t attempts = 2;   ///< probe packets to a silent hop, 1 to 8
  std::uint8_t gap_limit = 5;  ///< silent hops in a row that end a trace
  std::uint8_t window = 8;     ///< probe packets of one trace under way at once, 1 to 63
  Duration timeout = std::chrono::seconds{1};
  double destination_rate = 500;  ///< probe packets a second towards one destination; 0: no limit
  std::uint16_t flow = 0;         ///< Paris flow of a single-path trace
  /// Find all branches (MDA): the probability, for each load balancer, of missing one of its
  /// branches; 0.05 is the usual one. Nothing: one path.
  std::optional<double> multipath_failure;
  std::uint16_t multipath_flows = 512;  ///< flows that MDA may spend on one target
  /// Multipath only: visit these again and one fresh flow, and look for all branches only if
  /// something has changed. Null: look for all.
  std::shared_ptr<const KnownBranches> known;
  std::uint16_t fresh_flow = 0;  ///< below `multipath_flows`; another one each time
};

}  // namespace isthmus::probe
