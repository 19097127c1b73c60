#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "collector/publish/api_query.hpp"
#include "collector/publish/list_format.hpp"
#include "collector/publish/metrics_page.hpp"
#include "collector/publish/web_config.hpp"
#include "core/base/bytes.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

/// A cursor that is accepted is written as one that reads back to the same place.
void read_cursor(const std::string& text) {
  for (const auto kind :
       {HistoryPlace::Kind::Event, HistoryPlace::Kind::Interval, HistoryPlace::Kind::Observation}) {
    if (const auto place = parse_cursor(text, kind)) {
      const auto back = parse_cursor(to_cursor(*place), kind);
      if (!back || !(*back == *place)) {
        std::abort();
      }
    }
  }
}

/// Parameters are read, or refused with words and a field.
void read_query(const std::string& text) {
  HttpRequest request;
  request.method = "GET";
  request.target = "/api/v1/events?" + text;
  request.headers.add("Accept", text);
  ApiQuery query{request};
  query.filter();
  query.event_types("type");
  query.severity("severity");
  query.number("limit", 1, 1000);
  query.cursor(HistoryPlace::Kind::Event);
  read_list_format(query, request);
  if (const auto problem = query.problem(); problem && problem->detail.empty()) {
    std::abort();
  }
}

}  // namespace

/// What a client or the owner of a web configuration writes is read or refused; the first byte says
/// as what it is taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string text{as_text(std::as_bytes(std::span{data + 1, size - 1}))};
  switch (data[0]) {
    case 'c':
      read_cursor(text);
      break;
    case 'q':
      read_query(text);
      break;
    case 'a':
      read_wish(text, text);
      break;
    default:
      if (const auto config = parse_web_config(text, "fuzz.yml", "/nonexistent");
          !config && config.error().message.empty()) {
        std::abort();
      }
  }
  return 0;
}
