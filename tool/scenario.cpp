#include "tool/scenario.hpp"

#include <fmt/format.h>

#include "tool/scenario_plan.hpp"

namespace isthmus::tool {
namespace {

Result<Scenario> finish(Result<TomlDocument> document) {
  if (!document) {
    return unexpected{document.error()};
  }
  const ScenarioPlan plan = read_plan(*document);
  if (const auto errors = document->errors(); !errors.empty()) {
    return unexpected{join_errors(errors)};
  }
  if (const std::size_t count = planned_elements(plan); count > kMostElements) {
    return fail(fmt::format("{}: makes up to {} routes and changes; {} are permitted",
                            document->name(), count, kMostElements));
  }
  return expand(plan);
}

}  // namespace

Result<Scenario> load_scenario(const std::string& path) {
  return finish(TomlDocument::load(path));
}

Result<Scenario> parse_scenario(std::string_view text, const std::string& name) {
  return finish(TomlDocument::parse(text, name));
}

}  // namespace isthmus::tool
