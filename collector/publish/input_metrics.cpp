#include "collector/publish/input_metrics.hpp"

#include <string>

namespace isthmus::collector {
namespace {

std::string group_of(const ProbeStatus& probe) {
  return std::to_string(probe.group.value);
}

template <typename F>
void each_probe(const Snapshot& snapshot, MetricSink& sink, const MetricInfo& info, const F& put) {
  sink.begin(info);
  for (const ProbeStatus& probe : snapshot.probes) {
    put(probe, group_of(probe));
  }
}

void visit_probes(const Snapshot& snapshot, MetricSink& sink) {
  each_probe(snapshot, sink, metrics::kProbeUp,
             [&](const ProbeStatus& probe, const std::string& group) {
               sink.sample({probe.name, group}, probe.up ? 1 : 0);
             });
  const auto timestamp = [&](const MetricInfo& info, std::optional<TimePoint> ProbeStatus::*time) {
    each_probe(snapshot, sink, info, [&](const ProbeStatus& probe, const std::string& group) {
      if (probe.*time) {
        sink.sample({probe.name, group}, to_seconds((probe.*time)->time_since_epoch()));
      }
    });
  };
  timestamp(metrics::kProbeLastResult, &ProbeStatus::last_result);
  each_probe(snapshot, sink, metrics::kProbeClock,
             [&](const ProbeStatus& probe, const std::string& group) {
               if (probe.clock_offset) {
                 sink.sample({probe.name, group}, to_seconds(*probe.clock_offset));
               }
             });
  each_probe(snapshot, sink, metrics::kProbeTraceroutes,
             [&](const ProbeStatus& probe, const std::string& group) {
               for (const auto& [result, count] : probe.results) {
                 sink.sample({probe.name, group, result}, static_cast<double>(count));
               }
             });
  timestamp(metrics::kProbeCertificate, &ProbeStatus::certificate_expiry);
}

void visit_feeds(const Snapshot& snapshot, MetricSink& sink) {
  sink.begin(metrics::kBgpPeers);
  for (const FeedStatus& feed : snapshot.feeds) {
    std::map<std::string_view, double> states{{to_string(PeerState::Up), 0}};
    for (const FeedPeerStatus& peer : feed.peers) {
      ++states[to_string(peer.state)];
    }
    for (const auto& [state, count] : states) {
      sink.sample({feed.name, state}, count);
    }
  }
  sink.begin(metrics::kBgpUp);
  for (const FeedStatus& feed : snapshot.feeds) {
    const bool up = feed.state == FeedState::Live && !feed.blind;
    sink.sample({feed.name, to_string(feed.kind)}, up ? 1 : 0);
  }
  sink.begin(metrics::kBgpLag);
  for (const FeedStatus& feed : snapshot.feeds) {
    sink.sample({feed.name}, to_seconds(feed.lag));
  }
  sink.begin(metrics::kBgpUpdates);
  for (const FeedStatus& feed : snapshot.feeds) {
    sink.sample({feed.name}, static_cast<double>(feed.counters.elements));
  }
  sink.begin(metrics::kBgpGaps);
  for (const FeedStatus& feed : snapshot.feeds) {
    sink.sample({feed.name}, static_cast<double>(feed.counters.gaps));
  }
  sink.begin(metrics::kBgpSkipped);
  for (const FeedStatus& feed : snapshot.feeds) {
    for (const auto& [reason, count] : feed.counters.skipped) {
      sink.sample({feed.name, reason}, static_cast<double>(count));
    }
  }
}

}  // namespace

void visit_inputs(const Snapshot& snapshot, MetricSink& sink) {
  visit_probes(snapshot, sink);
  visit_feeds(snapshot, sink);
}

}  // namespace isthmus::collector
