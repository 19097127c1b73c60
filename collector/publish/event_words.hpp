#pragma once

#include <string>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// "2017-10-01 09:07:51 UTC": whole seconds, for people.
std::string in_words(TimePoint time);

/// "AS20485 TransTeleCom", or the number alone.
std::string upstream_in_words(const Event& event);

/// The evidence of an event in words, a paragraph a line: who, when, which prefixes, seen from
/// where, before and after, how sure and why. For alerts, so it names a few witnesses, not all.
std::string evidence_in_words(const Event& event);

}  // namespace isthmus::collector
