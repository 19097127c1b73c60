#pragma once

#include <string>

#include "core/runtime/http.hpp"

namespace isthmus::collector {

/// Why a request is refused, as RFC 9457 tells it.
struct Problem {
  unsigned status = 400;
  std::string detail;  ///< what is wrong and what to write instead
  std::string field;   ///< the parameter, header or member that is wrong; may be empty
};

/// application/problem+json.
HttpResponse problem_response(const Problem& problem);

}  // namespace isthmus::collector
