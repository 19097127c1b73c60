#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "core/runtime/toml_document.hpp"

namespace isthmus {

/// What a document holds; only the two files that know toml++ include this.
struct TomlDocument::Impl {
  struct Opened {
    const toml::table* table;
    std::string name;
    std::set<std::string, std::less<>> asked;
    /// Where in its list each value stands that a getter returned: bad ones were left out.
    std::map<std::string, std::vector<std::size_t>, std::less<>> positions;
  };
  struct Complaint {
    std::uint32_t line;
    std::uint32_t column;
    std::string message;
    friend bool operator<(const Complaint& left, const Complaint& right) {
      return std::tie(left.line, left.column, left.message) <
             std::tie(right.line, right.column, right.message);
    }
  };

  void complain(const toml::source_region& where, std::string message) {
    complaints.insert({where.begin.line, where.begin.column, std::move(message)});
  }
  std::size_t open(const toml::table& table, std::string table_name) {
    const auto found = indices.find(&table);
    if (found != indices.end()) {
      return found->second;
    }
    opened.push_back({&table, std::move(table_name), {}, {}});
    indices.emplace(&table, opened.size() - 1);
    return opened.size() - 1;
  }

  std::string name;
  toml::table root;
  std::deque<Opened> opened;
  std::map<const toml::table*, std::size_t> indices;
  std::set<Complaint> complaints;
};

/// Values go into messages shortened and without control characters: they come from a file.
std::string quoted_for_message(std::string_view text);

}  // namespace isthmus
