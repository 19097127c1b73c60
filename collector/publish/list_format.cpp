#include "collector/publish/list_format.hpp"

namespace isthmus::collector {

ListFormat read_list_format(ApiQuery& query, const HttpRequest& request) {
  if (const auto format = query.word("format", {"json", "ndjson", "csv"})) {
    return *format == "json"  ? ListFormat::Json
           : *format == "csv" ? ListFormat::Csv
                              : ListFormat::Ndjson;
  }
  const std::string_view accept = request.headers.find("Accept");
  const std::size_t json = accept.find("application/json");
  const std::size_t lines = accept.find("application/x-ndjson");
  const std::size_t csv = accept.find("text/csv");
  if (lines < json && lines < csv) {
    return ListFormat::Ndjson;
  }
  return csv < json ? ListFormat::Csv : ListFormat::Json;
}

std::string_view content_type(ListFormat format) {
  switch (format) {
    case ListFormat::Ndjson:
      return "application/x-ndjson";
    case ListFormat::Csv:
      return "text/csv; charset=utf-8; header=present";
    default:
      return "application/json";
  }
}

}  // namespace isthmus::collector
