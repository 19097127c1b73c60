#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "core/net/asn.hpp"

namespace isthmus::collector {

/// Looks into an object of a JSON file from outside: what is not there, or is of another kind, is
/// nothing.
class JsonRow {
 public:
  explicit JsonRow(const boost::json::object& object) : object_{&object} {}

  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] std::string_view text(std::string_view key) const;
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view key) const;
  [[nodiscard]] std::optional<double> real(std::string_view key) const;
  /// A number, "64496" or "AS64496".
  [[nodiscard]] std::optional<Asn> asn(std::string_view key) const;
  /// The texts of a list; others in it are left out.
  [[nodiscard]] std::vector<std::string_view> texts(std::string_view key) const;
  /// The AS numbers of a list; nothing if one of them is none.
  [[nodiscard]] std::optional<std::vector<Asn>> asns(std::string_view key) const;
  [[nodiscard]] std::optional<JsonRow> row(std::string_view key) const;
  /// The objects of a list; others in it are left out.
  [[nodiscard]] std::vector<JsonRow> rows(std::string_view key) const;
  [[nodiscard]] const boost::json::array* list(std::string_view key) const;

 private:
  [[nodiscard]] const boost::json::value* find(std::string_view key) const;

  const boost::json::object* object_;
};

}  // namespace isthmus::collector
