#include "core/net/as_names.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace isthmus {
namespace {

constexpr std::size_t kNameBytes = 200;
// Names of a file must fit the 32-bit positions: 2^32 / 200 are more than all 21 million names.
constexpr std::size_t kTextBytes = std::size_t{1} << 31;

/// How many bytes the well-formed UTF-8 sequence at the front has (RFC 3629); 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length == 0 || lead > 0xf4 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  // No overlong forms, no surrogates, nothing past U+10FFFF.
  const unsigned second = byte(1);
  const bool is_bad = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
  return is_bad ? 0 : length;
}

/// A name that can be shown and exported.
std::string clean_name(std::string_view raw) {
  std::string name;
  for (std::string_view rest = trim(raw); !rest.empty();) {
    const std::size_t length = sequence_length(rest);
    if (name.size() + std::max<std::size_t>(length, 1) > kNameBytes) {
      break;
    }
    const char first = rest.front();
    if (length == 0) {
      name += '?';
    } else if (length == 1 && (first < ' ' || first == '\x7f')) {
      name += ' ';
    } else {
      name += rest.substr(0, length);
    }
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return std::string{trim(name)};
}

/// A CSV field's text: two double quotes stand for one.
std::string unquote(std::string_view field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    text += field[i];
    if (field.substr(i).starts_with("\"\"")) {
      ++i;
    }
  }
  return text;
}

}  // namespace

LineAccount AsNamesBuilder::add(std::string_view text) {
  LineAccount account;
  LineReader lines{text, account};
  Columns columns = Columns::Plain;
  while (const auto line = lines.next()) {
    read_line(*line, columns, account);
  }
  return account;
}

void AsNamesBuilder::read_line(std::string_view line, Columns& columns, LineAccount& account) {
  if (const std::string_view text = trim(line); text.starts_with("# format:")) {
    const bool is_organisations = text.find("org_name") != std::string_view::npos;
    columns = is_organisations ? Columns::Organisations : Columns::Ases;
    ++account.passed;
  } else if (is_comment(line)) {
    ++account.passed;
  } else if (columns == Columns::Organisations) {
    read_organisation(line, account);
  } else if (columns == Columns::Ases) {
    read_as(line, account);
  } else {
    read_name(trim(line), account);
  }
}

/// org_id|changed|org_name|country|source
void AsNamesBuilder::read_organisation(std::string_view line, LineAccount& account) {
  const std::string_view id = take_field(line, '|');
  take_field(line, '|');
  std::string name = clean_name(take_field(line, '|'));
  const std::string country = clean_name(take_field(line, '|'));
  if (id.empty() || name.empty()) {
    account.refuse("not an organisation");
    return;
  }
  name += country.empty() ? "" : ", ";
  name += country;
  organisations_.insert_or_assign(std::string{id}, name);
  ++account.used;
}

/// aut|changed|aut_name|org_id|opaque_id|source
void AsNamesBuilder::read_as(std::string_view line, LineAccount& account) {
  const auto asn = Asn::parse(take_field(line, '|'));
  take_field(line, '|');
  std::string name = clean_name(take_field(line, '|'));
  const std::string_view organisation = take_field(line, '|');
  if (!asn || (name.empty() && organisation.empty())) {
    account.refuse("not an AS with a name or an organisation");
    return;
  }
  ases_.push_back({*asn, std::move(name), std::string{organisation}});
  ++account.used;
}

void AsNamesBuilder::read_name(std::string_view line, LineAccount& account) {
  const std::size_t end = std::min(line.find_first_of(", \t"), line.size());
  const bool is_csv = end < line.size() && line[end] == ',';
  const auto asn = Asn::parse(line.substr(0, end));
  std::string_view rest = line.substr(std::min(end + 1, line.size()));
  if (is_csv && rest.starts_with('"')) {
    rest = take_field(rest, ',');
  }
  const std::string name = clean_name(is_csv ? unquote(rest) : std::string{rest});
  if (asn && !name.empty()) {
    add_name(*asn, name);
    ++account.used;
  } else if (!asn && is_csv && account.lines == 1) {
    ++account.passed;
  } else {
    account.refuse("not an AS number and a name");
  }
}

void AsNamesBuilder::add_name(Asn asn, std::string_view name) {
  if (name.empty() || names_.text_.size() + name.size() > kTextBytes) {
    return;
  }
  names_.entries_.push_back({asn.value, static_cast<std::uint32_t>(names_.text_.size()),
                             static_cast<std::uint32_t>(name.size())});
  names_.text_.insert(names_.text_.end(), name.begin(), name.end());
}

AsNames AsNamesBuilder::build() {
  for (const NamedAs& as : ases_) {
    std::string name = as.name;
    if (const auto found = organisations_.find(as.organisation); found != organisations_.end()) {
      name += name.empty() ? "" : " ";
      name += found->second;
    }
    add_name(as.asn, clean_name(name));
  }
  auto& entries = names_.entries_;
  std::ranges::stable_sort(entries, {}, &AsNames::Entry::asn);
  // Of equal numbers the last one stays.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + 1 == entries.size() || entries[i + 1].asn != entries[i].asn) {
      entries[kept++] = entries[i];
    }
  }
  entries.resize(kept);
  AsNames names = std::move(names_);
  *this = AsNamesBuilder{};
  return names;
}

std::string_view AsNames::find(Asn asn) const {
  const auto found = std::ranges::lower_bound(entries_, asn.value, {}, &Entry::asn);
  if (found == entries_.end() || found->asn != asn.value) {
    return {};
  }
  return {text_.data() + found->begin, found->size};
}

}  // namespace isthmus
