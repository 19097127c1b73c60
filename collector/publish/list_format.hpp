#pragma once

#include <optional>
#include <string_view>

#include "collector/publish/api_query.hpp"

namespace isthmus::collector {

enum class ListFormat : std::uint8_t { Json, Ndjson, Csv };

/// What a list is asked for as: the parameter `format`, or else the first type of Accept that fits.
ListFormat read_list_format(ApiQuery& query, const HttpRequest& request);

/// "application/json" and so on.
std::string_view content_type(ListFormat format);

}  // namespace isthmus::collector
