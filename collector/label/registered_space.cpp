#include "collector/label/registered_space.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/net/prefix_range.hpp"

namespace isthmus::collector {
namespace {

bool is_country(std::string_view text) {
  return text.size() == 2 && std::all_of(text.begin(), text.end(),
                                         [](char each) { return each >= 'A' && each <= 'Z'; });
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{value}
                                                                  : std::nullopt;
}

std::string_view text_of(const auto& letters, std::size_t size) {
  return {letters.data(), size};
}

}  // namespace

Country RegisteredSpace::country_of(const Delegation& delegation) const {
  return {text_of(delegation.code, 2), registries_[delegation.registry],
          text_of(delegation.date, delegation.date_size)};
}

std::optional<Registration> RegisteredSpace::find(const IpAddress& address) const {
  const auto match = prefixes_.longest_match(address);
  if (!match) {
    return std::nullopt;
  }
  const Delegation& delegation = delegations_[match->value];
  Registration found;
  found.prefix = Prefix::covering(address, match->length);
  found.country = country_of(delegation);
  if (const auto asns = holder_asns_.find(delegation.holder);
      delegation.holder != 0 && asns != holder_asns_.end()) {
    found.holder_asns = asns->second;
  }
  return found;
}

std::optional<Country> RegisteredSpace::country(Asn asn) const {
  if (const auto own = configured_.find(asn.value); own != configured_.end()) {
    return Country{text_of(own->second, 2), "configuration", {}};
  }
  auto place = std::upper_bound(
      blocks_.begin(), blocks_.end(), asn.value,
      [](std::uint32_t value, const AsBlock& block) { return value < block.first; });
  if (place == blocks_.begin() || (--place)->last < asn.value) {
    return std::nullopt;
  }
  return country_of(place->delegation);
}

LineAccount RegisteredSpaceBuilder::add_delegated(std::string_view text) {
  LineAccount account;
  LineReader lines{text, account};
  while (const auto line = lines.next()) {
    if (is_comment(*line)) {
      ++account.passed;
    } else {
      read_line(*line, account);
    }
  }
  return account;
}

void RegisteredSpaceBuilder::read_line(std::string_view line, LineAccount& account) {
  std::array<std::string_view, 8> fields;
  std::string_view rest = line;
  std::size_t count = 0;
  while (!rest.empty() && count < fields.size()) {
    fields[count++] = trim(take_field(rest, '|'));
  }
  const auto& [registry, code, type, start, value, date, status, holder] = fields;
  // The first line begins with the version of the format; lines of sums end early.
  const bool heading = !registry.empty() && registry.front() >= '0' && registry.front() <= '9';
  if (heading || status.empty() || status == "available" || status == "reserved") {
    if (heading || type == "ipv4" || type == "ipv6" || type == "asn") {
      ++account.passed;
    } else {
      account.refuse("is no line of a delegated file: registry|cc|type|start|value|date|status");
    }
    return;
  }
  Delegation delegation;
  if (!code.empty() && !is_country(code)) {
    account.refuse("the country is not two capital letters");
    return;
  }
  const std::string_view known_code = code.empty() ? std::string_view{"ZZ"} : code;
  std::copy(known_code.begin(), known_code.end(), delegation.code.begin());
  if (date.size() <= delegation.date.size()) {
    std::copy(date.begin(), date.end(), delegation.date.begin());
    delegation.date_size = static_cast<std::uint8_t>(date.size());
  }
  auto place = std::find(registries_.begin(), registries_.end(), registry);
  if (place == registries_.end()) {
    constexpr std::size_t kMostRegistries = 64;
    if (registries_.size() == kMostRegistries || registry.empty()) {
      account.refuse("names no registry, or more registries than there are");
      return;
    }
    place = registries_.insert(registries_.end(), std::string{registry});
  }
  delegation.registry = static_cast<std::uint32_t>(place - registries_.begin());
  if (!holder.empty()) {
    const std::string key = std::string{registry} + '|' + std::string{holder};
    delegation.holder =
        holders_.emplace(key, static_cast<std::uint32_t>(holders_.size()) + 1).first->second;
  }
  const bool done = type == "asn" ? add_asns(start, value, delegation)
                                  : add_addresses(type, start, value, delegation);
  if (done) {
    ++account.used;
  } else {
    account.refuse("the block is none: a first address or number, and how many, were expected");
  }
}

bool RegisteredSpaceBuilder::add_addresses(std::string_view type, std::string_view start,
                                           std::string_view value, const Delegation& delegation) {
  const auto first = IpAddress::parse(start);
  const auto count = parse_number(value);
  if (!first || !count || *count == 0) {
    return false;
  }
  if (type == "ipv6") {
    const auto prefix = Prefix::parse(std::string{start} + '/' + std::string{value});
    if (first->is_v4() || !prefix || prefix->length() < 8) {
      return false;
    }
    prefixes_.emplace_back(*prefix, delegation);
    return true;
  }
  constexpr std::uint64_t kMostAddresses = std::uint64_t{1} << 24;
  if (type != "ipv4" || !first->is_v4() || *count > kMostAddresses ||
      *count - 1 > std::numeric_limits<std::uint32_t>::max() - first->v4_value()) {
    return false;
  }
  const auto last = IpAddress::v4(first->v4_value() + static_cast<std::uint32_t>(*count - 1));
  for (const Prefix& prefix : range_to_prefixes(*first, last)) {
    prefixes_.emplace_back(prefix, delegation);
  }
  return true;
}

bool RegisteredSpaceBuilder::add_asns(std::string_view start, std::string_view value,
                                      const Delegation& delegation) {
  const auto first = Asn::parse(start);
  const auto count = parse_number(value);
  if (!first || !count || *count == 0 ||
      *count - 1 > std::numeric_limits<std::uint32_t>::max() - first->value) {
    return false;
  }
  blocks_.push_back(
      {first->value, first->value + static_cast<std::uint32_t>(*count - 1), delegation});
  return true;
}

LineAccount RegisteredSpaceBuilder::add_countries(std::string_view text) {
  LineAccount account;
  LineReader lines{text, account};
  while (const auto line = lines.next()) {
    if (is_comment(*line)) {
      ++account.passed;
      continue;
    }
    std::string_view rest = *line;
    const auto asn = Asn::parse(trim(take_field(rest, ',')));
    const std::string_view code = trim(take_field(rest, ','));
    if (!asn || !is_country(code)) {
      account.refuse("an AS number and a country of two capital letters were expected");
      continue;
    }
    configured_[asn->value] = {code[0], code[1]};
    ++account.used;
  }
  return account;
}

Result<RegisteredSpace> RegisteredSpaceBuilder::build() {
  RegisteredSpace space;
  // Behind all others of the same block, the later one: it is the one that stays.
  std::stable_sort(prefixes_.begin(), prefixes_.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  std::vector<PrefixTable::Entry> entries;
  for (const auto& [prefix, delegation] : prefixes_) {
    if (!entries.empty() && entries.back().prefix == prefix) {
      space.delegations_[entries.back().value] = delegation;
      continue;
    }
    entries.push_back({prefix, static_cast<std::uint32_t>(space.delegations_.size())});
    space.delegations_.push_back(delegation);
  }
  auto table = PrefixTable::build(entries);
  if (!table) {
    return unexpected{table.error().within("delegations")};
  }
  space.prefixes_ = std::move(*table);
  std::stable_sort(blocks_.begin(), blocks_.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  // Who holds thousands of numbers gave them on: they say nothing about one network.
  constexpr std::uint32_t kMostOfHolder = 64;
  for (const RegisteredSpace::AsBlock& block : blocks_) {
    if (block.delegation.holder == 0 || block.last - block.first >= kMostOfHolder) {
      continue;
    }
    auto& asns = space.holder_asns_[block.delegation.holder];
    for (std::uint32_t asn = block.first; asns.size() < kMostOfHolder; ++asn) {
      asns.push_back(Asn{asn});
      if (asn == block.last) {
        break;
      }
    }
  }
  space.blocks_ = std::move(blocks_);
  space.registries_ = std::move(registries_);
  space.configured_ = std::move(configured_);
  *this = {};
  return space;
}

}  // namespace isthmus::collector
