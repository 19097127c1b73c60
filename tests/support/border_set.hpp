#pragma once

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "collector/label/border_map.hpp"

namespace isthmus::testing {

/// What bdrmapIT said of the addresses of a day's traceroutes to one AS (as-frontier, 2019).
struct BorderSet {
  struct Answer {
    IpAddress address;
    Asn bdrmapit;
    std::optional<Asn> longest_prefix;
  };
  std::vector<Answer> answers;  ///< those addresses that bdrmapIT has an owner for
  collector::BorderMap map;
};

/// Reads bdrmapit.csv (`address, owner, [origins]`; negative origins are exchanges, 0 is nobody)
/// and ip_graph.txt (an address and its next hops on each line).
inline BorderSet read_border_set(const std::string& folder) {
  BorderSet set;
  std::ifstream csv{folder + "/bdrmapit.csv"};
  for (std::string line; std::getline(csv, line);) {
    std::istringstream fields{line};
    std::string address_text;
    std::string owner_text;
    std::string origins_text;
    std::getline(fields, address_text, ',');
    std::getline(fields, owner_text, ',');
    std::getline(fields, origins_text);
    const auto address = IpAddress::parse(address_text);
    if (!address) {
      continue;
    }
    owner_text.erase(0, owner_text.find_first_not_of(' '));
    origins_text.erase(0, origins_text.find('[') + 1);
    origins_text.erase(std::min(origins_text.find(']'), origins_text.size()));
    auto origin = Asn::parse(origins_text);
    if (origin && origin->value == 0) {
      origin.reset();
    }
    set.map.add_address(*address, origin);
    if (const auto owner = Asn::parse(owner_text)) {
      set.answers.push_back({*address, *owner, origin});
    }
  }
  std::ifstream graph{folder + "/ip_graph.txt"};
  for (std::string line; std::getline(graph, line);) {
    std::istringstream words{line};
    std::string word;
    words >> word;
    const auto address = IpAddress::parse(word);
    while (address && words >> word) {
      if (const auto next = IpAddress::parse(word)) {
        set.map.add_link(*address, *next);
      }
    }
  }
  return set;
}

}  // namespace isthmus::testing
