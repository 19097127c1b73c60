#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace isthmus::collector {

/// Makes a folder with mode 0700 if it is not there. One that others may write to is refused.
Result<void> make_private_folder(const std::string& path);
/// Writes a file with mode 0600 in place of the old one: whole, and on disk, or not at all.
Result<void> write_private_file(const std::string& path, std::string_view content);
/// Reads a file that nobody but its owner may read or write; any other is refused.
Result<std::string> read_private_file(const std::string& path);

}  // namespace isthmus::collector
