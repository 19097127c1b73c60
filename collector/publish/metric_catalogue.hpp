#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus::collector {

enum class MetricKind : std::uint8_t { Gauge, Counter, Histogram, Info };

/// "gauge", "counter", "histogram" or "info".
std::string_view to_string(MetricKind kind);

/// What stands behind the name of a metric (detection.md e, and the collector's own).
struct MetricInfo {
  std::string_view name;  ///< as in the text format: counters end in _total, infos in _info
  MetricKind kind;
  std::string_view unit;    ///< "seconds", "ratio", "bytes"; empty if it has none
  std::string_view labels;  ///< names with commas between
  std::string_view help;    ///< one sentence
};

/// The labels of a metric, one by one.
std::vector<std::string_view> label_names(const MetricInfo& info);

namespace metrics {

inline constexpr MetricInfo kUpstreamInfo{
    "isthmus_upstream_info", MetricKind::Info, "", "target,upstream_asn,name,cc,cc_source,class",
    "Who an upstream is; to be joined by target and upstream_asn."};
inline constexpr MetricInfo kUpstreamState{
    "isthmus_upstream_state", MetricKind::Gauge, "", "target,upstream_asn,family,state",
    "1 for the state that an upstream is in, 0 for the others."};
inline constexpr MetricInfo kShare{"isthmus_upstream_share_ratio", MetricKind::Gauge, "ratio",
                                   "target,upstream_asn,plane,family",
                                   "Part of the target's space that is reached over an upstream."};
inline constexpr MetricInfo kShareLower{"isthmus_upstream_share_lower_ratio", MetricKind::Gauge,
                                        "ratio", "target,upstream_asn,plane,family",
                                        "The 5 % bound of that part."};
inline constexpr MetricInfo kShareUpper{"isthmus_upstream_share_upper_ratio", MetricKind::Gauge,
                                        "ratio", "target,upstream_asn,plane,family",
                                        "The 95 % bound of that part."};
inline constexpr MetricInfo kHegemony{"isthmus_upstream_hegemony_ratio", MetricKind::Gauge, "ratio",
                                      "target,upstream_asn,plane,family",
                                      "AS hegemony of an upstream towards the target."};
inline constexpr MetricInfo kPrefixShare{
    "isthmus_prefix_upstream_share_ratio", MetricKind::Gauge, "ratio",
    "target,prefix,upstream_asn,plane",
    "Part of the vantage groups that reach a prefix over an upstream."};
inline constexpr MetricInfo kUpstreamVantages{"isthmus_upstream_vantages", MetricKind::Gauge, "",
                                              "target,upstream_asn,plane,family",
                                              "Vantage groups that go over an upstream now."};
inline constexpr MetricInfo kTargetVantages{"isthmus_target_vantages", MetricKind::Gauge, "",
                                            "target,plane,family,status",
                                            "Vantage groups by what they say of the target."};
inline constexpr MetricInfo kReachable{"isthmus_target_reachable_ratio", MetricKind::Gauge, "ratio",
                                       "target,prefix,plane",
                                       "Part of the vantage groups that reach a prefix at all."};
inline constexpr MetricInfo kEvidence{"isthmus_upstream_evidence_nats", MetricKind::Gauge, "nats",
                                      "target,upstream_asn,family",
                                      "Evidence that an AS is an upstream, in nats."};
inline constexpr MetricInfo kConfidence{"isthmus_upstream_confidence_ratio", MetricKind::Gauge,
                                        "ratio", "target,upstream_asn,family",
                                        "How sure it is that an AS is an upstream."};
inline constexpr MetricInfo kFirstSeen{"isthmus_upstream_first_seen_timestamp_seconds",
                                       MetricKind::Gauge, "seconds", "target,upstream_asn,family",
                                       "When an upstream was seen first."};
inline constexpr MetricInfo kLastSeen{"isthmus_upstream_last_seen_timestamp_seconds",
                                      MetricKind::Gauge, "seconds", "target,upstream_asn,family",
                                      "When an upstream was seen last."};
inline constexpr MetricInfo kConfirmedAt{"isthmus_upstream_confirmed_timestamp_seconds",
                                         MetricKind::Gauge, "seconds", "target,upstream_asn,family",
                                         "When an upstream was confirmed last."};
inline constexpr MetricInfo kRtt{"isthmus_upstream_rtt_seconds", MetricKind::Histogram, "seconds",
                                 "target,upstream_asn,family",
                                 "Round-trip times to the target over an upstream."};
inline constexpr MetricInfo kRttMin{"isthmus_upstream_rtt_min_seconds", MetricKind::Gauge,
                                    "seconds", "target,upstream_asn,family",
                                    "The shortest of the fresh round-trip times over an upstream."};
inline constexpr MetricInfo kGapRtt{
    "isthmus_upstream_gap_rtt_seconds", MetricKind::Gauge, "seconds", "target,upstream_asn,family",
    "Round-trip time between the last hop of an upstream and the target, the median."};
inline constexpr MetricInfo kPlaneDisagreement{"isthmus_plane_disagreement_ratio",
                                               MetricKind::Gauge, "ratio", "target,family",
                                               "How far packets and routes contradict each other."};
inline constexpr MetricInfo kLearning{
    "isthmus_target_learning", MetricKind::Gauge, "", "target,family",
    "1 while the upstreams of a target are learned and are no news."};
inline constexpr MetricInfo kEvents{"isthmus_events_total", MetricKind::Counter, "",
                                    "target,type,severity", "Events that were told."};
inline constexpr MetricInfo kDetectionDelay{
    "isthmus_event_detection_delay_seconds", MetricKind::Histogram, "seconds", "type",
    "Time from the first sight of a change until its event."};
inline constexpr MetricInfo kSuppressed{"isthmus_suppressed_total", MetricKind::Counter, "",
                                        "target,reason", "Events that were held back."};
inline constexpr MetricInfo kObservations{"isthmus_observations_total", MetricKind::Counter, "",
                                          "target,plane,grade",
                                          "Observations that the detector took in."};
inline constexpr MetricInfo kRejected{"isthmus_observations_rejected_total", MetricKind::Counter,
                                      "", "plane,reason",
                                      "Observations that say nothing of an upstream."};
inline constexpr MetricInfo kLate{"isthmus_observations_late_total", MetricKind::Counter, "",
                                  "plane", "Observations that came after the permitted lateness."};
inline constexpr MetricInfo kDuplicate{"isthmus_observations_duplicate_total", MetricKind::Counter,
                                       "", "plane", "Observations that were there already."};
inline constexpr MetricInfo kSweeps{"isthmus_sweeps_total", MetricKind::Counter, "", "target,kind",
                                    "Sweeps that the detector asked the probes for."};
inline constexpr MetricInfo kProbeUp{"isthmus_probe_up", MetricKind::Gauge, "", "probe,group_asn",
                                     "1 if a probe is connected, else 0."};
inline constexpr MetricInfo kProbeLastResult{"isthmus_probe_last_result_timestamp_seconds",
                                             MetricKind::Gauge, "seconds", "probe,group_asn",
                                             "When the last result of a probe was received."};
inline constexpr MetricInfo kProbeClock{
    "isthmus_probe_clock_offset_seconds", MetricKind::Gauge, "seconds", "probe,group_asn",
    "How far the clock of a probe goes before the collector's."};
inline constexpr MetricInfo kProbeTraceroutes{"isthmus_probe_traceroutes_total",
                                              MetricKind::Counter, "", "probe,group_asn,result",
                                              "Traceroutes of a probe by what became of them."};
inline constexpr MetricInfo kProbeCertificate{"isthmus_probe_certificate_expiry_timestamp_seconds",
                                              MetricKind::Gauge, "seconds", "probe,group_asn",
                                              "When the certificate of a probe expires."};
inline constexpr MetricInfo kBgpPeers{"isthmus_bgp_peers", MetricKind::Gauge, "", "collector,state",
                                      "BGP peers of a feed by state."};
inline constexpr MetricInfo kBgpLag{"isthmus_bgp_feed_lag_seconds", MetricKind::Gauge, "seconds",
                                    "collector", "How far a feed is behind the routers."};
inline constexpr MetricInfo kBgpUpdates{"isthmus_bgp_updates_total", MetricKind::Counter, "",
                                        "collector", "Route elements that came from a feed."};
inline constexpr MetricInfo kBgpUp{"isthmus_bgp_feed_up", MetricKind::Gauge, "", "collector,kind",
                                   "1 if a feed delivers, 0 if it is away or blind."};
inline constexpr MetricInfo kBgpGaps{"isthmus_bgp_gaps_total", MetricKind::Counter, "", "collector",
                                     "Times at which messages of a feed may have been missed."};
inline constexpr MetricInfo kBgpSkipped{"isthmus_bgp_skipped_total", MetricKind::Counter, "",
                                        "collector,reason",
                                        "Messages of a feed that could not be used."};
inline constexpr MetricInfo kTableAge{"isthmus_ip2as_age_seconds", MetricKind::Gauge, "seconds",
                                      "source", "Age of a label table's data."};
inline constexpr MetricInfo kTablePrefixes{"isthmus_ip2as_prefixes", MetricKind::Gauge, "",
                                           "source", "Entries of a label table."};
inline constexpr MetricInfo kQueueLength{"isthmus_queue_length", MetricKind::Gauge, "", "queue",
                                         "Entries in a queue between two threads."};
inline constexpr MetricInfo kQueueCapacity{"isthmus_queue_capacity", MetricKind::Gauge, "", "queue",
                                           "How many entries make the producer wait."};
inline constexpr MetricInfo kReloadGood{
    "isthmus_config_last_reload_successful", MetricKind::Gauge, "", "",
    "1 if the configuration could be used when it was read last, else 0."};
inline constexpr MetricInfo kReloadTime{"isthmus_config_last_reload_success_timestamp_seconds",
                                        MetricKind::Gauge, "seconds", "",
                                        "When the configuration in force was read."};
inline constexpr MetricInfo kBuild{"isthmus_build_info", MetricKind::Info, "", "version,revision",
                                   "The program."};
inline constexpr MetricInfo kDetectorTime{
    "isthmus_detector_timestamp_seconds", MetricKind::Gauge, "seconds", "",
    "Up to when the detector has judged; live this is seconds behind now."};

}  // namespace metrics

/// What is made from a snapshot, in the order in which it is served.
std::span<const MetricInfo* const> snapshot_metrics();

/// docs/reference/metrics.md, whole: the tables of snapshot and self-metrics.
std::string metrics_reference();

}  // namespace isthmus::collector
