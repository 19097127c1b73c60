#include "core/route/vrp_table.hpp"

#include <algorithm>

namespace isthmus {

VrpTable::VrpTable(std::vector<Vrp> vrps) : vrps_{std::move(vrps)} {
  std::sort(vrps_.begin(), vrps_.end());
  vrps_.erase(std::unique(vrps_.begin(), vrps_.end()), vrps_.end());
  for (const Vrp& vrp : vrps_) {
    const unsigned length = vrp.prefix.length();
    if (vrp.prefix.family() == Family::Ipv4) {
      lengths_v4_ |= std::uint64_t{1} << length;
    } else {
      lengths_v6_[length / 64] |= std::uint64_t{1} << length % 64;
    }
  }
}

RpkiState VrpTable::validate(const Prefix& prefix, std::optional<Asn> origin) const {
  const bool is_v4 = prefix.family() == Family::Ipv4;
  bool is_covered = false;
  for (unsigned length = 0; length <= prefix.length(); ++length) {
    const std::uint64_t word = is_v4 ? lengths_v4_ : lengths_v6_[length / 64];
    if ((word >> length % 64 & 1) == 0) {
      continue;
    }
    const Prefix around = Prefix::covering(prefix.address(), length);
    auto at = std::lower_bound(vrps_.begin(), vrps_.end(), around,
                               [](const Vrp& vrp, const Prefix& key) { return vrp.prefix < key; });
    for (; at != vrps_.end() && at->prefix == around; ++at) {
      is_covered = true;
      // AS0 is nobody's (RFC 7607): it only covers.
      if (origin && origin->value != 0 && at->asn == *origin && prefix.length() <= at->max_length) {
        return RpkiState::Valid;
      }
    }
  }
  return is_covered ? RpkiState::Invalid : RpkiState::NotFound;
}

}  // namespace isthmus
