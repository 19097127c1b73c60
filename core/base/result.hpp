#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace isthmus {

/// Why something from outside could not be used: the place (file, line, offset) and the cause, in
/// words for the person who has to mend it.
struct Error {
  std::string message;

  /// The same error seen from further out: "context: message".
  [[nodiscard]] Error within(std::string_view context) const {
    return {std::string{context} + ": " + message};
  }
  friend bool operator==(const Error&, const Error&) = default;
};

/// A value, or the reason there is none. Becomes `std::expected` when the compiler has it.
template <typename T, typename E = Error>
using Result = tl::expected<T, E>;

using tl::unexpected;

/// The failing half of a Result: `return fail("no such prefix")`.
inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>{Error{std::move(message)}};
}

}  // namespace isthmus
