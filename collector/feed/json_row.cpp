#include "collector/feed/json_row.hpp"

#include <limits>

#include <boost/json.hpp>

namespace isthmus::collector {
namespace {

std::optional<std::uint64_t> to_number(const boost::json::value& value) {
  if (value.is_uint64()) {
    return value.get_uint64();
  }
  if (value.is_int64() && value.get_int64() >= 0) {
    return static_cast<std::uint64_t>(value.get_int64());
  }
  return std::nullopt;
}

std::optional<Asn> to_asn(const boost::json::value& value) {
  if (value.is_string()) {
    return Asn::parse(std::string_view{value.get_string()});
  }
  const auto number = to_number(value);
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) {
    return std::nullopt;
  }
  return Asn{static_cast<std::uint32_t>(*number)};
}

}  // namespace

const boost::json::value* JsonRow::find(std::string_view key) const {
  return object_->if_contains({key.data(), key.size()});
}

bool JsonRow::has(std::string_view key) const {
  return find(key) != nullptr;
}

std::string_view JsonRow::text(std::string_view key) const {
  const boost::json::value* const value = find(key);
  return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                : std::string_view{};
}

std::optional<std::uint64_t> JsonRow::number(std::string_view key) const {
  const boost::json::value* const value = find(key);
  return value == nullptr ? std::nullopt : to_number(*value);
}

std::optional<double> JsonRow::real(std::string_view key) const {
  const boost::json::value* const value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->is_double()) {
    return value->get_double();
  }
  const auto whole = to_number(*value);
  return whole ? std::optional{static_cast<double>(*whole)} : std::nullopt;
}

std::optional<Asn> JsonRow::asn(std::string_view key) const {
  const boost::json::value* const value = find(key);
  return value == nullptr ? std::nullopt : to_asn(*value);
}

std::vector<std::string_view> JsonRow::texts(std::string_view key) const {
  std::vector<std::string_view> texts;
  if (const boost::json::array* const items = list(key)) {
    for (const boost::json::value& item : *items) {
      if (item.is_string()) {
        texts.emplace_back(item.get_string());
      }
    }
  }
  return texts;
}

std::optional<std::vector<Asn>> JsonRow::asns(std::string_view key) const {
  const boost::json::array* const items = list(key);
  if (items == nullptr) {
    return std::nullopt;
  }
  std::vector<Asn> asns;
  for (const boost::json::value& item : *items) {
    const auto asn = to_asn(item);
    if (!asn) {
      return std::nullopt;
    }
    asns.push_back(*asn);
  }
  return asns;
}

std::optional<JsonRow> JsonRow::row(std::string_view key) const {
  const boost::json::value* const value = find(key);
  return value != nullptr && value->is_object() ? std::optional{JsonRow{value->get_object()}}
                                                : std::nullopt;
}

std::vector<JsonRow> JsonRow::rows(std::string_view key) const {
  std::vector<JsonRow> rows;
  if (const boost::json::array* const items = list(key)) {
    for (const boost::json::value& item : *items) {
      if (item.is_object()) {
        rows.emplace_back(item.get_object());
      }
    }
  }
  return rows;
}

const boost::json::array* JsonRow::list(std::string_view key) const {
  const boost::json::value* const value = find(key);
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

}  // namespace isthmus::collector
