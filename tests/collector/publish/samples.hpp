#pragma once

#include <string>

#include "collector/publish/snapshot.hpp"

namespace isthmus::collector {

inline TimePoint moment(const std::string& utc) {
  return *parse_utc(utc);
}

inline UpstreamStatus sample_upstream(Asn asn, UpstreamState state, double share) {
  UpstreamStatus status;
  status.asn = asn;
  status.state = state;
  status.planes = {{.plane = Plane::Control,
                    .share = share,
                    .lower = share / 2,
                    .upper = (1 + share) / 2,
                    .hegemony = share,
                    .vantages = static_cast<std::size_t>(share * 40)}};
  status.score = 12.5;
  status.confidence = 0.97;
  status.first_seen = moment("2017-10-01T09:07:51Z");
  status.last_seen = moment("2017-10-01T09:30:00Z");
  status.upstream_class = "transit";
  return status;
}

inline Event sample_told(const std::string& id, EventType type, const std::string& target) {
  Event event;
  event.id = id;
  event.type = type;
  event.severity = Severity::Critical;
  event.time = moment("2017-10-01T09:11:20Z");
  event.target = target;
  event.upstream = Asn{20485};
  event.upstream_name = "TransTeleCom";
  event.first_seen = moment("2017-10-01T09:07:51Z");
  event.confirmed_at = event.time;
  event.previous_upstreams = {{Asn{4837}, 1.0}};
  event.prefixes = {{*Prefix::parse("175.45.176.0/24"), 0, 1},
                    {*Prefix::parse("175.45.178.0/24"), 0, 1},
                    {*Prefix::parse("175.45.179.0/24"), 0, 1}};
  event.share = 0.75;
  event.share_lower = 0.7;
  event.share_upper = 0.79;
  event.confidence = 0.8;
  event.score = 10;
  event.terms = {{"bgp", "", 6}, {"switch", "", 4}};
  event.planes = {Plane::Control};
  event.rule = "broad_switch";
  event.summary = "AS20485 TransTeleCom began to carry 3 of 4 prefixes of star-jv";
  event.witnesses = {{{Plane::Control, "rrc00", *IpAddress::parse("192.0.2.1"), Asn{3333}},
                      *Prefix::parse("175.45.178.0/24"),
                      moment("2017-10-01T09:07:55Z"),
                      Grade::A,
                      7,
                      "3333 4837 131279",
                      "3333 20485 131279",
                      true}};
  return event;
}

/// The founding event after it was told, with something in every family of metrics.
inline Snapshot sample_snapshot() {
  Snapshot snapshot;
  snapshot.generation = 7;
  snapshot.time = moment("2017-10-01T09:30:00Z");
  snapshot.started = moment("2017-10-01T08:00:00Z");
  TargetStatus target;
  target.target = "star-jv";
  target.time = snapshot.time;
  target.vantages = {{.plane = Plane::Data, .conclusive = 5, .stale = 1},
                     {.plane = Plane::Control, .conclusive = 40, .inconclusive = 1}};
  UpstreamStatus ttk = sample_upstream(Asn{20485}, UpstreamState::Confirmed, 0.75);
  ttk.confirmed_at = moment("2017-10-01T09:11:20Z");
  ttk.rtt.counts[6] = 3;
  ttk.rtt.count = 3;
  ttk.rtt.sum = 0.6;
  ttk.rtt.min = Duration{190'000};
  ttk.rtt.median = Duration{200'000};
  ttk.rtt.gap = Duration{4'000};
  target.upstreams = {sample_upstream(Asn{4837}, UpstreamState::Established, 0.25), ttk};
  target.prefixes = {{*Prefix::parse("175.45.176.0/24"),
                      {{.plane = Plane::Control,
                        .reachable = 1,
                        .shares = {{Asn{20485}, 0.75}, {Asn{4837}, 0.25}}}}}};
  target.plane_disagreement = 0.1;
  snapshot.targets = {target};
  snapshot.counters.observations = {{{"star-jv", Plane::Control, Grade::A}, 1234}};
  snapshot.counters.rejected = {{{Plane::Control, "foreign_origin"}, 3}};
  snapshot.counters.late = {{Plane::Control, 2}};
  snapshot.counters.suppressed = {{{"star-jv", "learning"}, 1}};
  snapshot.counters.sweeps = {{{"star-jv", SweepKind::Suspicion}, 1}};
  snapshot.events.add(sample_told("01BVBK24JR0123456789ABCDEF", EventType::UpstreamNew, "star-jv"));
  FeedStatus feed;
  feed.name = "rrc00";
  feed.kind = FeedKind::Bmp;
  feed.state = FeedState::Live;
  feed.blind = false;
  feed.peers = {{.asn = Asn{3333},
                 .address = *IpAddress::parse("192.0.2.1"),
                 .state = PeerState::Up,
                 .last_message = snapshot.time,
                 .routes = 4}};
  feed.counters.messages = 10;
  feed.counters.elements = 20;
  feed.counters.skipped = {{"malformed", 1}};
  feed.last_message = snapshot.time;
  snapshot.feeds = {feed};
  ProbeStatus probe;
  probe.name = "tokyo-1";
  probe.group = Asn{2497};
  probe.address = *IpAddress::parse("198.51.100.7");
  probe.up = true;
  probe.last_result = snapshot.time;
  probe.clock_offset = Duration{1500};
  probe.results = {{"completed", 60}, {"gap_limit", 2}};
  probe.software = "isthmus-probe 0.1.0";
  probe.certificate_expiry = moment("2017-10-31T00:00:00Z");
  snapshot.probes = {probe};
  snapshot.tables = {{"pfx2as", "sha256:0123456789ab", moment("2017-09-30T00:00:00Z"), 700'000}};
  snapshot.queues = {{"record", 3, 64}};
  snapshot.ases = {{Asn{4837}, {"CHINA169-BACKBONE CHINA UNICOM", "CN", "delegated"}},
                   {Asn{20485}, {"TTK \"TransTeleCom\"", "RU", "delegated"}}};
  snapshot.build = {"0.1.0", "abcdef0"};
  snapshot.last_reload = snapshot.started;
  return snapshot;
}

}  // namespace isthmus::collector
