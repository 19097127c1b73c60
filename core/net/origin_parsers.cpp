#include <algorithm>
#include <charconv>

#include "core/net/origin_table.hpp"
#include "core/net/prefix_range.hpp"

namespace isthmus {
namespace {

constexpr std::size_t kOriginsMost = 256;

bool starts_with_letter(std::string_view text) {
  return !text.empty() && ((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z');
}

/// The prefix of an address and a length that stand in fields of their own.
std::optional<Prefix> join_prefix(std::string_view address_text, std::string_view length_text) {
  const auto address = IpAddress::parse(address_text);
  unsigned length = 0;
  const char* last = length_text.data() + length_text.size();
  const auto [end, error] = std::from_chars(length_text.data(), last, length);
  if (!address || error != std::errc{} || end != last || length > address_bits(address->family())) {
    return std::nullopt;
  }
  const Prefix prefix = Prefix::covering(*address, length);
  return prefix.address() == *address ? std::optional{prefix} : std::nullopt;
}

void read_pfx2as_line(std::string_view line, OriginTableBuilder& table, LineAccount& account) {
  const std::string_view address = take_field(line, '\t');
  const std::string_view length = take_field(line, '\t');
  const auto prefix = join_prefix(trim(address), trim(length));
  if (!prefix) {
    account.refuse("not a prefix and a length");
    return;
  }
  const auto origins = parse_origins(trim(line));
  if (!origins) {
    account.refuse("not an AS number, or several joined by '_' and ','");
    return;
  }
  table.add(*prefix, *origins);
  ++account.used;
}

void read_range_line(std::string_view line, OriginTableBuilder& table, LineAccount& account) {
  const char separator = line.find('\t') == std::string_view::npos ? ',' : '\t';
  const std::string_view heading = line;
  const auto first = IpAddress::parse(trim(take_field(line, separator)));
  const auto last = IpAddress::parse(trim(take_field(line, separator)));
  if (!first || !last) {
    if (account.lines == 1 && starts_with_letter(heading) && !first && !last) {
      ++account.passed;
    } else {
      account.refuse("not two addresses");
    }
    return;
  }
  const auto origin = Asn::parse(trim(take_field(line, separator)));
  if (!origin) {
    account.refuse("not an AS number");
    return;
  }
  if (origin->value == 0) {
    ++account.passed;
    return;
  }
  const auto prefixes = range_to_prefixes(*first, *last);
  if (prefixes.empty()) {
    account.refuse("the range ends before it begins");
    return;
  }
  for (const Prefix& prefix : prefixes) {
    table.add(prefix, *origin);
  }
  ++account.used;
}

void read_override_line(std::string_view line, OriginTableBuilder& table, LineAccount& account) {
  const auto prefix = Prefix::parse(trim(take_field(line, ',')));
  if (!prefix) {
    account.refuse("not a prefix");
    return;
  }
  const auto origins = parse_origins(trim(take_field(line, ',')));
  if (!origins) {
    account.refuse("not an AS number, or several joined by '_'");
    return;
  }
  table.add(*prefix, *origins);
  ++account.used;
}

using ReadLine = void (*)(std::string_view, OriginTableBuilder&, LineAccount&);

LineAccount read_lines(std::string_view text, OriginTableBuilder& table, ReadLine read_line) {
  LineAccount account;
  LineReader lines{text, account};
  while (const auto line = lines.next()) {
    if (is_comment(*line)) {
      ++account.passed;
    } else {
      read_line(*line, table, account);
    }
  }
  return account;
}

}  // namespace

std::optional<std::vector<Asn>> parse_origins(std::string_view text) {
  std::vector<Asn> origins;
  for (;;) {
    const std::size_t end = text.find_first_of("_,");
    const auto asn = Asn::parse(text.substr(0, end));
    if (!asn || origins.size() == kOriginsMost) {
      return std::nullopt;
    }
    origins.push_back(*asn);
    if (end == std::string_view::npos) {
      break;
    }
    text.remove_prefix(end + 1);
  }
  std::ranges::sort(origins);
  origins.erase(std::unique(origins.begin(), origins.end()), origins.end());
  return origins;
}

LineAccount parse_pfx2as(std::string_view text, OriginTableBuilder& table) {
  return read_lines(text, table, read_pfx2as_line);
}

LineAccount parse_origin_csv(std::string_view text, OriginTableBuilder& table) {
  return read_lines(text, table, read_range_line);
}

LineAccount parse_overrides(std::string_view text, OriginTableBuilder& table) {
  return read_lines(text, table, read_override_line);
}

}  // namespace isthmus
