#include "collector/record/event_json.hpp"

#include "collector/record/fields.hpp"
#include "collector/record/json_reader.hpp"
#include "collector/record/json_text.hpp"

namespace isthmus::collector {

void append_json(std::string& out, const Event& event) {
  JsonWriter{out}.write(event);
}
void append_json(std::string& out, const Observation& observation) {
  JsonWriter{out}.write(observation);
}
void append_json(std::string& out, const RouteInterval& interval) {
  JsonWriter{out}.write(interval);
}

Result<Event> parse_event(std::string_view text) {
  return parse_fields<Event>(text);
}
Result<Observation> parse_observation(std::string_view text) {
  return parse_fields<Observation>(text);
}
Result<RouteInterval> parse_route_interval(std::string_view text) {
  return parse_fields<RouteInterval>(text);
}

}  // namespace isthmus::collector
