#pragma once

#include "tests/support/findings_check.hpp"
#include "tests/support/story_teller.hpp"

/// The people of most stories: Star JV, its two upstreams, and the words to tell of them.
namespace isthmus::testing {

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers)
using collector::DetectorSettings;
using collector::Findings;
using collector::Target;

inline const StoryTeller::Prefixes kStarPrefixes{"175.45.176.0/24", "175.45.177.0/24",
                                                 "175.45.178.0/24", "175.45.179.0/24"};
/// Without .177, as in October 2017.
inline const StoryTeller::Prefixes kThreeOfFour{"175.45.176.0/24", "175.45.178.0/24",
                                                "175.45.179.0/24"};
inline const std::string kUnicomPath = "6939 4837 131279";
inline const std::string kTtkPath = "9002 20485 131279";

/// Star JV with AS4837 known, so that nothing has to be learned.
inline Target star() {
  Target target{.name = "star", .origins = {Asn{131279}}, .known_upstreams = {Asn{4837}}};
  for (const std::string& prefix : kStarPrefixes) {
    target.prefixes.push_back(Prefix::parse(prefix).value());
  }
  return target;
}

using Lines = std::vector<std::string>;

}  // namespace isthmus::testing

using namespace isthmus;           // NOLINT
using namespace isthmus::testing;  // NOLINT
