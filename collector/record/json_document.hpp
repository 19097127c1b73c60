#pragma once

#include <string_view>

#include <boost/json/value.hpp>

#include "core/base/result.hpp"

namespace isthmus::collector {

/// Reads one JSON document (RFC 8259): UTF-8, at most 32 levels deep, nothing behind it. Doubles
/// are rounded correctly, which Boost.JSON 1.81's own parser does not promise: a score must come
/// back bit for bit. The error tells the cause and the offset.
Result<boost::json::value> parse_json(std::string_view text);

}  // namespace isthmus::collector
