#include "core/net/origin_table.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/hash.hpp"

namespace isthmus {
namespace {

/// Gives equal sets of origins the same number.
class SetNumbers {
 public:
  SetNumbers(std::vector<Asn>& origins, std::vector<std::uint32_t>& ends)
      : origins_{origins},
        ends_{ends} {}

  std::uint32_t number(std::span<const std::pair<Prefix, Asn>> group) {
    const std::size_t begin = origins_.size();
    for (const auto& [prefix, origin] : group) {
      origins_.push_back(origin);
    }
    const auto next = static_cast<std::uint32_t>(ends_.size());
    const std::uint32_t set = group.size() == 1 ? single(group.front().second, next)
                                                : several(std::span{origins_}.subspan(begin), next);
    if (set == next) {
      ends_.push_back(static_cast<std::uint32_t>(origins_.size()));
    } else {
      origins_.resize(begin);
    }
    return set;
  }

 private:
  std::uint32_t single(Asn origin, std::uint32_t next) {
    return singles_.try_emplace(origin.value, next).first->second;
  }
  std::uint32_t several(std::span<const Asn> set, std::uint32_t next) {
    return sets_.try_emplace(std::vector<Asn>{set.begin(), set.end()}, next).first->second;
  }

  struct SetHash {
    std::size_t operator()(const std::vector<Asn>& set) const {
      std::uint64_t value = set.size();
      for (const Asn asn : set) {
        value = combine(value, asn.value);
      }
      return value;
    }
  };

  std::vector<Asn>& origins_;
  std::vector<std::uint32_t>& ends_;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> singles_;
  boost::unordered_flat_map<std::vector<Asn>, std::uint32_t, SetHash> sets_;
};

}  // namespace

std::size_t OriginTable::bytes() const {
  return prefixes_.bytes() + origins_.capacity() * sizeof(Asn) +
         set_ends_.capacity() * sizeof(std::uint32_t);
}

void OriginTableBuilder::add(const Prefix& prefix, std::span<const Asn> origins) {
  for (const Asn origin : origins) {
    add(prefix, origin);
  }
}

Result<OriginTable> OriginTableBuilder::build() {
  std::vector<std::pair<Prefix, Asn>> pairs;
  pairs.swap(pairs_);
  std::ranges::sort(pairs);
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());

  OriginTable table;
  SetNumbers sets{table.origins_, table.set_ends_};
  std::vector<PrefixTable::Entry> entries;
  for (std::size_t i = 0; i < pairs.size();) {
    std::size_t next = i + 1;
    while (next < pairs.size() && pairs[next].first == pairs[i].first) {
      ++next;
    }
    const auto group = std::span{pairs}.subspan(i, next - i);
    table.moas_count_ += group.size() > 1 ? 1U : 0U;
    entries.push_back({pairs[i].first, sets.number(group)});
    i = next;
  }
  auto prefixes = PrefixTable::build(entries);
  if (!prefixes) {
    return unexpected{prefixes.error()};
  }
  table.prefixes_ = std::move(*prefixes);
  table.origins_.shrink_to_fit();
  table.set_ends_.shrink_to_fit();
  return table;
}

}  // namespace isthmus
