#include "collector/label/as_names.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

namespace isthmus::collector {
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

class AsNames::Parser {
 public:
  explicit Parser(LineAccount& account) : account_{account} {}

  void read(std::string_view line) {
    if (const std::string_view text = trim(line); text.starts_with("# format:")) {
      columns_ =
          text.find("org_name") != std::string_view::npos ? Columns::Organisations : Columns::Ases;
      ++account_.passed;
    } else if (is_comment(line)) {
      ++account_.passed;
    } else if (columns_ == Columns::Organisations) {
      read_organisation(line);
    } else if (columns_ == Columns::Ases) {
      read_as(line);
    } else {
      read_name(trim(line));
    }
  }

  AsNames finish() {
    for (const auto& as : ases_) {
      std::string name = as.name;
      if (const auto found = organisations_.find(as.organisation);
          found != organisations_.end() && found->second != name) {
        name += name.empty() ? "" : " ";
        name += found->second;
      }
      add(as.asn, name);
    }
    std::ranges::stable_sort(names_.entries_, {}, &Entry::asn);
    // Of equal numbers the last one stays.
    auto& entries = names_.entries_;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i + 1 == entries.size() || entries[i + 1].asn != entries[i].asn) {
        entries[kept++] = entries[i];
      }
    }
    entries.resize(kept);
    return std::move(names_);
  }

 private:
  enum class Columns { Plain, Organisations, Ases };
  struct NamedAs {
    Asn asn;
    std::string name;
    std::string organisation;
  };

  /// org_id|changed|org_name|country|source
  void read_organisation(std::string_view line) {
    const std::string id{take_field(line, '|')};
    take_field(line, '|');
    std::string name = clean_name(take_field(line, '|'));
    const std::string country = clean_name(take_field(line, '|'));
    if (id.empty() || name.empty()) {
      account_.refuse("not an organisation");
      return;
    }
    name += country.empty() ? "" : ", ";
    name += country;
    organisations_.insert_or_assign(id, name);
    ++account_.used;
  }

  /// aut|changed|aut_name|org_id|opaque_id|source
  void read_as(std::string_view line) {
    const auto asn = Asn::parse(take_field(line, '|'));
    take_field(line, '|');
    std::string name = clean_name(take_field(line, '|'));
    std::string organisation{take_field(line, '|')};
    if (!asn || (name.empty() && organisation.empty())) {
      account_.refuse("not an AS with a name or an organisation");
      return;
    }
    ases_.push_back({*asn, std::move(name), std::move(organisation)});
    ++account_.used;
  }

  void read_name(std::string_view line) {
    const std::size_t end = std::min(line.find_first_of(", \t"), line.size());
    const bool is_csv = end < line.size() && line[end] == ',';
    std::string_view rest = line;
    const auto asn = Asn::parse(is_csv ? take_field(rest, ',') : line.substr(0, end));
    const std::string name = clean_name(
        is_csv ? unquote(rest.starts_with('"') ? take_field(rest, ',') : rest) : line.substr(end));
    if (asn && !name.empty()) {
      add(*asn, name);
      ++account_.used;
    } else if (!asn && is_csv && account_.lines == 1) {
      ++account_.passed;
    } else {
      account_.refuse("not an AS number and a name");
    }
  }

  void add(Asn asn, std::string_view raw) {
    const std::string name = clean_name(raw);
    if (name.empty() || names_.text_.size() + name.size() > kTextBytes) {
      return;
    }
    names_.entries_.push_back({asn.value, static_cast<std::uint32_t>(names_.text_.size()),
                               static_cast<std::uint32_t>(name.size())});
    names_.text_.insert(names_.text_.end(), name.begin(), name.end());
  }

  LineAccount& account_;
  AsNames names_;
  Columns columns_ = Columns::Plain;
  std::vector<NamedAs> ases_;
  boost::unordered_flat_map<std::string, std::string> organisations_;
};

AsNames AsNames::parse(std::string_view text, LineAccount& account) {
  Parser parser{account};
  LineReader lines{text, account};
  while (const auto line = lines.next()) {
    parser.read(*line);
  }
  return parser.finish();
}

std::string_view AsNames::find(Asn asn) const {
  const auto found = std::ranges::lower_bound(entries_, asn.value, {}, &Entry::asn);
  if (found == entries_.end() || found->asn != asn.value) {
    return {};
  }
  return {text_.data() + found->begin, found->size};
}

}  // namespace isthmus::collector
