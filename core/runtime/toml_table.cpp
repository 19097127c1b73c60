#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "core/runtime/toml_document.hpp"
#include "core/runtime/toml_impl.hpp"

namespace isthmus {
namespace {

/// What a value is, in words for people.
std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::optional<TimePoint> to_time(const toml::date_time& value) {
  if (!value.offset) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{value.date.year},
                                         std::chrono::month{value.date.month},
                                         std::chrono::day{value.date.day}};
  const Duration clock =
      std::chrono::hours{value.time.hour} + std::chrono::minutes{value.time.minute} +
      std::chrono::seconds{value.time.second} + Duration{value.time.nanosecond / 1000};
  return TimePoint{std::chrono::sys_days{date}} + clock -
         std::chrono::minutes{value.offset->minutes};
}

}  // namespace

/// What the getters share; here, since it speaks of toml++.
struct TomlTable::Access {
  explicit Access(const TomlTable& view)
      : document{*view.document_},
        opened{view.document_->opened[view.index_]} {}

  const toml::node* find(std::string_view key) {
    opened.asked.emplace(key);
    return opened.table->get(key);
  }
  void complain(const toml::node& node, std::string_view key, std::string_view message) {
    document.complain(node.source(), std::string{key} + ": " + std::string{message});
  }
  void mismatch(const toml::node& node, std::string_view key, std::string_view expected) {
    complain(node, key, fmt::format("must be {}, and is {}", expected, type_name(node)));
  }
  /// A value of exactly one of TOML's types.
  template <typename T>
  std::optional<T> value(std::string_view key, std::string_view expected) {
    const toml::node* node = find(key);
    if (node == nullptr) {
      return std::nullopt;
    }
    auto value = node->value_exact<T>();
    if (!value) {
      mismatch(*node, key, expected);
    }
    return value;
  }
  /// A text (or a whole number, where those are allowed) in a form that `read` understands.
  template <typename T, typename Read>
  std::optional<T> parsed(const toml::node& node, std::string_view key, std::string_view expected,
                          Read read) {
    std::string text;
    if (const auto written = node.value_exact<std::string>()) {
      text = *written;
    } else if (const auto number = node.value_exact<std::int64_t>();
               number && std::is_same_v<T, Asn>) {
      text = std::to_string(*number);
    } else {
      mismatch(node, key, expected);
      return std::nullopt;
    }
    std::optional<T> value = read(text);
    if (!value) {
      complain(node, key, fmt::format("{} is not {}", quoted_for_message(text), expected));
    }
    return value;
  }
  template <typename T, typename Read>
  std::optional<T> parsed(std::string_view key, std::string_view expected, Read read) {
    const toml::node* node = find(key);
    return node == nullptr ? std::nullopt : parsed<T>(*node, key, expected, read);
  }
  template <typename T, typename Read>
  std::vector<T> list(std::string_view key, std::string_view expected, Read read) {
    std::vector<T> values;
    const toml::node* node = find(key);
    if (node == nullptr) {
      return values;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      mismatch(*node, key, "a list");
      return values;
    }
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (auto value = parsed<T>((*array)[i], key, expected, read)) {
        values.push_back(std::move(*value));
        positions.push_back(i);
      }
    }
    opened.positions.insert_or_assign(std::string{key}, std::move(positions));
    return values;
  }
  [[nodiscard]] std::string child_name(std::string_view key) const {
    return opened.name.empty() ? std::string{key} : opened.name + '.' + std::string{key};
  }

  TomlDocument::Impl& document;
  TomlDocument::Impl::Opened& opened;
};

namespace {

std::optional<std::string> read_text(const std::string& text) {
  return text;
}

constexpr std::string_view kAsn = "an AS number such as \"AS64500\"";
constexpr std::string_view kPrefix =
    "a prefix such as \"192.0.2.0/24\" (no bits set past its length)";

}  // namespace

TomlTable::TomlTable(TomlDocument::Impl* document, std::size_t index)
    : document_{document},
      index_{index} {}

bool TomlTable::has(std::string_view key) const {
  return Access{*this}.find(key) != nullptr;
}

bool TomlTable::require(std::string_view key) {
  if (has(key)) {
    return true;
  }
  complain(fmt::format(R"("{}" is missing)", key));
  return false;
}

std::optional<std::string> TomlTable::text(std::string_view key) {
  return Access{*this}.value<std::string>(key, "a text");
}

std::optional<bool> TomlTable::boolean(std::string_view key) {
  return Access{*this}.value<bool>(key, "true or false");
}

std::optional<std::int64_t> TomlTable::integer(std::string_view key, std::int64_t min,
                                               std::int64_t max) {
  const auto value = Access{*this}.value<std::int64_t>(key, "a whole number");
  if (value && (*value < min || *value > max)) {
    complain(key, fmt::format("{} is not between {} and {}", *value, min, max));
    return std::nullopt;
  }
  return value;
}

std::optional<double> TomlTable::number(std::string_view key, double min, double max) {
  Access access{*this};
  const toml::node* node = access.find(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  const auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (!value) {
    access.mismatch(*node, key, "a number");
    return std::nullopt;
  }
  if (!(*value >= min && *value <= max)) {  // a NaN is not between either
    complain(key, fmt::format("{} is not between {} and {}", *value, min, max));
    return std::nullopt;
  }
  return value;
}

std::optional<Duration> TomlTable::duration(std::string_view key) {
  Access access{*this};
  const toml::node* node = access.find(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  if (const auto text = node->value_exact<std::string>(); text && text->starts_with('-')) {
    access.complain(*node, key, "must not be negative");
    return std::nullopt;
  }
  return access.parsed<Duration>(*node, key, "a length of time such as \"90s\" or \"1h30m\"",
                                 [](const std::string& text) { return parse_duration(text); });
}

std::optional<TimePoint> TomlTable::time(std::string_view key) {
  Access access{*this};
  constexpr std::string_view kExpected = "a time in UTC such as \"2017-10-01T09:07:51Z\"";
  const toml::node* node = access.find(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  if (const auto* date_time = node->as_date_time()) {
    const auto time = to_time(date_time->get());
    if (!time) {
      access.complain(*node, key, "has no offset: write a Z behind the time");
    }
    return time;
  }
  return access.parsed<TimePoint>(*node, key, kExpected,
                                  [](const std::string& text) { return parse_utc(text); });
}

std::optional<Asn> TomlTable::asn(std::string_view key) {
  return Access{*this}.parsed<Asn>(key, kAsn,
                                   [](const std::string& text) { return Asn::parse(text); });
}

std::optional<IpAddress> TomlTable::address(std::string_view key) {
  return Access{*this}.parsed<IpAddress>(
      key, "an IP address", [](const std::string& text) { return IpAddress::parse(text); });
}

std::vector<std::string> TomlTable::texts(std::string_view key) {
  return Access{*this}.list<std::string>(key, "a text", read_text);
}

std::vector<Asn> TomlTable::asns(std::string_view key) {
  return Access{*this}.list<Asn>(key, kAsn,
                                 [](const std::string& text) { return Asn::parse(text); });
}

std::vector<Prefix> TomlTable::prefixes(std::string_view key) {
  return Access{*this}.list<Prefix>(key, kPrefix,
                                    [](const std::string& text) { return Prefix::parse(text); });
}

std::optional<TomlTable> TomlTable::table(std::string_view key) {
  Access access{*this};
  const toml::node* node = access.find(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  if (!node->is_table()) {
    access.mismatch(*node, key, fmt::format("a table: [{}]", access.child_name(key)));
    return std::nullopt;
  }
  return TomlTable{document_, document_->open(*node->as_table(), access.child_name(key))};
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  Access access{*this};
  std::vector<TomlTable> tables;
  const toml::node* node = access.find(key);
  if (node == nullptr) {
    return tables;
  }
  const std::string expected = fmt::format("a list of tables: [[{}]]", access.child_name(key));
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    access.mismatch(*node, key, expected);
    return tables;
  }
  for (const toml::node& each : *array) {
    if (each.is_table()) {
      tables.push_back(
          TomlTable{document_, document_->open(*each.as_table(), access.child_name(key))});
    } else {
      access.mismatch(each, key, expected);
    }
  }
  return tables;
}

void TomlTable::complain(std::string_view key, std::string_view message) {
  Access access{*this};
  const toml::node* node = access.find(key);
  access.complain(node == nullptr ? *access.opened.table : *node, key, message);
}

void TomlTable::complain(std::string_view key, std::size_t index, std::string_view message) {
  Access access{*this};
  const toml::node* node = access.find(key);
  const toml::array* array = node == nullptr ? nullptr : node->as_array();
  const auto positions = access.opened.positions.find(key);
  if (array == nullptr || positions == access.opened.positions.end() ||
      index >= positions->second.size()) {
    complain(key, message);
  } else {
    access.complain((*array)[positions->second[index]], key, message);
  }
}

void TomlTable::complain(std::string_view message) {
  Access access{*this};
  const std::string& where = access.opened.name;
  document_->complain(
      access.opened.table->source(),
      where.empty() ? std::string{message} : '[' + where + "] " + std::string{message});
}

const std::string& TomlTable::name() const {
  return document_->opened[index_].name;
}

}  // namespace isthmus
