#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "collector/feed/feed_settings.hpp"
#include "core/runtime/toml_document.hpp"

namespace isthmus::collector {

/// A key under [feeds] or a table within it.
struct FeedField {
  std::string_view table;
  std::string_view key;
  std::string_view default_value;  ///< empty: it is needed
  std::string_view meaning;
};

/// Reads what live feeds are told; `table` is [feeds], `folder` that of the file.
FeedSettings read_feeds(TomlTable& table, const std::string& folder);

/// Appends it as `read_feeds` reads it, after the head [feeds].
void append_feeds(std::string& text, const FeedSettings& settings);

/// All keys, in the order of `append_feeds`.
void each_feed_field(const std::function<void(const FeedField&)>& visit);

}  // namespace isthmus::collector
