#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/runtime/http_client.hpp"

namespace CLI {
class App;
}

namespace isthmus::tool {

/// Where the running collector is, and what proves that we may command it.
struct AdminArguments {
  std::string url = "http://127.0.0.1:9742";
  std::string config_file;
  std::string token_file;

  void add_to(CLI::App& command);
};

/// Calls the collector's admin interface, one call at a time.
class AdminClient {
 public:
  /// Reads the token: from the file named, or from the gateway's folder of the configuration.
  static Result<AdminClient> open(const AdminArguments& arguments);

  /// The answer's body; an error tells what the collector said.
  Result<std::string> call(std::string method, std::string target, std::string body);
  /// The same for an answer that comes line by line.
  Result<void> stream(std::string target, std::string body,
                      std::function<bool(std::string_view line)> each,
                      std::chrono::seconds silence);

 private:
  AdminClient(Url url, std::string token) : url_{std::move(url)}, token_{std::move(token)} {}

  Url url_;
  std::string token_;
};

}  // namespace isthmus::tool
