#pragma once

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "collector/record/history.hpp"

namespace isthmus::collector {

/// A folder of its own for each test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "isthmus-record-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

inline TimePoint at(const std::string& utc) {
  return *parse_utc(utc);
}

inline VantagePoint control_vantage() {
  return {Plane::Control, "rrc00", *IpAddress::parse("2001:db8::1"), Asn{64496}};
}
inline VantagePoint data_vantage() {
  return {Plane::Data, "probe-ürich", *IpAddress::parse("192.0.2.1"), Asn{4200000000}};
}

/// One with every field set, and text that every format must quote.
inline Observation sample_observation() {
  return {.time = at("2017-10-01T09:07:51.000001Z"),
          .receive_time = at("2017-10-01T09:07:52Z"),
          .vantage = data_vantage(),
          .target = "kp \"star\", joint\nventure",
          .prefix = *Prefix::parse("175.45.176.0/24"),
          .verdict = Verdict::Upstream,
          .upstreams = {Asn{20485}, Asn{4837}},
          .grade = Grade::B,
          .reasons = {"gap", "via_ixp"},
          .path = {Asn{64496}, Asn{20485}, Asn{131279}},
          .raw_path = "64496 {20485,4837} 131279",
          .trace = TraceEvidence{.upstream_addresses = {*IpAddress::parse("188.43.225.153"),
                                                        *IpAddress::parse("2001:db8::2")},
                                 .run_length = 2,
                                 .gap = 255,
                                 .via_ixp = true,
                                 .reached = true,
                                 .rtt = Duration{212'345},
                                 .gap_rtt = Duration{-1}},
          .evidence_id = 0xfedcba9876543210};
}

inline Observation plain_observation() {
  return {.time = at("2017-10-01T10:00:00Z"),
          .receive_time = at("2017-10-01T10:00:00Z"),
          .vantage = control_vantage(),
          .target = "kp",
          .prefix = *Prefix::parse("2001:db8:1::/48"),
          .verdict = Verdict::Upstream,
          .upstreams = {Asn{20485}},
          .grade = Grade::A,
          .evidence_id = 7};
}

inline RouteInterval sample_interval() {
  return {.target = "kp",
          .prefix = *Prefix::parse("175.45.176.0/24"),
          .vantage = control_vantage(),
          .verdict = Verdict::Upstream,
          .upstream = Asn{4837},
          .path = "64496 4837 131279",
          .from = at("2017-10-01T00:00:00Z"),
          .until = std::nullopt};
}

/// One with every field set; its score is the sum of its terms, its identity fits its time.
inline Event sample_event() {
  const Observation seen = sample_observation();
  Event event;
  event.id = "01BVBK24JR0123456789ABCDEF";
  event.type = EventType::UpstreamNew;
  event.severity = Severity::Critical;
  event.time = at("2017-10-01T09:07:51Z");
  event.target = "kp";
  event.family = Family::Ipv4;
  event.upstream = Asn{20485};
  event.upstream_name = "TTK \\ TransTeleCom";
  event.previous_upstreams = {{Asn{4837}, 1.0 / 3}};
  event.prefixes = {{*Prefix::parse("175.45.176.0/24"), 0, 0.1}};
  event.first_seen = at("2017-10-01T09:07:51Z");
  event.probable_at = at("2017-10-01T09:08:00.5Z");
  event.confirmed_at = at("2017-10-01T09:12:00Z");
  event.ended_at = at("2017-10-02T00:00:00Z");
  event.share = 0.30000000000000004;
  event.share_lower = 5e-324;
  event.share_upper = 0.9999999999999999;
  event.hegemony = 1e22;
  event.confidence = 0.99;
  event.terms = {{"group", "AS64496", 4.605170185988092},
                 {"prior.leak_shape", "", -2.302585092994046}};
  event.score = event.terms[0].nats + event.terms[1].nats;
  event.witnesses = {{seen.vantage, seen.prefix, seen.time, Grade::B, seen.evidence_id,
                      "64496 4837 131279", "64496 20485 131279", true}};
  event.counter_evidence = {{control_vantage(), *Prefix::parse("2001:db8:1::/48"),
                             at("2017-10-01T10:00:00Z"), Grade::A, 7, "", "", false}};
  event.planes = {Plane::Control, Plane::Data};
  event.rule = "fused";
  event.summary = "AS20485 now carries kp\t(\x01) \xE2\x82\xAC";
  event.thresholds = {{"confirm_nats", "6.9"}, {"confirm_nats", "again"}};
  event.dataset_versions = {{"ip2as", "20171001.0000"}};
  event.amends = "01BVBK24JR00000000000000000";
  return event;
}

/// What the sample event needs to be whole.
inline HistoryBatch sample_batch() {
  return {.intervals = {sample_interval()},
          .events = {sample_event()},
          .observations = {sample_observation(), plain_observation()},
          .table_versions = {{"ip2as", "20171001.0000"}, {"ixp", "2017-09"}},
          .progress = at("2017-10-01T12:00:00Z")};
}

inline std::vector<Event> all_events(const History& history, const HistoryFilter& filter = {}) {
  std::vector<Event> found;
  const auto done = history.events(filter, [&](const Event& event) {
    found.push_back(event);
    return true;
  });
  return done ? found : std::vector<Event>{};
}

inline std::vector<RouteInterval> all_intervals(const History& history,
                                                const HistoryFilter& filter = {}) {
  std::vector<RouteInterval> found;
  const auto done = history.intervals(filter, [&](const RouteInterval& interval) {
    found.push_back(interval);
    return true;
  });
  return done ? found : std::vector<RouteInterval>{};
}

inline std::vector<Observation> all_observations(const History& history,
                                                 const HistoryFilter& filter = {}) {
  std::vector<Observation> found;
  const auto done = history.observations(filter, [&](const Observation& observation) {
    found.push_back(observation);
    return true;
  });
  return done ? found : std::vector<Observation>{};
}

}  // namespace isthmus::collector
