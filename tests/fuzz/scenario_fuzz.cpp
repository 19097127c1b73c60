#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "collector/feed/mrt_writer.hpp"
#include "core/base/bytes.hpp"
#include "tool/scenario_plan.hpp"

using namespace isthmus;
using namespace isthmus::tool;

namespace {

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// Every event can be written, and none comes before its time or from nobody.
void check(const Scenario& scenario) {
  TimePoint before = scenario.base;
  collector::MrtWriter writer{scenario.collectors.front()};
  for (const ScenarioEvent& event : scenario.events) {
    expect(event.time >= before && event.vantage < scenario.vantages.size());
    before = event.time;
    RouteAttributes attributes;
    attributes.as_path = event.path;
    Route route{.kind = event.kind,
                .time = event.time,
                .vantage = &scenario.vantages[event.vantage].point,
                .prefix = event.prefix};
    route.attributes = &attributes;
    expect(writer.append(route).has_value());
    expect((event.kind == RouteKind::Announce) != event.path.empty());
  }
  for (const ScenarioEvent& entry : scenario.table) {
    expect(entry.time < scenario.base && !entry.path.empty());
  }
}

}  // namespace

/// A declaration without errors expands to no more than was planned, and all of it can be written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 5000;  // larger ones cost time and show nothing new
  auto document = TomlDocument::parse(as_text(std::as_bytes(std::span{data, size})), "fuzz.toml");
  if (!document) {
    return 0;
  }
  const ScenarioPlan plan = read_plan(*document);
  if (!document->errors().empty() || planned_elements(plan) > kMost) {
    return 0;
  }
  const Scenario scenario = expand(plan);
  expect(scenario.table.size() + scenario.events.size() <= planned_elements(plan));
  check(scenario);
  return 0;
}
