#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "collector/publish/problem.hpp"
#include "collector/publish/web_config.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/task.hpp"

namespace isthmus::collector {

enum class AccessRight : std::uint8_t { Read, Write };

/// Says who may do what, by the file of `--web.config.file`, which is read again when it changes; a
/// file that cannot be used leaves the one before in force. Reading may be open; writing never is:
/// it needs a user, a token or a certificate that the file names under `write_users`.
///
/// Passwords are checked on a thread of its own, a few at a time, since bcrypt takes a tenth of a
/// second by design; what was right is remembered, by a keyed digest.
class WebAccess {
 public:
  /// An empty path: reading is open, nothing may be written.
  static Result<std::unique_ptr<WebAccess>> make(std::string path);
  ~WebAccess();
  WebAccess(const WebAccess&) = delete;
  WebAccess& operator=(const WebAccess&) = delete;

  /// Nothing if the request may be answered, else the answer that refuses it.
  Task<std::optional<HttpResponse>> check(const HttpRequest& request, AccessRight right);

  /// Looks whether the file has changed. True if another configuration is in force now: TLS may
  /// have to be set up anew.
  bool refresh();
  [[nodiscard]] const WebConfig& config() const;

 private:
  struct Impl;
  explicit WebAccess(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
