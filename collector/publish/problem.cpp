#include "collector/publish/problem.hpp"

#include "collector/record/json_text.hpp"

namespace isthmus::collector {

HttpResponse problem_response(const Problem& problem) {
  HttpResponse response;
  response.status = problem.status;
  response.headers.set("Content-Type", "application/problem+json");
  response.headers.set("Cache-Control", "no-store");
  JsonWriter writer{response.body};
  writer.object([&](JsonWriter& inner) {
    inner("type", std::string_view{"about:blank"});
    inner("title", http_reason(problem.status));
    inner("status", problem.status);
    inner("detail", problem.detail);
    if (!problem.field.empty()) {
      inner("field", problem.field);
    }
  });
  response.body += '\n';
  return response;
}

}  // namespace isthmus::collector
