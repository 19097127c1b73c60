#include "probe/trace/multipath.hpp"

#include <algorithm>

#include "probe/trace/stopping_point.hpp"

namespace isthmus::probe {
namespace {

/// An interface at one TTL, and the flows that were seen to pass it.
struct Vertex {
  IpAddress address;
  std::vector<std::uint16_t> flows;
};

/// What one TTL showed.
struct Level {
  std::vector<Vertex> vertices;       ///< that forwarded: not the flows' ends
  std::vector<std::uint16_t> silent;  ///< flows that got no answer
  bool has_end = false;               ///< some flow ended here
  bool has_answer = false;
};

Level level_at(const TraceState& state, std::uint8_t ttl) {
  Level level;
  for (std::uint16_t flow = 0; flow < state.flow_count(); ++flow) {
    const CellKey key{ttl, flow};
    if (state.state_of(key) == CellState::Silent) {
      level.silent.push_back(flow);
    }
    const Reply* const reply = state.reply_to(key);
    if (reply == nullptr) {
      continue;
    }
    level.has_answer = true;
    if (terminal_reason(*reply, state.destination())) {
      level.has_end = true;
      continue;
    }
    auto vertex = std::find_if(level.vertices.begin(), level.vertices.end(),
                               [&](const Vertex& each) { return each.address == reply->address; });
    if (vertex == level.vertices.end()) {
      level.vertices.push_back({reply->address, {}});
      vertex = std::prev(level.vertices.end());
    }
    vertex->flows.push_back(flow);
  }
  return level;
}

/// Collects the wishes of one round; no cell twice, no flow past the budget.
class Wishes {
 public:
  Wishes(const TraceState& state, const TraceOptions& options, std::vector<CellKey>& wanted)
      : state_{state},
        options_{options},
        wanted_{wanted} {}

  [[nodiscard]] bool is_idle(CellKey key) const {
    return state_.state_of(key) == CellState::Idle &&
           std::find(wanted_.begin(), wanted_.end(), key) == wanted_.end();
  }

  bool add(CellKey key) {
    if (!is_idle(key)) {
      return false;
    }
    wanted_.push_back(key);
    return true;
  }

  /// The lowest flows that were not used at a TTL yet.
  void add_fresh(std::uint8_t ttl, int count) {
    for (std::uint16_t flow = 0; flow < options_.multipath_flows && count > 0; ++flow) {
      count -= add({ttl, flow}) ? 1 : 0;
    }
  }

 private:
  const TraceState& state_;
  const TraceOptions& options_;
  std::vector<CellKey>& wanted_;
};

/// How many more flows through these must be probed at the next TTL.
int deficit(const TraceState& state, const TraceOptions& options,
            const std::vector<std::uint16_t>& flows, std::uint8_t next) {
  std::vector<IpAddress> successors;
  int probed = 0;
  for (const std::uint16_t flow : flows) {
    const CellState cell = state.state_of({next, flow});
    probed += cell == CellState::Answered || cell == CellState::Silent ? 1 : 0;
    const Reply* const reply = state.reply_to({next, flow});
    if (reply != nullptr &&
        std::find(successors.begin(), successors.end(), reply->address) == successors.end()) {
      successors.push_back(reply->address);
    }
  }
  const int known = std::max<int>(1, static_cast<int>(successors.size()));
  return stopping_point(known, *options.multipath_failure) - probed;
}

/// Wishes for the TTL behind a vertex; returns how many flows through it are still lacking.
int extend(const TraceState& state, const TraceOptions& options, const Vertex& vertex,
           std::uint8_t next, Wishes& wishes) {
  int lacking = deficit(state, options, vertex.flows, next);
  for (const std::uint16_t flow : vertex.flows) {
    if (lacking <= 0) {
      return 0;
    }
    lacking -= wishes.add({next, flow}) ? 1 : 0;
  }
  return std::max(0, lacking);
}

std::vector<std::uint16_t> all_flows(const TraceState& state) {
  std::vector<std::uint16_t> flows(state.flow_count());
  for (std::size_t i = 0; i < flows.size(); ++i) {
    flows[i] = static_cast<std::uint16_t>(i);
  }
  return flows;
}

/// False if flows through some vertex are lacking still: what lies deeper would ask for its own.
bool plan_level(const TraceState& state, const TraceOptions& options, const Level& level,
                std::uint8_t ttl, Wishes& wishes) {
  const auto next = static_cast<std::uint8_t>(ttl + 1);
  if (level.vertices.size() <= 1 && !level.has_end) {
    // Every flow passes the only interface, or the silent hop.
    wishes.add_fresh(next, deficit(state, options, all_flows(state), next));
    return true;
  }
  int lacking = 0;
  for (const Vertex& vertex : level.vertices) {
    lacking = std::max(lacking, extend(state, options, vertex, next, wishes));
  }
  if (lacking > 0) {
    // Each new flow hits a given one of the n vertices once in n times; a quarter of what is
    // expected to be needed, since the next round asks again and a flow too many costs two packets.
    const int width = static_cast<int>(level.vertices.size());
    wishes.add_fresh(ttl, (lacking * width + 3) / 4);
  }
  return lacking == 0;
}

}  // namespace

void plan_multipath(const TraceState& state, const TraceOptions& options,
                    std::vector<CellKey>& wanted) {
  Wishes wishes{state, options, wanted};
  const std::uint8_t first = options.first_ttl;
  wishes.add_fresh(first, deficit(state, options, all_flows(state), first));
  int silent = 0;
  for (std::uint8_t ttl = first; ttl < options.max_ttl && ttl <= state.top_ttl(); ++ttl) {
    const Level level = level_at(state, ttl);
    silent = level.has_answer ? 0 : silent + 1;
    const bool is_over = level.vertices.empty() && (level.has_end || level.silent.empty());
    if (is_over || silent >= options.gap_limit || !plan_level(state, options, level, ttl, wishes)) {
      return;
    }
  }
}

}  // namespace isthmus::probe
