#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "core/runtime/toml_document.hpp"

namespace isthmus::collector {

/// 1 to 64 letters, digits, '.', '_' or '-': what is fit for a metric's label and a file's name.
bool is_name(std::string_view text);
inline constexpr std::string_view kNameRule = "must be 1 to 64 letters, digits, '.', '_' or '-'";

/// ":9743", "192.0.2.1:9743", "[2001:db8::1]:9743".
bool is_listen_address(const std::string& text);

/// A URL of one of these schemes, each with its "://".
bool is_url(std::string_view text, std::initializer_list<std::string_view> schemes);

/// A path as it is written in a file that lies in `folder`.
std::string path_from(const std::string& folder, const std::string& written);

/// A file that must be there; empty if none is named.
std::string read_path(TomlTable& table, std::string_view key, const std::string& folder);

}  // namespace isthmus::collector
