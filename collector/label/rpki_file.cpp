#include "collector/label/rpki_file.hpp"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>

#include "collector/feed/json_row.hpp"

namespace isthmus::collector {
namespace {

std::optional<Vrp> read_vrp(const JsonRow& row) {
  const auto prefix = Prefix::parse(row.text("prefix"));
  const auto asn = row.asn("asn");
  if (!prefix || !asn) {
    return std::nullopt;
  }
  // RFC 9582: without a maximal length the prefix alone is meant.
  const std::uint64_t length =
      row.has("maxLength") ? row.number("maxLength").value_or(0) : prefix->length();
  if (length < prefix->length() || length > address_bits(prefix->family())) {
    return std::nullopt;
  }
  return Vrp{*prefix, static_cast<std::uint8_t>(length), *asn};
}

bool read_aspa(const JsonRow& row, AspaTable& aspas) {
  const auto customer = row.has("customer") ? row.asn("customer") : row.asn("customer_asid");
  const auto providers = row.asns("providers");
  if (!customer || !providers) {
    return false;
  }
  aspas.add(*customer, *providers);
  return true;
}

template <typename Read>
void read_list(const JsonRow& holder, std::string_view key, LineAccount& account, Read read) {
  const auto* const items = holder.list(key);
  if (items == nullptr) {
    return;
  }
  for (const boost::json::value& item : *items) {
    ++account.lines;
    if (item.is_object() && read(JsonRow{item.get_object()})) {
      ++account.used;
    } else {
      account.refuse(std::string{key} +
                     ": an object lacks what it must say, or says what cannot be");
    }
  }
}

}  // namespace

std::string_view to_string(AspaAnswer answer) {
  switch (answer) {
    case AspaAnswer::NoAttestation:
      return "no_attestation";
    case AspaAnswer::Provider:
      return "provider";
    case AspaAnswer::NotProvider:
      return "not_provider";
  }
  return "no_attestation";
}

AspaAnswer AspaTable::check(Asn customer, Asn provider) const {
  const auto found = providers_.find(customer.value);
  if (found == providers_.end()) {
    return AspaAnswer::NoAttestation;
  }
  return std::binary_search(found->second.begin(), found->second.end(), provider)
             ? AspaAnswer::Provider
             : AspaAnswer::NotProvider;
}

std::span<const Asn> AspaTable::providers(Asn customer) const {
  const auto found = providers_.find(customer.value);
  return found == providers_.end() ? std::span<const Asn>{} : found->second;
}

void AspaTable::add(Asn customer, std::span<const Asn> providers) {
  std::vector<Asn>& list = providers_[customer.value];
  list.insert(list.end(), providers.begin(), providers.end());
  // AS 0 stands for nobody.
  std::erase(list, Asn{});
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

LineAccount parse_rpki_json(std::string_view text, std::vector<Vrp>& vrps, AspaTable& aspas) {
  LineAccount account;
  account.bytes = text.size();
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) {
    account.lines = 1;
    account.refuse("is no JSON object");
    return account;
  }
  const JsonRow document{value.get_object()};
  if (document.list("roas") == nullptr && !document.row("metadata")) {
    account.lines = 1;
    account.refuse(
        "has neither \"roas\" nor \"metadata\": expected JSON of rpki-client or Routinator");
    return account;
  }
  read_list(document, "roas", account, [&](const JsonRow& row) {
    const auto vrp = read_vrp(row);
    if (vrp) {
      vrps.push_back(*vrp);
    }
    return vrp.has_value();
  });
  const auto read = [&](const JsonRow& row) { return read_aspa(row, aspas); };
  read_list(document, "aspas", account, read);
  if (const auto families = document.row("provider_authorizations")) {
    read_list(*families, "ipv4", account, read);
    read_list(*families, "ipv6", account, read);
  }
  return account;
}

}  // namespace isthmus::collector
