#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/record/json_text.hpp"

namespace isthmus::collector {

/// Writes a member that is a list, each entry of which `each(writer, entry)` fills as an object.
/// `out` is the text that the writer writes into.
template <typename T, typename F>
void write_list(std::string& out, JsonWriter& writer, std::string_view key, const T& list,
                const F& each) {
  writer(key, std::vector<int>{});
  out.pop_back();
  for (const auto& entry : list) {
    if (out.back() != '[') {
      out += ',';
    }
    writer.object([&](JsonWriter& inner) { each(inner, entry); });
  }
  out += ']';
}

}  // namespace isthmus::collector
