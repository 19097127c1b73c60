#include "collector/detect/lifecycle_events.hpp"

#include <utility>

#include <fmt/format.h>

#include "collector/detect/quantities.hpp"

namespace isthmus::collector {
namespace {

/// The most confidence that a score alone can give.
constexpr double kProbableCap = 0.9;

std::string named_share(const Event& event) {
  return fmt::format("{:.0f} % of the space", event.share * 100);
}

std::string other_names(const std::vector<UpstreamShare>& shares, Asn except) {
  std::string text;
  for (const UpstreamShare& share : shares) {
    if (share.asn != except && share.share > 0) {
      text += (text.empty() ? "" : ", ") + share.asn.to_string();
    }
  }
  return text;
}

std::string seen_from(const Event& event, const Scene& scene) {
  return fmt::format("seen from {} of {} vantage ASes", event.witnesses.size(), scene.live());
}

void set_score(Event& event, std::vector<ScoreTerm> terms) {
  event.terms = std::move(terms);
  event.score = total(event.terms);
}

}  // namespace

Event learned_event(const Scene& scene, const UpstreamRecord& record) {
  Event event =
      upstream_event(scene, record, EventType::UpstreamDiscovered, Severity::Info, "learning");
  event.summary = fmt::format("{} carries {}: learned, {}, {}", record.asn.to_string(),
                              scene.target.name, named_share(event), seen_from(event, scene));
  return event;
}

Event candidate_event(const Scene& scene, const UpstreamRecord& record,
                      const std::vector<ScoreTerm>& terms) {
  Event event =
      upstream_event(scene, record, EventType::UpstreamCandidate, Severity::Info, "first_sight");
  set_score(event, terms);
  event.summary = fmt::format("{} is named as an upstream of {}, which it was not before, {}",
                              record.asn.to_string(), scene.target.name, seen_from(event, scene));
  return event;
}

Event probable_event(const Scene& scene, const UpstreamRecord& record,
                     const std::vector<ScoreTerm>& terms) {
  Event event = upstream_event(scene, record, EventType::UpstreamProbable, Severity::Notice,
                               "score_and_consensus");
  set_score(event, terms);
  event.confidence = confidence(event.score, scene.settings.candidate_score, kProbableCap);
  event.summary = fmt::format("{} probably carries {} now, {}", record.asn.to_string(),
                              scene.target.name, seen_from(event, scene));
  return event;
}

Event dismissed_event(const Scene& scene, const UpstreamRecord& record) {
  Event event = upstream_event(scene, record, EventType::Dismissed, Severity::Info, "idle");
  event.summary =
      fmt::format("{} was a passing sight for {}: gone since {}", record.asn.to_string(),
                  scene.target.name, moment_text(*record.unsupported_since));
  return event;
}

Event established_event(const Scene& scene, const UpstreamRecord& record) {
  Event event =
      upstream_event(scene, record, EventType::UpstreamEstablished, Severity::Info, "age");
  event.summary = fmt::format("{} is an established upstream of {} now: {}", record.asn.to_string(),
                              scene.target.name, named_share(event));
  return event;
}

Event suspected_event(const Scene& scene, const UpstreamRecord& record,
                      const Suspicion& suspicion) {
  Event event = upstream_event(
      scene, record, suspicion.hijack ? EventType::SuspectedHijack : EventType::SuspectedLeak,
      suspicion.hijack ? Severity::Critical : Severity::Notice, suspicion.rule);
  event.summary =
      fmt::format("{} stands next to {} in routes or traceroutes, and it looks like a {}: {}; {}",
                  record.asn.to_string(), scene.target.name, suspicion.hijack ? "hijack" : "leak",
                  suspicion.rule, seen_from(event, scene));
  return event;
}

Event failover_event(const Scene& scene, const UpstreamRecord& record,
                     std::vector<UpstreamShare> gone) {
  Event event = upstream_event(scene, record, EventType::Failover, Severity::Warning, "took_over");
  event.previous_upstreams = std::move(gone);
  event.summary =
      fmt::format("{} has taken over for {}, which {} loses: {}", record.asn.to_string(),
                  other_names(event.previous_upstreams, record.asn).empty()
                      ? event.previous_upstreams.front().asn.to_string()
                      : other_names(event.previous_upstreams, record.asn),
                  scene.target.name, named_share(event));
  return event;
}

Event confirmed_event(const Scene& scene, const UpstreamRecord& record, EventType type,
                      const Confirmation& confirmation, std::vector<ScoreTerm> terms) {
  Event event = upstream_event(scene, record, type, Severity::Warning, confirmation.rule);
  set_score(event, std::move(terms));
  event.confidence = confidence(event.score, scene.settings.candidate_score, confirmation.cap);
  const std::string name = record.asn.to_string();
  const std::string where = fmt::format("{} of {} prefixes ({}), {}, {}", event.prefixes.size(),
                                        scene.ballot().votes.size(), list_prefixes(event.prefixes),
                                        named_share(event), seen_from(event, scene));
  if (type == EventType::UpstreamReturned) {
    event.summary = fmt::format("{} carries {} again: {}", name, scene.target.name, where);
  } else if (type == EventType::UpstreamInserted) {
    event.severity = Severity::Notice;
    event.summary = fmt::format("{} now stands between a known upstream and {}: {}", name,
                                scene.target.name, where);
  } else if (type == EventType::UpstreamDiscovered) {
    event.severity = Severity::Info;
    event.summary = fmt::format("{} was found to carry {}: {}", name, scene.target.name, where);
  } else {
    event.severity = event.share >= 0.5 ? Severity::Critical : Severity::Warning;
    const std::string others = other_names(record.previous, record.asn);
    event.summary =
        fmt::format("{} began to carry {} at {}: {}; until then {}", name, scene.target.name,
                    moment_text(record.first), where,
                    others.empty() ? "no upstream was known" : "the way was over " + others);
  }
  return event;
}

Event flapping_event(Event confirmed, const UpstreamRecord& record) {
  confirmed.type = EventType::UpstreamFlapping;
  confirmed.severity = Severity::Warning;
  confirmed.rule = "flap";
  confirmed.summary = fmt::format("{} comes and goes as an upstream of {}: {} times within a day",
                                  record.asn.to_string(), confirmed.target, record.cycles.size());
  return confirmed;
}

Event departed_event(const Scene& scene, const UpstreamRecord& record, bool was_established,
                     const Departure& departure) {
  Event event = upstream_event(
      scene, record, was_established ? EventType::UpstreamLost : EventType::UpstreamWithdrawn,
      was_established ? Severity::Critical : Severity::Warning, "gone_elsewhere");
  event.prefixes = left_prefixes(scene, record);
  event.summary = fmt::format(
      "{} carries {} no more since {}; {} of its {} vantage ASes go over {} now",
      record.asn.to_string(), scene.target.name, moment_text(*record.withdrawn_at), departure.moved,
      departure.former, other_names(all_shares(scene.ballot()), record.asn));
  return event;
}

}  // namespace isthmus::collector
