#include "probe/trace/known_branches.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace isthmus::probe {
namespace {

/// A router at a TTL, with the one before it on the same flow; no one before it: the router itself.
struct Piece {
  std::uint8_t ttl = 0;
  IpAddress address;
  std::optional<IpAddress> before;
  friend auto operator<=>(const Piece&, const Piece&) = default;
};

std::set<Piece> pieces_of(const Traceroute& trace) {
  std::set<Piece> pieces;
  const Hop* before = nullptr;
  for (const Hop& hop : trace.hops) {
    for (const Reply& reply : hop.replies) {
      pieces.insert({hop.ttl, reply.address, std::nullopt});
      if (before != nullptr && before->ttl + 1 == hop.ttl && !before->replies.empty()) {
        pieces.insert({hop.ttl, reply.address, before->replies.front().address});
      }
    }
    before = &hop;
  }
  return pieces;
}

bool contains(const std::vector<IpAddress>& sorted, const IpAddress& address) {
  return std::binary_search(sorted.begin(), sorted.end(), address);
}

/// What one visit of a TTL showed.
struct Visit {
  std::vector<IpAddress> seen;
  bool has_silence = false;
  bool is_new = false;
};

Visit visit_of(const TraceState& state, const KnownBranches& known,
               const std::vector<std::uint16_t>& flows, std::uint8_t ttl) {
  const auto& addresses = known.hops[static_cast<std::size_t>(ttl - known.first_ttl)];
  Visit visit;
  for (const std::uint16_t flow : flows) {
    const Reply* const reply = state.reply_to({ttl, flow});
    if (reply == nullptr) {
      visit.has_silence = visit.has_silence || state.state_of({ttl, flow}) == CellState::Silent;
      continue;
    }
    visit.is_new = visit.is_new || !contains(addresses, reply->address);
    visit.seen.push_back(reply->address);
  }
  return visit;
}

bool is_missing(const std::vector<IpAddress>& known, const Visit& visit) {
  return !visit.has_silence && std::any_of(known.begin(), known.end(), [&](const auto& each) {
    return std::find(visit.seen.begin(), visit.seen.end(), each) == visit.seen.end();
  });
}

/// Whether a flow ended at or before a TTL.
bool has_ended(const TraceState& state, const TraceOptions& options, std::uint16_t flow, int last) {
  for (int ttl = options.first_ttl; ttl <= last; ++ttl) {
    const Reply* const reply = state.reply_to({static_cast<std::uint8_t>(ttl), flow});
    if (reply != nullptr && terminal_reason(*reply, state.destination())) {
      return true;
    }
  }
  return false;
}

std::vector<std::uint16_t> flows_to_visit(const TraceOptions& options) {
  std::vector<std::uint16_t> flows = options.known->flows;
  if (std::find(flows.begin(), flows.end(), options.fresh_flow) == flows.end()) {
    flows.push_back(options.fresh_flow);
  }
  return flows;
}

}  // namespace

KnownBranches learn_branches(std::span<const Traceroute> traces) {
  KnownBranches known;
  std::map<std::uint16_t, std::set<Piece>> by_flow;
  std::set<Piece> open;
  std::map<std::uint8_t, std::set<IpAddress>> by_ttl;
  for (const Traceroute& trace : traces) {
    by_flow[trace.flow] = pieces_of(trace);
    open.insert(by_flow[trace.flow].begin(), by_flow[trace.flow].end());
    known.reaches_target = known.reaches_target || trace.stop == StopReason::Completed;
  }
  for (const Piece& piece : open) {
    by_ttl[piece.ttl].insert(piece.address);
  }
  while (!open.empty()) {
    const auto covers = [&](const std::set<Piece>& pieces) {
      return std::count_if(pieces.begin(), pieces.end(),
                           [&](const Piece& piece) { return open.contains(piece); });
    };
    const auto best =
        std::max_element(by_flow.begin(), by_flow.end(), [&](const auto& left, const auto& right) {
          return covers(left.second) < covers(right.second);
        });
    known.flows.push_back(best->first);
    for (const Piece& piece : best->second) {
      open.erase(piece);
    }
  }
  std::sort(known.flows.begin(), known.flows.end());
  if (!by_ttl.empty()) {
    known.first_ttl = by_ttl.begin()->first;
    known.hops.resize(static_cast<std::size_t>(by_ttl.rbegin()->first - known.first_ttl) + 1);
    for (const auto& [ttl, addresses] : by_ttl) {
      known.hops[static_cast<std::size_t>(ttl - known.first_ttl)].assign(addresses.begin(),
                                                                         addresses.end());
    }
  }
  return known;
}

bool plan_revisit(const TraceState& state, const TraceOptions& options,
                  std::vector<CellKey>& wanted) {
  const KnownBranches& known = *options.known;
  if (known.flows.empty() || known.first_ttl < options.first_ttl) {
    return false;
  }
  const int last =
      std::min<int>(options.max_ttl, known.first_ttl + static_cast<int>(known.hops.size()) - 1);
  const auto flows = flows_to_visit(options);
  for (const std::uint16_t flow : flows) {
    for (int ttl = known.first_ttl; ttl <= last && !has_ended(state, options, flow, ttl); ++ttl) {
      const CellKey key{static_cast<std::uint8_t>(ttl), flow};
      if (state.state_of(key) == CellState::Idle) {
        wanted.push_back(key);
      }
    }
  }
  if (!wanted.empty()) {
    return true;
  }
  for (int ttl = known.first_ttl; ttl <= last; ++ttl) {
    const auto& addresses = known.hops[static_cast<std::size_t>(ttl - known.first_ttl)];
    const Visit visit = visit_of(state, known, flows, static_cast<std::uint8_t>(ttl));
    if (visit.is_new || is_missing(addresses, visit)) {
      return false;
    }
  }
  return !known.reaches_target || std::all_of(flows.begin(), flows.end(), [&](std::uint16_t flow) {
    const CellKey end{static_cast<std::uint8_t>(last), flow};
    return has_ended(state, options, flow, last) || state.reply_to(end) == nullptr;
  });
}

}  // namespace isthmus::probe
