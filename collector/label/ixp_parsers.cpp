#include <boost/json.hpp>

#include "collector/feed/json_row.hpp"
#include "collector/label/ixp_table.hpp"

namespace isthmus::collector {
namespace {

/// A LAN is no larger than this: a wrong line must not make an exchange of half the Internet.
constexpr unsigned kShortestLanV4 = 16;
constexpr unsigned kShortestLanV6 = 32;

std::optional<Prefix> parse_lan(std::string_view text) {
  const auto prefix = Prefix::parse(text);
  const unsigned shortest =
      prefix && prefix->family() == Family::Ipv6 ? kShortestLanV6 : kShortestLanV4;
  return prefix && prefix->length() >= shortest ? prefix : std::nullopt;
}

}  // namespace

struct IxpTableBuilder::Row : JsonRow {
  using JsonRow::JsonRow;
};

void IxpTableBuilder::add_port(const Key& exchange, Asn asn, std::string_view address) {
  if (!exchanges_[exchange].members.empty() && exchanges_[exchange].members.back() == asn) {
    // Its other address.
  } else {
    exchanges_[exchange].members.push_back(asn);
  }
  if (const auto parsed = IpAddress::parse(address)) {
    ports_[*parsed] = asn;
  }
}

void IxpTableBuilder::read_caida_exchange(const Row& row, std::uint64_t id, LineAccount& account) {
  const Key key{Source::Caida, id};
  std::vector<Prefix> lans;
  if (const auto families = row.row("prefixes")) {
    for (const std::string_view family : {"ipv4", "ipv6"}) {
      for (const std::string_view text : families->texts(family)) {
        const auto lan = parse_lan(text);
        if (!lan) {
          account.refuse("a prefix of the exchange is none, or too short for a peering LAN");
          return;
        }
        lans.push_back(*lan);
      }
    }
  }
  Ixp& ixp = exchanges_[key];
  ixp.name = row.text("name");
  ixp.country = row.text("country");
  for (const Prefix& lan : lans) {
    lans_.emplace_back(lan, key);
  }
  ++account.used;
}

void IxpTableBuilder::read_caida(const Row& row, LineAccount& account) {
  const auto id = row.number("ix_id");
  if (!id) {
    // The first line of the files is a comment of JSON; others are exchanges without a number.
    account.refuse("has no number \"ix_id\"");
    return;
  }
  const auto asn = row.asn("asn");
  if (!asn) {
    read_caida_exchange(row, *id, account);
    return;
  }
  const Key key{Source::Caida, *id};
  add_port(key, *asn, {});
  for (const std::string_view family : {"ipv4", "ipv6"}) {
    for (const std::string_view address : row.texts(family)) {
      add_port(key, *asn, address);
    }
  }
  ++account.used;
}

LineAccount IxpTableBuilder::add_caida(std::string_view text) {
  LineAccount account;
  LineReader lines{text, account};
  while (const auto line = lines.next()) {
    if (is_comment(*line)) {
      ++account.passed;
      continue;
    }
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse({line->data(), line->size()}, error);
    if (error || !value.is_object()) {
      account.refuse("is no JSON object");
      continue;
    }
    read_caida(Row{value.get_object()}, account);
  }
  return account;
}

IxpTableBuilder::Key IxpTableBuilder::exchange_of_lan(std::uint64_t lan) const {
  const auto found = lan_exchanges_.find(lan);
  // PeeringDB's first exchanges have LANs of the same number.
  return {Source::Peeringdb, found == lan_exchanges_.end() ? lan : found->second};
}

void IxpTableBuilder::read_network(const Row& row, LineAccount& account) {
  const auto asn = row.asn("asn");
  const auto exchange = row.number("ix_id");
  if (!asn || !exchange) {
    account.refuse("netixlan: needs numbers \"asn\" and \"ix_id\"");
    return;
  }
  const Key key{Source::Peeringdb, *exchange};
  add_port(key, *asn, row.text("ipaddr4"));
  add_port(key, *asn, row.text("ipaddr6"));
  ++account.used;
}

void IxpTableBuilder::read_peeringdb(std::string_view list, const Row& row, LineAccount& account) {
  const auto id = row.number("id");
  if (list == "netixlan" || (list.empty() && row.has("ipaddr4"))) {
    read_network(row, account);
  } else if (list == "ixpfx" || (list.empty() && row.has("prefix"))) {
    const auto prefix = parse_lan(row.text("prefix"));
    const auto lan = row.number("ixlan_id");
    if (!prefix || !lan) {
      account.refuse("ixpfx: needs a \"prefix\" of a peering LAN and a number \"ixlan_id\"");
      return;
    }
    lan_prefixes_.emplace_back(*prefix, *lan);
    ++account.used;
  } else if (list == "ixlan" || (list.empty() && row.has("ix_id"))) {
    const auto exchange = row.number("ix_id");
    if (!id || !exchange) {
      account.refuse("ixlan: needs numbers \"id\" and \"ix_id\"");
      return;
    }
    lan_exchanges_[*id] = *exchange;
    ++account.used;
  } else if (id && !row.text("name").empty()) {
    Ixp& ixp = exchanges_[{Source::Peeringdb, *id}];
    ixp.name = row.text("name");
    ixp.country = row.text("country");
    ++account.used;
  } else {
    account.refuse("is no exchange, LAN, prefix or port of PeeringDB");
  }
}

LineAccount IxpTableBuilder::add_peeringdb(std::string_view text) {
  LineAccount account;
  account.bytes = text.size();
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) {
    account.lines = 1;
    account.refuse("is no JSON object");
    return account;
  }
  const auto read_list = [&](std::string_view name, const JsonRow& holder) {
    const boost::json::array* const rows = holder.list("data");
    if (rows == nullptr) {
      return;
    }
    for (const boost::json::value& each : *rows) {
      ++account.lines;
      if (each.is_object()) {
        read_peeringdb(name, Row{each.get_object()}, account);
      } else {
        account.refuse("is no JSON object");
      }
    }
  };
  const JsonRow document{value.get_object()};
  read_list({}, document);
  for (const std::string_view name : {"ix", "ixlan", "ixpfx", "netixlan"}) {
    if (const auto part = document.row(name)) {
      read_list(name, *part);
    }
  }
  if (account.lines == 0) {
    account.lines = 1;
    account.refuse("has no list \"data\" of exchanges, LANs, prefixes or ports");
  }
  return account;
}

LineAccount IxpTableBuilder::add(std::string_view text) {
  LineAccount probe;
  LineReader lines{text, probe};
  while (const auto line = lines.next()) {
    if (is_comment(*line)) {
      continue;
    }
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse({line->data(), line->size()}, error);
    const bool caida = !error && value.is_object() && !value.get_object().contains("data") &&
                       value.get_object().contains("ix_id");
    return caida ? add_caida(text) : add_peeringdb(text);
  }
  return add_caida(text);
}

}  // namespace isthmus::collector
