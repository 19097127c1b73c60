#include <algorithm>
#include <optional>

#include <boost/json.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "collector/label/as_relations.hpp"

namespace isthmus::collector {
namespace {

constexpr std::string_view kBlanks = " \t,";

/// The next word of a line, or an empty text at its end.
std::string_view take_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(kBlanks));
  rest.remove_prefix(word.size());
  return word;
}

/// The ASNs of a line, or nothing if something else stands there too.
std::optional<std::vector<Asn>> read_asns(std::string_view rest) {
  std::vector<Asn> asns;
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    const auto asn = Asn::parse(word);
    if (!asn) {
      return std::nullopt;
    }
    asns.push_back(*asn);
  }
  return asns;
}

void sort_unique(std::vector<Asn>& asns) {
  std::sort(asns.begin(), asns.end());
  asns.erase(std::unique(asns.begin(), asns.end()), asns.end());
}

}  // namespace

void AsRelationsBuilder::read_header(std::string_view line) {
  constexpr std::string_view kExchanges = "# IXP ASes:";
  constexpr std::string_view kClique = "# input clique:";
  for (const auto& [title, list] : {std::pair{kExchanges, &exchange_ases_}, {kClique, &clique_}}) {
    if (!line.starts_with(title)) {
      continue;
    }
    if (const auto asns = read_asns(line.substr(title.size()))) {
      list->insert(list->end(), asns->begin(), asns->end());
    }
  }
}

void AsRelationsBuilder::read_relationship(std::string_view line, LineAccount& account) {
  std::string_view rest = line;
  const auto left = Asn::parse(trim(take_field(rest, '|')));
  const auto right = Asn::parse(trim(take_field(rest, '|')));
  const std::string_view kind = trim(take_field(rest, '|'));
  if (!left || !right || *left == *right) {
    account.refuse("two different AS numbers were expected at the front");
    return;
  }
  if (kind == "-1") {
    relationships_.erase({*right, *left});
    relationships_[{*left, *right}] = true;
  } else if (kind == "0") {
    relationships_.erase({std::max(*left, *right), std::min(*left, *right)});
    relationships_[{std::min(*left, *right), std::max(*left, *right)}] = false;
  } else {
    account.refuse("the relationship is neither -1 (provider to customer) nor 0 (peers)");
    return;
  }
  ++account.used;
}

LineAccount AsRelationsBuilder::add_relationships(std::string_view text) {
  LineAccount account;
  LineReader lines{text, account};
  while (const auto line = lines.next()) {
    if (is_comment(*line)) {
      read_header(*line);
      ++account.passed;
    } else {
      read_relationship(*line, account);
    }
  }
  return account;
}

LineAccount AsRelationsBuilder::add_cones(std::string_view text) {
  LineAccount account;
  LineReader lines{text, account};
  while (const auto line = lines.next()) {
    if (is_comment(*line)) {
      ++account.passed;
      continue;
    }
    const auto asns = read_asns(*line);
    if (!asns || asns->empty()) {
      account.refuse("a line of AS numbers was expected");
      continue;
    }
    for (const Asn asn : *asns) {
      cones_.emplace_back(asns->front().value, asn);
    }
    ++account.used;
  }
  return account;
}

std::uint32_t AsRelationsBuilder::organisation(std::string_view id) {
  const auto [place, fresh] =
      organisation_ids_.emplace(id, static_cast<std::uint32_t>(parents_.size()));
  if (fresh) {
    parents_.push_back(place->second);
  }
  return place->second;
}

std::uint32_t AsRelationsBuilder::root(std::uint32_t organisation) {
  while (parents_[organisation] != organisation) {
    parents_[organisation] = parents_[parents_[organisation]];
    organisation = parents_[organisation];
  }
  return organisation;
}

void AsRelationsBuilder::join(std::uint32_t left, std::uint32_t right) {
  const std::uint32_t one = root(left);
  const std::uint32_t other = root(right);
  parents_[std::max(one, other)] = std::min(one, other);
}

void AsRelationsBuilder::read_as2org_json(std::string_view line, LineAccount& account) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse({line.data(), line.size()}, error);
  const boost::json::object* const row = error ? nullptr : value.if_object();
  if (row == nullptr) {
    account.refuse("is no JSON object");
    return;
  }
  const auto text = [&](std::string_view key) -> std::string_view {
    const boost::json::value* const found = row->if_contains({key.data(), key.size()});
    return found != nullptr && found->is_string() ? std::string_view{found->get_string()}
                                                  : std::string_view{};
  };
  const auto asn = Asn::parse(text("asn"));
  if (asn && !text("organizationId").empty()) {
    organisation_of_[asn->value] = organisation(text("organizationId"));
    ++account.used;
  } else if (!asn && !text("organizationId").empty()) {
    ++account.passed;  // an organisation: nothing but its name
  } else {
    account.refuse("names neither an AS with its organisation nor an organisation");
  }
}

LineAccount AsRelationsBuilder::add_organisations(std::string_view text) {
  LineAccount account;
  LineReader lines{text, account};
  bool ases = false;
  while (const auto line = lines.next()) {
    if (is_comment(*line)) {
      constexpr std::string_view kFormat = "# format:";
      const std::string_view comment = trim(*line);
      if (comment.starts_with(kFormat)) {
        ases = trim(comment.substr(kFormat.size())).starts_with("aut|");
      }
      ++account.passed;
      continue;
    }
    if (trim(*line).starts_with('{')) {
      read_as2org_json(*line, account);
      continue;
    }
    if (!ases) {
      ++account.passed;
      continue;
    }
    std::string_view rest = *line;
    const auto asn = Asn::parse(trim(take_field(rest, '|')));
    take_field(rest, '|');
    take_field(rest, '|');
    const std::string_view id = trim(take_field(rest, '|'));
    if (!asn || id.empty()) {
      account.refuse("an AS number and, in the fourth field, its organisation were expected");
      continue;
    }
    organisation_of_[asn->value] = organisation(id);
    ++account.used;
  }
  return account;
}

void AsRelationsBuilder::add_siblings(std::span<const Asn> asns) {
  sibling_sets_.emplace_back(asns.begin(), asns.end());
}

void AsRelationsBuilder::join_siblings() {
  for (const std::vector<Asn>& set : sibling_sets_) {
    for (const Asn asn : set) {
      const auto [place, fresh] =
          organisation_of_.try_emplace(asn.value, static_cast<std::uint32_t>(parents_.size()));
      if (fresh) {
        parents_.push_back(place->second);
      }
      join(organisation_of_.at(set.front().value), place->second);
    }
  }
}

LineAccount AsRelationsBuilder::add_siblings(std::string_view text) {
  LineAccount account;
  LineReader lines{text, account};
  while (const auto line = lines.next()) {
    const std::string_view content = line->substr(0, line->find('#'));
    if (is_comment(content)) {
      ++account.passed;
      continue;
    }
    const auto asns = read_asns(content);
    if (!asns || asns->size() < 2) {
      account.refuse("two or more AS numbers were expected");
      continue;
    }
    add_siblings(*asns);
    ++account.used;
  }
  return account;
}

void AsRelationsBuilder::fill_organisations(AsRelations& relations) {
  join_siblings();
  AsnPairs members;
  for (const auto& [asn, organisation] : organisation_of_) {
    const std::uint32_t joint = root(organisation);
    relations.organisations_[asn] = joint;
    members.emplace_back(joint, Asn{asn});
  }
  relations.members_.fill(members);
}

void AsRelationsBuilder::fill_cone_sizes(AsRelations& relations) {
  // A file made to hurt could ask for the square of its size; a real Internet needs 10^7 steps.
  constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 28;
  std::uint64_t steps = 0;
  std::vector<Asn> open;
  boost::unordered_flat_set<std::uint32_t> seen;
  for (const auto& [asn, range] : relations.customers_.ranges) {
    open.assign(1, Asn{asn});
    seen.clear();
    seen.insert(asn);
    while (!open.empty() && steps < kMostSteps) {
      const Asn next = open.back();
      open.pop_back();
      for (const Asn below : relations.customers(next)) {
        ++steps;
        if (seen.insert(below.value).second) {
          open.push_back(below);
        }
      }
    }
    relations.cone_sizes_[asn] = static_cast<std::uint32_t>(seen.size());
  }
}

AsRelations AsRelationsBuilder::build() {
  AsRelations relations;
  AsnPairs providers;
  AsnPairs customers;
  AsnPairs peers;
  for (const auto& [pair, first_is_provider] : relationships_) {
    const auto& [left, right] = pair;
    if (first_is_provider) {
      providers.emplace_back(right.value, left);
      customers.emplace_back(left.value, right);
    } else {
      peers.emplace_back(left.value, right);
      peers.emplace_back(right.value, left);
    }
  }
  relations.links_ = relationships_.size();
  relations.providers_.fill(providers);
  relations.customers_.fill(customers);
  relations.peers_.fill(peers);
  relations.cones_.fill(cones_);
  fill_organisations(relations);
  fill_cone_sizes(relations);
  sort_unique(exchange_ases_);
  sort_unique(clique_);
  relations.exchange_ases_ = std::move(exchange_ases_);
  relations.clique_ = std::move(clique_);
  *this = {};
  return relations;
}

}  // namespace isthmus::collector
