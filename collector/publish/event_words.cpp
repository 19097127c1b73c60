#include "collector/publish/event_words.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "collector/detect/explanation.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kPrefixesNamed = 8;
constexpr std::size_t kGroupsNamed = 5;
constexpr std::size_t kTermsNamed = 6;

std::string percent(double share) {
  return fmt::format("{:.0f} %", share * 100);
}

/// "a, b and 3 more": what comes after the first few is only counted.
std::string list_in_words(const std::vector<std::string>& items, std::size_t named) {
  std::string text;
  for (std::size_t i = 0; i < items.size() && i < named; ++i) {
    text += (i == 0 ? "" : ", ") + items[i];
  }
  if (items.size() > named) {
    text += fmt::format(" and {} more", items.size() - named);
  }
  return text;
}

std::string planes_in_words(const Event& event) {
  const auto has = [&](Plane plane) {
    return std::find(event.planes.begin(), event.planes.end(), plane) != event.planes.end();
  };
  if (has(Plane::Data) && has(Plane::Control)) {
    return " in traceroutes and in BGP";
  }
  if (has(Plane::Data)) {
    return " in traceroutes";
  }
  return has(Plane::Control) ? " in BGP" : "";
}

void append_when(std::string& text, const Event& event) {
  text += "When: ";
  if (event.first_seen) {
    text += fmt::format("first seen {}, ", in_words(*event.first_seen));
  }
  text += fmt::format("told {}", in_words(event.time));
  if (event.first_seen && *event.first_seen < event.time) {
    text += fmt::format(
        ", {} later",
        format_duration(std::chrono::floor<std::chrono::seconds>(event.time - *event.first_seen)));
  }
  if (event.ended_at) {
    text += fmt::format(", ended {}", in_words(*event.ended_at));
  }
  text += ".\n";
}

void append_prefixes(std::string& text, const Event& event) {
  std::vector<std::string> items;
  for (const PrefixChange& change : event.prefixes) {
    items.push_back(event.upstream
                        ? fmt::format("{} ({} before, {} after)", change.prefix.to_string(),
                                      percent(change.share_before), percent(change.share_after))
                        : change.prefix.to_string());
  }
  if (!items.empty()) {
    text += fmt::format("Prefixes: {}.\n", list_in_words(items, kPrefixesNamed));
  }
}

void append_witnesses(std::string& text, const Event& event) {
  std::set<Asn> groups;
  std::set<std::string> sources;
  for (const Witness& witness : event.witnesses) {
    groups.insert(witness.vantage.asn);
    sources.insert(witness.vantage.source);
  }
  if (groups.empty()) {
    return;
  }
  std::vector<std::string> names;
  for (const Asn group : groups) {
    names.push_back(group.to_string());
  }
  text += fmt::format("Seen from: {} vantage AS{}{}, by {} ({}).", groups.size(),
                      groups.size() == 1 ? "" : "es", planes_in_words(event),
                      list_in_words({sources.begin(), sources.end()}, kGroupsNamed),
                      list_in_words(names, kGroupsNamed));
  std::set<Asn> others;
  for (const Witness& witness : event.counter_evidence) {
    others.insert(witness.vantage.asn);
  }
  if (!others.empty()) {
    text += fmt::format(" {} see{} only other upstreams.", others.size(),
                        others.size() == 1 ? "s" : "");
  }
  text += '\n';
  const auto example = std::find_if(event.witnesses.begin(), event.witnesses.end(),
                                    [](const Witness& each) { return !each.path_before.empty(); });
  const Witness& shown = example == event.witnesses.end() ? event.witnesses.front() : *example;
  if (!shown.path_after.empty()) {
    text +=
        fmt::format("For example {} to {}: {} before, {} after.\n", shown.vantage.asn.to_string(),
                    shown.prefix.to_string(),
                    shown.path_before.empty() ? "no route" : shown.path_before, shown.path_after);
  }
}

void append_shares(std::string& text, const Event& event) {
  if (!event.previous_upstreams.empty()) {
    std::vector<std::string> items;
    for (const UpstreamShare& share : event.previous_upstreams) {
      items.push_back(fmt::format("{} {}", share.asn.to_string(), percent(share.share)));
    }
    text += fmt::format("Before: {}.\n", list_in_words(items, kGroupsNamed));
  }
  if (event.upstream) {
    text += fmt::format("After: {} carries {} of the space (between {} and {}).\n",
                        upstream_in_words(event), percent(event.share), percent(event.share_lower),
                        percent(event.share_upper));
  }
}

void append_certainty(std::string& text, const Event& event) {
  if (event.confidence > 0) {
    text += fmt::format("How sure: {}.", percent(event.confidence));
    if (!event.terms.empty()) {
      std::vector<std::string> items;
      for (const ScoreTerm& term : event.terms) {
        items.push_back(fmt::format("{}{} {:+.1f}", term.name,
                                    term.subject.empty() ? "" : " of " + term.subject, term.nats));
      }
      text += fmt::format(" The evidence is {:.1f} nats: {}.", event.score,
                          list_in_words(items, kTermsNamed));
    }
    text += '\n';
  }
  if (const std::string why = rule_text(event.rule); !why.empty()) {
    text += fmt::format("Why: {} (rule {})\n", why, event.rule);
  }
}

}  // namespace

std::string in_words(TimePoint time) {
  std::string text = format_utc(std::chrono::floor<std::chrono::seconds>(time));
  if (const std::size_t at = text.find('T'); at != std::string::npos && text.back() == 'Z') {
    text[at] = ' ';
    text.replace(text.size() - 1, 1, " UTC");
  }
  return text;
}

std::string upstream_in_words(const Event& event) {
  if (!event.upstream) {
    return {};
  }
  return event.upstream->to_string() +
         (event.upstream_name.empty() ? "" : " " + event.upstream_name);
}

std::string evidence_in_words(const Event& event) {
  std::string text = event.summary.empty() ? std::string{} : event.summary + "\n";
  append_when(text, event);
  append_prefixes(text, event);
  append_witnesses(text, event);
  append_shares(text, event);
  append_certainty(text, event);
  if (!text.empty()) {
    text.pop_back();
  }
  return text;
}

}  // namespace isthmus::collector
