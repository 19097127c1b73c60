#include <set>

#include "core/route/event.hpp"

using isthmus::EventType;

TEST_CASE("every event type has a name of its own, and is found by it") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < isthmus::kEventTypes; ++i) {
    const auto type = static_cast<EventType>(i);
    names.insert(to_string(type));
    CHECK(isthmus::parse_event_type(to_string(type)) == type);
  }
  CHECK(names.size() == isthmus::kEventTypes);
  CHECK_FALSE(isthmus::parse_event_type("upstream"));
}

TEST_CASE("severities are found by their names") {
  CHECK(isthmus::parse_severity("critical") == isthmus::Severity::Critical);
  CHECK_FALSE(isthmus::parse_severity(""));
}

TEST_CASE("events are told in order of time first") {
  isthmus::Event early;
  early.id = "b";
  isthmus::Event late;
  late.id = "a";
  late.time = early.time + std::chrono::seconds{1};
  CHECK(precedes(early, late));
  CHECK_FALSE(precedes(late, early));
  CHECK_FALSE(precedes(early, early));
}
