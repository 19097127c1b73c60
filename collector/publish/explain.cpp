#include "collector/publish/explain.hpp"

#include <vector>

#include "collector/detect/explanation.hpp"
#include "collector/publish/event_words.hpp"
#include "collector/record/fields.hpp"

namespace isthmus::collector {
namespace {

Result<Recomputation> compute_again(const History& history, const Event& event) {
  const auto evidence = [&](std::uint64_t id) -> std::optional<Observation> {
    const Result<std::optional<Observation>> found = history.observation(id);
    return found ? *found : std::nullopt;
  };
  const auto group_history = [&](Asn group) {
    HistoryFilter filter;
    filter.target = event.target;
    filter.plane = Plane::Data;
    filter.until = event.time + Duration{1};
    std::vector<Observation> list;
    static_cast<void>(history.observations(filter, [&](const Observation& seen) {
      if (seen.vantage.asn == group) {
        list.push_back(seen);
      }
      return true;
    }));
    return list;
  };
  return recompute(event, evidence, group_history);
}

}  // namespace

Result<std::string> explanation_json(const History& history, const Event& event) {
  const Result<Recomputation> again = compute_again(history, event);
  std::string out;
  JsonWriter writer{out};
  writer.object([&](JsonWriter& inner) {
    inner("event", event);
    inner("rule_text", rule_text(event.rule));
    inner("text", evidence_in_words(event));
    inner.group("recomputed", [&](JsonWriter& score) {
      score("terms", again ? again->terms : std::vector<ScoreTerm>{});
      score("score", again ? std::optional{again->score} : std::nullopt);
      score("matches", again && again->matches);
      if (!again) {
        score("error", again.error().message);
      }
    });
  });
  return out;
}

}  // namespace isthmus::collector
