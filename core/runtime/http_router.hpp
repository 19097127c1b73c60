#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/runtime/http.hpp"

namespace isthmus {

/// Finds the handler of a request by its method and path. Routes are added before the server runs.
class HttpRouter {
 public:
  /// `pattern` is a path whose segments may be `{name}`, which stands for one segment and is found
  /// in `HttpRequest::parameters`; a last segment `{name...}` stands for all that follows. GET
  /// answers HEAD as well. Of two routes that fit, the one added first is taken.
  void add(std::string method, std::string_view pattern, HttpHandler handler);

  /// Calls the handler. 404 when no pattern fits, 405 with Allow when none has the method, 400
  /// when the path's encoding is broken.
  Task<HttpResponse> handle(HttpRequest request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    HttpHandler handler;
  };

  std::vector<Route> routes_;
};

}  // namespace isthmus
