#include "collector/record/json_document.hpp"

#include <charconv>
#include <cstdint>
#include <system_error>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/value_stack.hpp>
#include <fmt/format.h>

namespace isthmus::collector {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

/// What Boost.JSON's parser calls; its names are given by the library.
struct Handler {
  static constexpr std::size_t max_object_size = json::object::max_size();  // NOLINT
  static constexpr std::size_t max_array_size = json::array::max_size();    // NOLINT
  static constexpr std::size_t max_key_size = json::string::max_size();     // NOLINT
  static constexpr std::size_t max_string_size = json::string::max_size();  // NOLINT

  static bool on_document_begin(error_code& /*error*/) { return true; }
  static bool on_document_end(error_code& /*error*/) { return true; }
  static bool on_object_begin(error_code& /*error*/) { return true; }
  static bool on_array_begin(error_code& /*error*/) { return true; }
  bool on_object_end(std::size_t members, error_code& /*error*/) {
    stack.push_object(members);
    return true;
  }
  bool on_array_end(std::size_t elements, error_code& /*error*/) {
    stack.push_array(elements);
    return true;
  }
  bool on_key_part(string_view text, std::size_t /*size*/, error_code& /*error*/) {
    stack.push_chars(text);
    return true;
  }
  bool on_key(string_view text, std::size_t /*size*/, error_code& /*error*/) {
    stack.push_key(text);
    return true;
  }
  bool on_string_part(string_view text, std::size_t /*size*/, error_code& /*error*/) {
    stack.push_chars(text);
    return true;
  }
  bool on_string(string_view text, std::size_t /*size*/, error_code& /*error*/) {
    stack.push_string(text);
    return true;
  }
  static bool on_number_part(string_view /*text*/, error_code& /*error*/) { return true; }
  bool on_int64(std::int64_t value, string_view /*text*/, error_code& /*error*/) {
    stack.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, string_view /*text*/, error_code& /*error*/) {
    stack.push_uint64(value);
    return true;
  }
  /// The text is the whole number, as the input is given in one piece.
  bool on_double(double /*rough*/, string_view text, error_code& error) {
    double value = 0;
    const auto [end, cause] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (cause != std::errc{} || end != text.data() + text.size()) {
      error = json::error::exponent_overflow;
      return false;
    }
    stack.push_double(value);
    return true;
  }
  bool on_bool(bool value, error_code& /*error*/) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(error_code& /*error*/) {
    stack.push_null();
    return true;
  }
  static bool on_comment_part(string_view /*text*/, error_code& /*error*/) { return true; }
  static bool on_comment(string_view /*text*/, error_code& /*error*/) { return true; }

  json::value_stack stack;
};

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::basic_parser<Handler> parser{json::parse_options{}};
  parser.handler().stack.reset();
  error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) {
    error = json::error::extra_data;
  }
  if (error) {
    return fail(fmt::format("not JSON at byte {}: {}", read, error.message()));
  }
  return parser.handler().stack.release();
}

}  // namespace isthmus::collector
