#pragma once

#include "collector/record/json_text.hpp"
#include "core/route/event.hpp"
#include "core/route/observation.hpp"

// The one list of names and places of what is stored and exported (detection.md e). A visitor is
// called with each name and member; `group` opens a nested object, `evidence` is an evidence id.
// JsonWriter writes them, JsonReader reads them, the CSV writer lays them flat.

namespace isthmus::collector {

void visit_fields(Is<VantagePoint> auto& value, auto& visit) {
  visit("plane", value.plane);
  visit("source", value.source);
  visit("address", value.address);
  visit("asn", value.asn);
}

void visit_fields(Is<UpstreamShare> auto& value, auto& visit) {
  visit("asn", value.asn);
  visit("share", value.share);
}

void visit_fields(Is<PrefixChange> auto& value, auto& visit) {
  visit("prefix", value.prefix);
  visit("share_before", value.share_before);
  visit("share_after", value.share_after);
}

void visit_fields(Is<ScoreTerm> auto& value, auto& visit) {
  visit("name", value.name);
  visit("subject", value.subject);
  visit("nats", value.nats);
}

void visit_fields(Is<NamedValue> auto& value, auto& visit) {
  visit("name", value.name);
  visit("value", value.value);
}

void visit_fields(Is<Witness> auto& value, auto& visit) {
  visit.group("vantage", [&](auto& inner) { visit_fields(value.vantage, inner); });
  visit("prefix", value.prefix);
  visit("time", value.time);
  visit("grade", value.grade);
  visit.evidence("evidence_id", value.evidence_id);
  visit("path_before", value.path_before);
  visit("path_after", value.path_after);
  visit("switched", value.switched);
}

void visit_fields(Is<TraceEvidence> auto& value, auto& visit) {
  visit("upstream_addresses", value.upstream_addresses);
  visit("run_length", value.run_length);
  visit("gap", value.gap);
  visit("via_ixp", value.via_ixp);
  visit("reached", value.reached);
  visit("rtt_us", value.rtt);
  visit("gap_rtt_us", value.gap_rtt);
}

void visit_fields(Is<Event> auto& value, auto& visit) {
  visit("id", value.id);
  visit.version("schema_version", Event::kSchemaVersion);
  visit("type", value.type);
  visit("severity", value.severity);
  visit("time", value.time);
  visit("target", value.target);
  visit("family", value.family);
  visit.group("upstream", [&](auto& inner) {
    inner("asn", value.upstream);
    inner("name", value.upstream_name);
  });
  visit("previous_upstreams", value.previous_upstreams);
  visit("prefixes", value.prefixes);
  visit("first_seen", value.first_seen);
  visit("probable_at", value.probable_at);
  visit("confirmed_at", value.confirmed_at);
  visit("ended_at", value.ended_at);
  visit("share", value.share);
  visit("share_lower", value.share_lower);
  visit("share_upper", value.share_upper);
  visit("hegemony", value.hegemony);
  visit("confidence", value.confidence);
  visit.group("score", [&](auto& inner) {
    inner("total", value.score);
    inner("terms", value.terms);
  });
  visit("witnesses", value.witnesses);
  visit("counter_evidence", value.counter_evidence);
  visit("planes", value.planes);
  visit("rule", value.rule);
  visit("summary", value.summary);
  visit("thresholds", value.thresholds);
  visit("dataset_versions", value.dataset_versions);
  visit("amends", value.amends);
}

void visit_fields(Is<Observation> auto& value, auto& visit) {
  visit.evidence("evidence_id", value.evidence_id);
  visit("time", value.time);
  visit("receive_time", value.receive_time);
  visit.group("vantage", [&](auto& inner) { visit_fields(value.vantage, inner); });
  visit("target", value.target);
  visit("prefix", value.prefix);
  visit("verdict", value.verdict);
  visit("upstreams", value.upstreams);
  visit("grade", value.grade);
  visit("reasons", value.reasons);
  visit("path", value.path);
  visit("raw_path", value.raw_path);
  visit("trace", value.trace);
}

void visit_fields(Is<RouteInterval> auto& value, auto& visit) {
  visit("target", value.target);
  visit("prefix", value.prefix);
  visit.group("vantage", [&](auto& inner) { visit_fields(value.vantage, inner); });
  visit("verdict", value.verdict);
  visit("upstream", value.upstream);
  visit("path", value.path);
  visit("from", value.from);
  visit("until", value.until);
}

}  // namespace isthmus::collector
