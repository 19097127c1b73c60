#include "collector/publish/as_graph.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "collector/detect/vantage_state.hpp"
#include "core/route/as_path.hpp"

namespace isthmus::collector {
namespace {

/// ASes from the target outwards, each once in a row.
using Chain = std::vector<Asn>;

/// All routes that go the same way.
struct Bundle {
  double share = 0;
  std::set<Asn> groups;
  TimePoint since;
};

/// What a link carries while the graph grows.
struct Flow {
  double share = 0;
  std::set<Asn> groups;
  TimePoint since;

  void add(double more, const std::set<Asn>& of, TimePoint from) {
    since = groups.empty() ? from : std::min(since, from);
    share += more;
    groups.insert(of.begin(), of.end());
  }
};

/// The path outwards; the upstream that the detector named stands next to the target whatever is
/// between them in the path (a sibling, a route server). Sets are left out: nobody knows in which
/// order they were passed.
Chain chain_of(const RouteInterval& interval) {
  Chain chain;
  const std::optional<AsPath> path = AsPath::parse(interval.path);
  if (!path || !interval.upstream) {
    return chain;
  }
  Chain inwards;
  for (const AsPath::Segment& segment : path->segments()) {
    if (segment.type == SegmentType::Sequence) {
      const auto asns = path->asns(segment);
      inwards.insert(inwards.end(), asns.begin(), asns.end());
    }
  }
  if (inwards.empty()) {
    return chain;
  }
  chain.push_back(inwards.back());
  const auto upstream = std::find(inwards.rbegin(), inwards.rend(), *interval.upstream);
  if (upstream == inwards.rend()) {
    chain.push_back(*interval.upstream);
    return chain;
  }
  for (auto at = upstream; at != inwards.rend(); ++at) {
    if (std::find(chain.begin(), chain.end(), *at) == chain.end()) {
      chain.push_back(*at);
    }
  }
  return chain;
}

std::map<Chain, Bundle> bundles_of(const std::vector<RouteInterval>& standing, std::size_t hops) {
  std::map<Prefix, std::map<Asn, std::size_t>> points;
  for (const RouteInterval& interval : standing) {
    ++points[interval.prefix][interval.vantage.asn];
  }
  double weights = 0;
  for (const auto& [prefix, groups] : points) {
    weights += prefix_weight(prefix);
  }
  std::map<Chain, Bundle> bundles;
  for (const RouteInterval& interval : standing) {
    Chain chain = chain_of(interval);
    if (chain.size() < 2) {
      continue;
    }
    chain.resize(std::min(chain.size(), hops + 1));
    const auto& groups = points[interval.prefix];
    Bundle& bundle = bundles[chain];
    bundle.since = bundle.groups.empty() ? interval.from : std::min(bundle.since, interval.from);
    bundle.share += prefix_weight(interval.prefix) / weights / static_cast<double>(groups.size()) /
                    static_cast<double>(groups.at(interval.vantage.asn));
    bundle.groups.insert(interval.vantage.asn);
  }
  return bundles;
}

class Builder {
 public:
  /// The heaviest bundles first, so that it is the light ones that get nodes of their own where a
  /// circle would close.
  void add(const std::map<Chain, Bundle>& bundles) {
    std::vector<std::pair<const Chain*, const Bundle*>> order;
    for (const auto& [chain, bundle] : bundles) {
      order.emplace_back(&chain, &bundle);
    }
    std::stable_sort(order.begin(), order.end(), [](const auto& left, const auto& right) {
      return left.second->share > right.second->share;
    });
    for (const auto& [chain, bundle] : order) {
      add(*chain, *bundle);
    }
    std::set<std::string> done;
    for (const auto& [id, node] : nodes_) {
      set_layer(id, done);
    }
  }

  /// Puts the smallest nodes of each layer together until there are few enough.
  void shrink(std::size_t limit) {
    std::vector<std::pair<double, std::string>> order;
    for (const auto& [id, node] : nodes_) {
      if (node.role == GraphRole::Transit || node.role == GraphRole::Vantage) {
        order.emplace_back(node.share, id);
      }
    }
    std::sort(order.begin(), order.end());
    std::map<std::string, std::string> renamed;
    std::set<std::size_t> others;
    for (const auto& [share, id] : order) {
      if (nodes_.size() - renamed.size() + others.size() <= limit) {
        break;
      }
      const std::size_t layer = nodes_.at(id).layer;
      others.insert(layer);
      renamed[id] = "other:" + std::to_string(layer);
    }
    for (const auto& [id, other] : renamed) {
      GraphNode& node = nodes_.try_emplace(other, GraphNode{.id = other}).first->second;
      node.role = GraphRole::Other;
      node.layer = nodes_.at(id).layer;
      node.share += nodes_.at(id).share;
      nodes_.erase(id);
    }
    rename_links(renamed);
  }

  void finish(AsGraph& graph) const {
    for (const auto& [id, node] : nodes_) {
      graph.nodes.push_back(node);
      graph.nodes.back().share = std::min(1.0, node.share);
    }
    std::stable_sort(
        graph.nodes.begin(), graph.nodes.end(), [](const GraphNode& left, const GraphNode& right) {
          return std::tuple{left.layer, -left.share} < std::tuple{right.layer, -right.share};
        });
    for (const auto& [ends, flow] : links_) {
      graph.links.push_back(
          {ends.first, ends.second, std::min(1.0, flow.share), flow.groups.size(), flow.since});
    }
    std::stable_sort(
        graph.links.begin(), graph.links.end(),
        [](const GraphLink& left, const GraphLink& right) { return left.share > right.share; });
  }

 private:
  void add(const Chain& chain, const Bundle& bundle) {
    std::string inner = node(chain.front(), {}, GraphRole::Target, bundle.share);
    for (std::size_t i = 1; i < chain.size(); ++i) {
      const bool last = i + 1 == chain.size() && bundle.groups.contains(chain[i]);
      const GraphRole role = i == 1 ? GraphRole::Upstream
                             : last ? GraphRole::Vantage
                                    : GraphRole::Transit;
      std::string outer = std::to_string(chain[i].value);
      if (reaches(inner, outer)) {
        outer = node(chain[i], ':' + std::to_string(i), role, bundle.share);
      } else {
        outer = node(chain[i], {}, role, bundle.share);
      }
      links_[{outer, inner}].add(bundle.share, bundle.groups, bundle.since);
      inwards_[outer].insert(inner);
      inner = std::move(outer);
    }
  }

  std::string node(Asn asn, const std::string& suffix, GraphRole role, double share) {
    std::string id = std::to_string(asn.value) + suffix;
    GraphNode& node =
        nodes_.try_emplace(id, GraphNode{.id = id, .asn = asn, .role = role}).first->second;
    node.role = std::min(node.role, role);  // an upstream stays one
    node.share += share;
    return id;
  }

  /// Whether links lead inwards from one node to another.
  [[nodiscard]] bool reaches(const std::string& from, const std::string& to) const {
    std::set<std::string> seen;
    std::vector<std::string> open{from};
    while (!open.empty()) {
      const std::string id = std::move(open.back());
      open.pop_back();
      if (id == to) {
        return true;
      }
      if (const auto next = inwards_.find(id); seen.insert(id).second && next != inwards_.end()) {
        open.insert(open.end(), next->second.begin(), next->second.end());
      }
    }
    return false;
  }

  std::size_t set_layer(const std::string& id, std::set<std::string>& done) {
    GraphNode& node = nodes_.at(id);
    if (!done.insert(id).second) {
      return node.layer;
    }
    if (const auto next = inwards_.find(id); next != inwards_.end()) {
      for (const std::string& inner : next->second) {
        node.layer = std::max(node.layer, set_layer(inner, done) + 1);
      }
    }
    return node.layer;
  }

  void rename_links(const std::map<std::string, std::string>& renamed) {
    const auto name = [&](const std::string& id) {
      const auto found = renamed.find(id);
      return found == renamed.end() ? id : found->second;
    };
    std::map<std::pair<std::string, std::string>, Flow> links;
    for (const auto& [ends, flow] : links_) {
      links[{name(ends.first), name(ends.second)}].add(flow.share, flow.groups, flow.since);
    }
    links_ = std::move(links);
  }

  std::map<std::string, GraphNode> nodes_;
  std::map<std::pair<std::string, std::string>, Flow> links_;
  std::map<std::string, std::set<std::string>> inwards_;
};

}  // namespace

std::string_view to_string(GraphRole role) {
  constexpr std::array<std::string_view, 5> kNames{"target", "upstream", "transit", "vantage",
                                                   "other"};
  return kNames.at(static_cast<std::size_t>(role));
}

AsGraph as_graph(const std::vector<RouteInterval>& standing, const GraphLimits& limits) {
  std::vector<RouteInterval> routes;
  AsGraph graph;
  std::set<Asn> groups;
  for (const RouteInterval& interval : standing) {
    graph.since = graph.since ? std::max(*graph.since, interval.from) : interval.from;
    if (interval.until) {
      graph.until = graph.until ? std::min(*graph.until, *interval.until) : *interval.until;
    }
    if (interval.verdict == Verdict::Upstream && interval.upstream) {
      routes.push_back(interval);
      groups.insert(interval.vantage.asn);
    }
  }
  graph.groups = groups.size();
  Builder builder;
  builder.add(bundles_of(routes, limits.hops));
  builder.shrink(limits.nodes);
  builder.finish(graph);
  return graph;
}

}  // namespace isthmus::collector
