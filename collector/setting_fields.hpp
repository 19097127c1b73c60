#pragma once

#include <array>
#include <string_view>

#include "collector/settings.hpp"

namespace isthmus::collector {

/// A length of time under [detector], with the bounds in which it makes sense.
struct DurationField {
  std::string_view key;
  Duration DetectorSettings::*member;
  Duration min;
  Duration max;
  std::string_view meaning;
};

/// A list of files under [labels].
struct FileField {
  std::string_view key;
  std::vector<std::string> LabelSettings::*member;
  std::string_view meaning;
};

inline constexpr std::array kDurationFields{
    DurationField{"lateness", &DetectorSettings::lateness, Duration{0}, std::chrono::hours{24},
                  "Input may be out of order by this much; findings wait for so long."},
    DurationField{"persistence", &DetectorSettings::persistence, std::chrono::seconds{1},
                  std::chrono::hours{24 * 30},
                  "How long a new upstream must stand before it is confirmed."},
    DurationField{"return_persistence", &DetectorSettings::return_persistence,
                  std::chrono::seconds{1}, std::chrono::hours{24 * 30},
                  "The same for an upstream that was known before and comes back."},
    DurationField{"half_life", &DetectorSettings::half_life, std::chrono::seconds{1},
                  std::chrono::hours{24 * 30},
                  "After this time the weight of an old observation has halved."},
    DurationField{"peer_standing", &DetectorSettings::peer_standing, Duration{0},
                  std::chrono::hours{24},
                  "A BGP peer's route counts when it is as old as this: path exploration is over."},
    DurationField{"probe_interval", &DetectorSettings::probe_interval, std::chrono::seconds{1},
                  std::chrono::hours{24},
                  "How often probes measure; freshness and permitted gaps follow from it."},
    DurationField{"learning", &DetectorSettings::learning, Duration{0},
                  std::chrono::hours{24 * 365},
                  "Without known_upstreams, what is seen for so long is learnt, not told as new."},
    DurationField{"establish", &DetectorSettings::establish, std::chrono::seconds{1},
                  std::chrono::hours{24 * 365},
                  "A confirmed upstream that stays for so long joins the baseline."},
};

inline constexpr std::array kFileFields{
    FileField{"override", &LabelSettings::override_files,
              "Your own names for prefixes; they win over every other table."},
    FileField{"mrt", &LabelSettings::mrt, "RIB dumps from which the origin table is made."},
    FileField{"pfx2as", &LabelSettings::pfx2as, "CAIDA prefix-to-AS files."},
    FileField{"csv", &LabelSettings::csv, "Address ranges as start,end,asn."},
    FileField{"as_names", &LabelSettings::as_names, "Names of ASes, for people to read."},
    FileField{"mmdb", &LabelSettings::mmdb, "MaxMind databases (GeoLite2-ASN and its kin)."},
    FileField{"ixps", &LabelSettings::ixps,
              "Exchanges, their LANs and members: CAIDA's JSON lines or PeeringDB's JSON."},
    FileField{"delegated", &LabelSettings::delegated,
              "Delegated-extended files of the registries: who holds what nobody announces."},
    FileField{"countries", &LabelSettings::countries,
              "Countries of ASes as asn,country; they win over the registries."},
    FileField{"as_relationships", &LabelSettings::as_relationships,
              "CAIDA as-rel files: which AS pays which."},
    FileField{"as_cones", &LabelSettings::as_cones, "CAIDA ppdc-ases files: customer cones."},
    FileField{"as_organisations", &LabelSettings::as_organisations,
              "CAIDA as2org files: which ASes belong to one organisation."},
    FileField{"siblings", &LabelSettings::siblings,
              "Your own groups of ASes that belong together, one group a line."},
};

/// The highest candidate_score that may be asked for, in nats.
inline constexpr double kHighestScore = 1000.0;

}  // namespace isthmus::collector
