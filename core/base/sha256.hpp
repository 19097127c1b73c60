#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace isthmus {

/// SHA-256 of what it was given, piece by piece.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  /// Sixty-four lower-case hexadecimal digits; nothing may be added after it.
  std::string hex();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace isthmus
