#pragma once

#include <string>
#include <string_view>

namespace isthmus::collector {

enum class GzipLevel { Fast, Small };

/// A gzip member (RFC 1952); members may stand one behind another.
std::string gzip(std::string_view text, GzipLevel level);

}  // namespace isthmus::collector
