#include "collector/publish/state_json.hpp"

#include <algorithm>
#include <vector>

#include "collector/publish/json_list.hpp"
#include "collector/record/fields.hpp"

namespace isthmus::collector {
namespace {

template <typename T>
void write_map(JsonWriter& writer, std::string_view key, const T& counts) {
  writer.group(key, [&](JsonWriter& inner) {
    for (const auto& [name, count] : counts) {
      inner(name, count);
    }
  });
}

/// Writes the parts of one snapshot into one text.
class StateWriter {
 public:
  StateWriter(std::string& out, const Snapshot& snapshot) : out_{out}, snapshot_{snapshot} {}

  void upstream(JsonWriter& writer, const UpstreamStatus& upstream) {
    const AsDescription as = snapshot_.describe(upstream.asn);
    writer("asn", upstream.asn);
    writer("name", as.name);
    writer("cc", as.country.empty() ? std::nullopt : std::optional{as.country});
    writer("state", upstream.state);
    writer("class", upstream.upstream_class);
    writer("via_ixp", upstream.via_ixp);
    writer("front_of", upstream.front_of);
    write_list(out_, writer, "planes", upstream.planes, [](JsonWriter& inner, const auto& plane) {
      inner("plane", plane.plane);
      inner("share", plane.share);
      inner("lower", plane.lower);
      inner("upper", plane.upper);
      inner("hegemony", plane.hegemony);
      inner("vantages", plane.vantages);
    });
    writer("score", upstream.score);
    writer("confidence", upstream.confidence);
    writer("first_seen", upstream.first_seen);
    writer("last_seen", upstream.last_seen);
    writer("confirmed_at", upstream.confirmed_at);
    if (const RttStats& rtt = upstream.rtt; rtt.count > 0) {
      writer.group("rtt", [&](JsonWriter& inner) {
        inner("count", rtt.count);
        inner("median_us", rtt.median);
        inner("min_us", rtt.min);
        inner("gap_us", rtt.gap);
      });
    } else {
      writer("rtt", std::optional<bool>{});
    }
  }

  void target(JsonWriter& writer, const TargetStatus& target) {
    writer("target", target.target);
    writer("family", target.family);
    writer("time", target.time);
    writer("learning", target.learning);
    writer("plane_disagreement", target.plane_disagreement);
    write_list(out_, writer, "vantages", target.vantages, [](JsonWriter& inner, const auto& each) {
      inner("plane", each.plane);
      inner("conclusive", each.conclusive);
      inner("inconclusive", each.inconclusive);
      inner("unreachable", each.unreachable);
      inner("stale", each.stale);
    });
    write_list(out_, writer, "upstreams", by_share(target),
               [&](JsonWriter& inner, const UpstreamStatus* each) { upstream(inner, *each); });
    write_list(out_, writer, "prefixes", target.prefixes,
               [&](JsonWriter& inner, const PrefixStatus& each) { prefix(inner, each); });
  }

 private:
  void prefix(JsonWriter& writer, const PrefixStatus& prefix) {
    writer("prefix", prefix.prefix);
    write_list(out_, writer, "planes", prefix.planes, [](JsonWriter& inner, const auto& plane) {
      inner("plane", plane.plane);
      inner("reachable", plane.reachable);
      inner("shares", plane.shares);
    });
  }

  static std::vector<const UpstreamStatus*> by_share(const TargetStatus& target) {
    const auto share = [](const UpstreamStatus* upstream) {
      double greatest = 0;
      for (const PlaneShare& plane : upstream->planes) {
        greatest = std::max(greatest, plane.share);
      }
      return greatest;
    };
    std::vector<const UpstreamStatus*> list;
    for (const UpstreamStatus& upstream : target.upstreams) {
      list.push_back(&upstream);
    }
    std::stable_sort(list.begin(), list.end(), [&](const auto* left, const auto* right) {
      return share(left) > share(right);
    });
    return list;
  }

  std::string& out_;
  const Snapshot& snapshot_;
};

/// An object that begins with the generation and the time of the snapshot.
template <typename F>
std::string document(const Snapshot& snapshot, const F& fill) {
  std::string out;
  JsonWriter writer{out};
  StateWriter state{out, snapshot};
  writer.object([&](JsonWriter& inner) {
    inner("generation", snapshot.generation);
    inner("time", snapshot.time);
    fill(out, inner, state);
  });
  return out;
}

/// The same without the generation, for what does not change with it.
template <typename F>
std::string timed_document(const Snapshot& snapshot, const F& fill) {
  std::string out;
  JsonWriter writer{out};
  writer.object([&](JsonWriter& inner) {
    inner("time", snapshot.time);
    fill(out, inner);
  });
  return out;
}

bool fits(const TargetStatus& target, const StateFilter& filter) {
  return (!filter.target || *filter.target == target.target) &&
         (!filter.family || *filter.family == target.family);
}

/// The targets that fit, by name and family.
std::vector<const TargetStatus*> fitting(const Snapshot& snapshot, const StateFilter& filter) {
  std::vector<const TargetStatus*> list;
  for (const TargetStatus& target : snapshot.targets) {
    if (fits(target, filter)) {
      list.push_back(&target);
    }
  }
  std::sort(list.begin(), list.end(), [](const TargetStatus* left, const TargetStatus* right) {
    return std::pair{left->target, left->family} < std::pair{right->target, right->family};
  });
  return list;
}

void write_feed(std::string& out, JsonWriter& writer, const FeedStatus& feed) {
  writer("name", feed.name);
  writer("kind", feed.kind);
  writer("state", feed.state);
  writer("detail", feed.detail);
  writer("blind", feed.blind);
  writer("lag_s", to_seconds(feed.lag));
  writer("last_message", feed.last_message);
  writer("messages", feed.counters.messages);
  writer("elements", feed.counters.elements);
  writer("bytes", feed.counters.bytes);
  writer("gaps", feed.counters.gaps);
  write_map(writer, "skipped", feed.counters.skipped);
  write_list(out, writer, "peers", feed.peers, [](JsonWriter& inner, const FeedPeerStatus& peer) {
    inner("asn", peer.asn);
    inner("address", peer.address);
    inner("view", peer.view);
    inner("state", peer.state);
    inner("last_message", peer.last_message);
    inner("lag_s", to_seconds(peer.lag));
    inner("routes", peer.routes);
  });
}

bool is_live(const FeedStatus& feed) {
  return feed.state == FeedState::Live && !feed.blind;
}

bool stands(const UpstreamStatus& upstream) {
  return upstream.state == UpstreamState::Confirmed || upstream.state == UpstreamState::Established;
}

}  // namespace

std::string targets_json(const Snapshot& snapshot, const StateFilter& filter) {
  return document(snapshot, [&](std::string& out, JsonWriter& writer, StateWriter& state) {
    write_list(
        out, writer, "targets", fitting(snapshot, filter),
        [&](JsonWriter& inner, const TargetStatus* target) { state.target(inner, *target); });
  });
}

std::optional<std::string> target_json(const Snapshot& snapshot, const std::string& target) {
  const auto families = fitting(snapshot, {.target = target});
  if (families.empty()) {
    return std::nullopt;
  }
  return document(snapshot, [&](std::string& out, JsonWriter& writer, StateWriter& state) {
    writer("target", target);
    write_list(out, writer, "families", families,
               [&](JsonWriter& inner, const TargetStatus* each) { state.target(inner, *each); });
  });
}

std::string upstreams_json(const Snapshot& snapshot, const StateFilter& filter) {
  struct Row {
    const TargetStatus* target;
    const UpstreamStatus* upstream;
  };
  std::vector<Row> rows;
  for (const TargetStatus* const target : fitting(snapshot, filter)) {
    const std::size_t first = rows.size();
    for (const UpstreamStatus& upstream : target->upstreams) {
      if (filter.states.empty() || filter.states.contains(upstream.state)) {
        rows.push_back({target, &upstream});
      }
    }
    std::sort(
        rows.begin() + static_cast<std::ptrdiff_t>(first), rows.end(),
        [](const Row& left, const Row& right) { return left.upstream->asn < right.upstream->asn; });
  }
  return document(snapshot, [&](std::string& out, JsonWriter& writer, StateWriter& state) {
    write_list(out, writer, "upstreams", rows, [&](JsonWriter& inner, const Row& row) {
      inner("target", row.target->target);
      inner("family", row.target->family);
      state.upstream(inner, *row.upstream);
    });
  });
}

std::string probes_json(const Snapshot& snapshot) {
  return timed_document(snapshot, [&](std::string& out, JsonWriter& writer) {
    write_list(out, writer, "probes", snapshot.probes,
               [](JsonWriter& inner, const ProbeStatus& probe) {
                 inner("name", probe.name);
                 inner("group", probe.group);
                 inner("address", probe.address);
                 inner("up", probe.up);
                 inner("last_result", probe.last_result);
                 inner("clock_offset_us", probe.clock_offset);
                 write_map(inner, "results", probe.results);
                 inner("software", probe.software);
                 inner("certificate_expires", probe.certificate_expiry);
               });
  });
}

std::string feeds_json(const Snapshot& snapshot) {
  return timed_document(snapshot, [&](std::string& out, JsonWriter& writer) {
    write_list(out, writer, "feeds", snapshot.feeds,
               [&](JsonWriter& inner, const FeedStatus& feed) { write_feed(out, inner, feed); });
    write_list(
        out, writer, "tables", snapshot.tables, [&](JsonWriter& inner, const TableStatus& table) {
          inner("source", table.source);
          inner("version", table.version);
          inner("age_s",
                table.made ? std::optional{to_seconds(snapshot.time - *table.made)} : std::nullopt);
          inner("prefixes", table.prefixes);
        });
  });
}

std::string status_json(const Snapshot& snapshot) {
  std::set<std::string_view> targets;
  std::size_t upstreams = 0;
  for (const TargetStatus& target : snapshot.targets) {
    targets.insert(target.target);
    upstreams += static_cast<std::size_t>(
        std::count_if(target.upstreams.begin(), target.upstreams.end(), stands));
  }
  const auto up = std::count_if(snapshot.probes.begin(), snapshot.probes.end(),
                                [](const ProbeStatus& probe) { return probe.up; });
  const auto live = std::count_if(snapshot.feeds.begin(), snapshot.feeds.end(), is_live);
  std::string out;
  JsonWriter writer{out};
  writer.object([&](JsonWriter& inner) {
    inner("version", snapshot.build.version);
    inner("revision", snapshot.build.revision);
    inner("generation", snapshot.generation);
    inner("time", snapshot.time);
    inner("started", snapshot.started);
    inner("targets", targets.size());
    inner("upstreams", upstreams);
    inner.group("probes", [&](JsonWriter& counts) {
      counts("up", up);
      counts("all", snapshot.probes.size());
    });
    inner.group("feeds", [&](JsonWriter& counts) {
      counts("up", live);
      counts("all", snapshot.feeds.size());
    });
  });
  return out;
}

}  // namespace isthmus::collector
