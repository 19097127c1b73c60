#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

using AlertLabels = std::vector<std::pair<std::string, std::string>>;

/// "IsthmusUpstreamNew" for upstream_new: the `alertname`.
std::string alert_name(EventType type);

/// What makes two alerts the same one (Alertmanager's labels, by name): the kind, the target, the
/// upstream, and the prefixes where the event is about those alone. Two collectors that see the
/// same thing give the same labels. The severity is not among them: it may rise.
AlertLabels alert_identity(const Event& event);

/// The identity as one text.
std::string alert_key(const Event& event);

/// For how long an alert of this type stands if nothing ends it; nothing: until an event does.
std::optional<Duration> alert_lifetime(EventType type);

/// The types whose alerts end when an event of this type is told of the same target, family and (if
/// the event has one) upstream.
std::vector<EventType> alerts_ended_by(EventType type);

/// Whether an alert is made of it: not of those that only end something, nor of those that are
/// suspicions still.
bool is_alert(EventType type);

}  // namespace isthmus::collector
