#include "tool/event_text.hpp"

#include <fmt/format.h>

namespace isthmus::tool {

std::string event_line(const Event& event) {
  return fmt::format("{}  {:<8}  {:<20}  {}\n",
                     format_utc(std::chrono::floor<std::chrono::seconds>(event.time)),
                     to_string(event.severity), to_string(event.type), event.summary);
}

}  // namespace isthmus::tool
