#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/detect/support.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// An event about the target as a whole, with what holds for every event.
Event target_event(const Scene& scene, EventType type, Severity severity, std::string_view rule);

/// An event about one upstream: shares, prefixes, witnesses and counter-evidence as they are now.
Event upstream_event(const Scene& scene, const UpstreamRecord& record, EventType type,
                     Severity severity, std::string_view rule);

/// The AS hegemony of an upstream among the groups of one plane (b.3).
double hegemony_of(const Scene& scene, Plane plane, Asn upstream);

/// Prefixes that go over the upstream: on which at least a quarter as many groups name it as on the
/// prefix with the most.
std::vector<Prefix> carried_prefixes(const Scene& scene, Asn upstream);

/// The parts of the target's space by upstream, the greatest first.
std::vector<UpstreamShare> all_shares(const Ballot& ballot);

/// Sets the identity: a ULID of the event's time and a digest of what it says.
void seal(Event& event);

/// A time in a sentence: whole seconds.
std::string moment_text(TimePoint time);

/// The first prefixes, and how many more there are.
std::string list_prefixes(const std::vector<PrefixChange>& prefixes);

/// Names and values of all settings that decide.
std::vector<NamedValue> thresholds(const DetectorSettings& settings);

}  // namespace isthmus::collector
