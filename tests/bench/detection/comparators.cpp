#include "tests/bench/detection/comparators.hpp"

#include <algorithm>

#include "collector/detect/quantities.hpp"

namespace isthmus::bench {
namespace {

constexpr Duration kRepeat = std::chrono::hours{24};

/// Every traceroute whose last AS before the target is not known.
class NaiveTrace : public Comparator {
 public:
  NaiveTrace(const std::vector<Asn>& known, std::size_t probes)
      : Comparator{probes == 1 ? "naive-1 (traceroute)" : "naive-3 (traceroute, 6 min)", known},
        probes_{probes} {}
  void trace(const Observation& seen) override {
    if (seen.verdict != Verdict::Upstream) {
      return;
    }
    for (const Asn asn : seen.upstreams) {
      auto& seen_by = recent_[asn];
      seen_by[seen.vantage.source] = seen.time;
      std::erase_if(seen_by, [&](const auto& each) {
        return seen.time - each.second > std::chrono::minutes{6};
      });
      if (seen_by.size() >= probes_ && !is_known(asn, seen.time)) {
        alarm(seen.time, asn);
      }
    }
  }

 private:
  std::size_t probes_;
  std::map<Asn, std::map<std::string, TimePoint>> recent_;
};

/// An update whose last AS before the origin is not known: ARTEMIS' type-1 (any update), and
/// BGPalerter's path-neighbors with three peers within 360 s.
class NeighbourRule : public Comparator {
 public:
  NeighbourRule(const std::vector<Asn>& known, std::size_t peers)
      : Comparator{peers == 1 ? "origin-1 (any update)" : "three peers (360 s)", known},
        peers_{peers} {}
  void route(TimePoint time, Asn peer, const Prefix& /*prefix*/, Asn upstream) override {
    if (upstream == Asn{} || upstream == peer) {
      return;
    }
    auto& seen_by = recent_[upstream];
    seen_by[peer] = time;
    std::erase_if(seen_by,
                  [&](const auto& each) { return time - each.second > std::chrono::seconds{360}; });
    if (seen_by.size() >= peers_ && !is_known(upstream, time)) {
      alarm(time, upstream);
    }
  }

 private:
  std::size_t peers_;
  std::map<Asn, std::map<Asn, TimePoint>> recent_;
};

/// AS hegemony at every quarter of an hour; a step of more than 0.1 upwards is told.
class HegemonyStep : public Comparator {
 public:
  explicit HegemonyStep(const std::vector<Asn>& known)
      : Comparator{"hegemony step (15 min, 0.1)", known} {}
  void route(TimePoint time, Asn peer, const Prefix& prefix, Asn upstream) override {
    while (next_ && time >= *next_) {
      dump(*next_);
      *next_ += std::chrono::minutes{15};
    }
    if (!next_) {
      next_ = std::chrono::ceil<std::chrono::minutes>(time) + std::chrono::minutes{15};
    }
    routes_[peer][prefix] = upstream;
  }

 private:
  void dump(TimePoint time) {
    std::map<Asn, std::vector<double>> parts;
    std::size_t seeing = 0;
    for (const auto& [peer, prefixes] : routes_) {
      std::map<Asn, double> part;
      double all = 0;
      for (const auto& [prefix, upstream] : prefixes) {
        all += upstream == Asn{} ? 0 : 1;
        part[upstream] += 1;
      }
      if (all == 0) {
        continue;
      }
      seeing += 1;
      for (const auto& [asn, count] : part) {
        if (asn != Asn{}) {
          parts[asn].push_back(count / all);
        }
      }
    }
    std::map<Asn, double> now;
    for (auto& [asn, values] : parts) {
      values.resize(seeing, 0);
      now[asn] = collector::hegemony(values);
    }
    for (const auto& [asn, value] : now) {
      const auto before = last_.find(asn);
      const double step = value - (before == last_.end() ? 0 : before->second);
      if (step > 0.1 && !is_known(asn, time)) {
        alarm(time, asn);
      }
    }
    last_ = std::move(now);
  }

  std::optional<TimePoint> next_;
  std::map<Asn, std::map<Prefix, Asn>> routes_;
  std::map<Asn, double> last_;
};

}  // namespace

void Comparator::alarm(TimePoint time, Asn upstream) {
  told_[upstream] = time;
  alarms_.push_back({time, upstream});
}

bool Comparator::is_known(Asn asn, TimePoint time) const {
  const auto told = told_.find(asn);
  return known_.contains(asn) || (told != told_.end() && time - told->second < kRepeat);
}

std::vector<std::unique_ptr<Comparator>> make_comparators(const std::vector<Asn>& known) {
  std::vector<std::unique_ptr<Comparator>> list;
  list.push_back(std::make_unique<NaiveTrace>(known, 1));
  list.push_back(std::make_unique<NaiveTrace>(known, 3));
  list.push_back(std::make_unique<NeighbourRule>(known, 1));
  list.push_back(std::make_unique<NeighbourRule>(known, 3));
  list.push_back(std::make_unique<HegemonyStep>(known));
  return list;
}

}  // namespace isthmus::bench
