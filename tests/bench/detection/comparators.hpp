#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/route/observation.hpp"

namespace isthmus::bench {

/// "This AS is a new upstream."
struct Alarm {
  TimePoint time;
  Asn upstream;
};

/// A rule of others that sees the same stream as the detector, written after what is published of
/// it. An AS that was told is known for a day.
class Comparator {
 public:
  Comparator(std::string name, const std::vector<Asn>& known)
      : name_{std::move(name)},
        known_{known.begin(), known.end()} {}
  virtual ~Comparator() = default;
  /// A BGP peer's upstream of a prefix; AS 0: no route. Origin and path are right.
  virtual void route(TimePoint /*time*/, Asn /*peer*/, const Prefix& /*prefix*/, Asn /*upstream*/) {
  }
  virtual void trace(const Observation& /*seen*/) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Alarm>& alarms() const { return alarms_; }

 protected:
  void alarm(TimePoint time, Asn upstream);
  [[nodiscard]] bool is_known(Asn asn, TimePoint time) const;

 private:
  std::string name_;
  std::set<Asn> known_;
  std::map<Asn, TimePoint> told_;
  std::vector<Alarm> alarms_;
};

/// The comparators of detection.md d.2 that can be written from published rules.
std::vector<std::unique_ptr<Comparator>> make_comparators(const std::vector<Asn>& known);

}  // namespace isthmus::bench
