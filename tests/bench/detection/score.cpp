#include "tests/bench/detection/score.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>

#include "collector/detect/explanation.hpp"

namespace isthmus::bench {
namespace {

bool is_confirmation(EventType type) {
  return type == EventType::UpstreamNew || type == EventType::UpstreamInserted ||
         type == EventType::UpstreamReturned;
}

bool is_of(const Truth& truth, const Event& event) {
  return truth.upstream == Asn{} || event.upstream == truth.upstream;
}

double seconds_after(const Truth& truth, Duration at) {
  return to_seconds(at - truth.at);
}

/// Whether an event about an upstream that is named is about one that a truth speaks of.
const Truth* truth_of(const Run& run, const Event& event) {
  for (const Truth& truth : run.expected.must) {
    const Duration at = event.time - kStart;
    if (event.upstream && truth.upstream == *event.upstream &&
        at >= truth.at - std::chrono::seconds{60} && at <= truth.at + truth.within) {
      return &truth;
    }
  }
  return nullptr;
}

void count_truths(const Run& run, const Outcome& outcome, Tally& tally) {
  for (const Truth& truth : run.expected.must) {
    tally.wanted += 1;
    const Told* hit = nullptr;
    bool other_class = false;
    for (const Told& told : outcome.events) {
      const Duration at = told.event.time - kStart;
      if (!is_of(truth, told.event) || at < truth.at - std::chrono::seconds{60} ||
          at > truth.at + truth.within) {
        continue;
      }
      if (told.event.type == truth.type && hit == nullptr) {
        hit = &told;
      }
      other_class = other_class || (is_confirmation(told.event.type) &&
                                    is_confirmation(truth.type) && told.event.type != truth.type);
    }
    if (hit != nullptr) {
      tally.found += 1;
    } else {
      tally.failures.push_back(fmt::format("{} {} seed {}: {} of {} is missing", run.family,
                                           run.variant, run.world->setup().seed,
                                           to_string(truth.type), truth.upstream.to_string()));
    }
    tally.class_errors += hit == nullptr && other_class ? 1U : 0U;
    if (truth.type == EventType::UpstreamNew && hit != nullptr) {
      tally.confirmed.push_back(seconds_after(truth, hit->event.time - kStart));
      tally.told.push_back(seconds_after(truth, hit->at));
      for (const Told& told : outcome.events) {
        if (told.event.upstream != truth.upstream || told.event.time > hit->event.time) {
          continue;
        }
        if (told.event.type == EventType::UpstreamCandidate) {
          tally.candidate.push_back(seconds_after(truth, told.event.time - kStart));
        } else if (told.event.type == EventType::UpstreamProbable) {
          tally.probable.push_back(seconds_after(truth, told.event.time - kStart));
        }
      }
    }
  }
}

void count_events(const Run& run, const Outcome& outcome, Tally& tally) {
  for (const Told& told : outcome.events) {
    const Event& event = told.event;
    const Truth* const truth = truth_of(run, event);
    if (is_confirmation(event.type)) {
      (truth != nullptr ? tally.true_confirmed : tally.false_confirmed) += 1;
      if (truth == nullptr) {
        tally.failures.push_back(fmt::format("{} {} seed {}: {} of {} by {} at {} is false",
                                             run.family, run.variant, run.world->setup().seed,
                                             to_string(event.type), event.upstream->to_string(),
                                             event.rule, to_seconds(event.time - kStart)));
      }
      tally.calibration.emplace_back(event.confidence, truth != nullptr);
    } else if (event.type == EventType::UpstreamProbable) {
      tally.calibration.emplace_back(event.confidence, truth != nullptr);
    }
    if (std::find(run.expected.never.begin(), run.expected.never.end(), event.type) !=
        run.expected.never.end()) {
      tally.forbidden += 1;
      tally.failures.push_back(fmt::format("{} {} seed {}: {} must not be told", run.family,
                                           run.variant, run.world->setup().seed,
                                           to_string(event.type)));
    }
  }
}

void count_explained(const Outcome& outcome, Tally& tally) {
  std::unordered_map<std::uint64_t, const Observation*> by_id;
  std::map<Asn, std::vector<Observation>> by_group;
  for (const Observation& seen : outcome.evidence) {
    by_id.emplace(seen.evidence_id, &seen);
    if (seen.vantage.plane == Plane::Data) {
      by_group[seen.vantage.asn].push_back(seen);
    }
  }
  for (const Told& told : outcome.events) {
    tally.explainable += 1;
    const auto again = collector::recompute(
        told.event,
        [&](std::uint64_t id) {
          const auto found = by_id.find(id);
          return found == by_id.end() ? std::nullopt : std::optional{*found->second};
        },
        [&](Asn group) { return by_group[group]; });
    tally.explained += again && again->matches ? 1U : 0U;
    if (!again || !again->matches) {
      tally.failures.push_back(
          fmt::format("{} of {} is not explained: {}", to_string(told.event.type), told.event.rule,
                      again ? fmt::format("{} is not {}", again->score, told.event.score)
                            : again.error().message));
    }
  }
}

void count_others(const Run& run, const Outcome& outcome, Tally& tally) {
  for (const auto& [name, alarms] : outcome.alarms) {
    Tally::Other& other = tally.others[name];
    std::set<const Truth*> hits;
    for (const Alarm& alarm : alarms) {
      const Truth* hit = nullptr;
      for (const Truth& truth : run.expected.must) {
        const Duration at = alarm.time - kStart;
        const bool is_new =
            truth.type == EventType::UpstreamNew || truth.type == EventType::UpstreamInserted;
        if (is_new && truth.upstream == alarm.upstream && at >= truth.at &&
            at <= truth.at + truth.within) {
          hit = &truth;
        }
      }
      if (hit == nullptr) {
        other.false_alarms += 1;
      } else if (hits.insert(hit).second) {
        other.found += 1;
        other.delays.push_back(seconds_after(*hit, alarm.time - kStart));
      }
    }
  }
}

}  // namespace

Tally judge(Run run) {
  Tally tally;
  tally.runs = 1;
  tally.confounders = run.confounder ? 1 : 0;
  const Outcome outcome = run.world->run(run.length);
  count_truths(run, outcome, tally);
  count_events(run, outcome, tally);
  if (run.world->setup().keep_evidence) {
    count_explained(outcome, tally);
  }
  count_others(run, outcome, tally);
  tally.share_errors = outcome.share_errors;
  tally.observations = outcome.observations;
  tally.sweeps = outcome.sweeps;
  return tally;
}

void Tally::add(const Tally& other) {
  const auto join = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  runs += other.runs;
  confounders += other.confounders;
  wanted += other.wanted;
  found += other.found;
  class_errors += other.class_errors;
  false_confirmed += other.false_confirmed;
  true_confirmed += other.true_confirmed;
  forbidden += other.forbidden;
  explained += other.explained;
  explainable += other.explainable;
  observations += other.observations;
  sweeps += other.sweeps;
  join(candidate, other.candidate);
  join(probable, other.probable);
  join(confirmed, other.confirmed);
  join(told, other.told);
  join(share_errors, other.share_errors);
  join(calibration, other.calibration);
  join(failures, other.failures);
  for (const auto& [name, each] : other.others) {
    Other& mine = others[name];
    mine.found += each.found;
    mine.false_alarms += each.false_alarms;
    join(mine.delays, each.delays);
  }
}

double Tally::precision() const {
  const std::size_t all = true_confirmed + false_confirmed;
  return all == 0 ? 1 : static_cast<double>(true_confirmed) / static_cast<double>(all);
}

double Tally::recall() const {
  return wanted == 0 ? 1 : static_cast<double>(found) / static_cast<double>(wanted);
}

double percentile(std::vector<double> values, double part) {
  if (values.empty()) {
    return 0;
  }
  std::sort(values.begin(), values.end());
  const auto place = static_cast<std::size_t>(std::ceil(part * static_cast<double>(values.size())));
  return values[std::clamp<std::size_t>(place, 1, values.size()) - 1];
}

double mean(const std::vector<double>& values) {
  return values.empty() ? 0
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

double calibration_error(const std::vector<std::pair<double, bool>>& pairs) {
  struct Bin {
    double said = 0;
    double so = 0;
    double count = 0;
  };
  std::array<Bin, 10> bins{};
  for (const auto& [said, so] : pairs) {
    Bin& bin = bins.at(std::min<std::size_t>(9, static_cast<std::size_t>(said * 10)));
    bin.said += said;
    bin.so += so ? 1 : 0;
    bin.count += 1;
  }
  double error = 0;
  for (const Bin& bin : bins) {
    error += std::abs(bin.said - bin.so);
  }
  return pairs.empty() ? 0 : error / static_cast<double>(pairs.size());
}

double brier(const std::vector<std::pair<double, bool>>& pairs) {
  double sum = 0;
  for (const auto& [said, so] : pairs) {
    const double difference = said - (so ? 1 : 0);
    sum += difference * difference;
  }
  return pairs.empty() ? 0 : sum / static_cast<double>(pairs.size());
}

}  // namespace isthmus::bench
