#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/detect/detector.hpp"
#include "collector/detect/path_edges.hpp"
#include "collector/feed/route_batch.hpp"
#include "collector/feed/trace_batch.hpp"
#include "collector/label/labeller.hpp"
#include "core/net/prefix_map.hpp"

namespace isthmus::collector {

/// Names what comes in, reads the upstream out of it and hands it to the detector. Pure, as the
/// detector is: time comes in as a parameter. One thread.
class DetectStage {
 public:
  DetectStage(std::vector<Target> targets, DetectorSettings settings,
              std::shared_ptr<const Labeller> labeller);

  void take(const Route& route) { detector_.observe(route); }
  void take(const RouteBatch& batch);
  void take(const ResultBatch& results, TimePoint received);
  /// Lets the detector's time run; findings bear names and the versions of the tables.
  Findings advance(TimePoint now);
  /// The same for the end of all input.
  Findings finish(TimePoint now);

  /// Also takes up what traceroutes are read with: which upstreams are known.
  std::vector<TargetStatus> status(TimePoint now);
  [[nodiscard]] DetectorCounters counters() const { return detector_.counters(); }
  [[nodiscard]] const Labeller& labeller() const { return *labeller_; }
  void use(std::shared_ptr<const Labeller> labeller) { labeller_ = std::move(labeller); }

  void save(std::string& out) const { detector_.save(out); }
  Result<void> restore(Bytes saved) { return detector_.restore(saved); }

 private:
  /// What is known of a target when its traceroutes are read.
  struct Watch {
    Target target;
    PathEdges edges;
    std::vector<Asn> known;
    std::vector<Asn> established;
  };
  struct Place {
    Watch* watch = nullptr;
    Prefix prefix;
  };

  [[nodiscard]] std::optional<Place> place_of(const IpAddress& destination);
  Findings take_findings();

  std::vector<std::unique_ptr<Watch>> watches_;
  PrefixMap<Watch*> prefixes_;
  std::shared_ptr<const Labeller> labeller_;
  Detector detector_;
};

}  // namespace isthmus::collector
