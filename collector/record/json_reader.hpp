#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "collector/record/json_document.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/net/prefix.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// Fills a struct from an object, field by field; the counterpart of JsonWriter. After the first
/// failure nothing more is read, and `problem` says where it was.
class JsonReader {
 public:
  JsonReader(const boost::json::object& object, std::string& problem)
      : object_{&object},
        problem_{&problem} {}

  template <typename T>
  void operator()(std::string_view key, T& out) {
    if (const boost::json::value* value = find(key); value != nullptr && !read(*value, out)) {
      blame(key);
    }
  }
  template <typename F>
  void group(std::string_view key, const F& fields) {
    const boost::json::value* value = find(key);
    if (value == nullptr) {
      return;
    }
    if (const boost::json::object* members = value->if_object()) {
      JsonReader inner{*members, *problem_};
      fields(inner);
    }
    if (!value->is_object() || !problem_->empty()) {
      blame(key);
    }
  }
  void evidence(std::string_view key, std::uint64_t& id) {
    const boost::json::value* value = find(key);
    if (value == nullptr) {
      return;
    }
    const std::string_view text = text_of(*value).value_or(std::string_view{});
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
    if (text.size() != 16 || error != std::errc{} || end != text.data() + text.size()) {
      blame(key);
    }
  }
  void version(std::string_view key, int newest) {
    int number = 0;
    (*this)(key, number);
    if (problem_->empty() && (number < 1 || number > newest)) {
      *problem_ = fmt::format("{} {} is not known here (newest: {})", key, number, newest);
    }
  }

 private:
  /// The text of a string value; nothing for another kind.
  static std::optional<std::string_view> text_of(const boost::json::value& value) {
    const boost::json::string* text = value.if_string();
    return text == nullptr ? std::nullopt
                           : std::optional{std::string_view{text->data(), text->size()}};
  }

  /// The value of an enumeration of `count` members by its name.
  template <typename E>
  static std::optional<E> named(std::string_view name, unsigned first, unsigned count) {
    for (unsigned at = first; at < first + count; ++at) {
      if (to_string(static_cast<E>(at)) == name) {
        return static_cast<E>(at);
      }
    }
    return std::nullopt;
  }

  template <typename T>
  static bool assign(T& out, std::optional<T> value) {
    if (value) {
      out = *value;
    }
    return value.has_value();
  }

  const boost::json::value* find(std::string_view key) {
    if (!problem_->empty()) {
      return nullptr;
    }
    const boost::json::value* value = object_->if_contains({key.data(), key.size()});
    if (value == nullptr) {
      *problem_ = fmt::format("{} is missing", key);
    }
    return value;
  }
  /// Puts the key in front of what went wrong below it.
  void blame(std::string_view key) {
    *problem_ = problem_->empty() ? fmt::format("{} is not valid", key)
                                  : fmt::format("{}.{}", key, *problem_);
  }

  static bool read(const boost::json::value& value, std::string& out) {
    const auto text = text_of(value);
    out = text.value_or(std::string_view{});
    return text.has_value();
  }
  static bool read(const boost::json::value& value, bool& out) {
    out = value.is_bool() && value.get_bool();
    return value.is_bool();
  }
  static bool read(const boost::json::value& value, double& out) {
    if (value.is_null()) {
      out = std::numeric_limits<double>::quiet_NaN();
      return true;
    }
    if (!value.is_number()) {
      return false;
    }
    boost::json::error_code error;
    out = value.to_number<double>(error);
    return !error.failed();
  }
  template <std::integral T>
  requires(!std::same_as<T, bool>) static bool read(const boost::json::value& value, T& out) {
    if (!value.is_int64() && !value.is_uint64()) {
      return false;
    }
    boost::json::error_code error;
    out = value.to_number<T>(error);
    return !error.failed();
  }
  static bool read(const boost::json::value& value, Asn& out) { return read(value, out.value); }
  static bool read(const boost::json::value& value, Duration& out) {
    std::int64_t count = 0;
    const bool ok = read(value, count);
    out = Duration{count};
    return ok;
  }
  static bool read(const boost::json::value& value, TimePoint& out) {
    const auto text = text_of(value);
    return text && text->find('-') != std::string_view::npos && assign(out, parse_utc(*text));
  }
  static bool read(const boost::json::value& value, IpAddress& out) {
    const auto text = text_of(value);
    return text && assign(out, IpAddress::parse(*text));
  }
  static bool read(const boost::json::value& value, Prefix& out) {
    const auto text = text_of(value);
    return text && assign(out, Prefix::parse(*text));
  }
  static bool read(const boost::json::value& value, EventType& out) {
    const auto text = text_of(value);
    return text && assign(out, parse_event_type(*text));
  }
  static bool read(const boost::json::value& value, Severity& out) {
    const auto text = text_of(value);
    return text && assign(out, parse_severity(*text));
  }
  static bool read(const boost::json::value& value, Family& out) {
    const auto text = text_of(value);
    return text && assign(out, named<Family>(*text, 1, 2));
  }
  static bool read(const boost::json::value& value, Plane& out) {
    const auto text = text_of(value);
    return text && assign(out, named<Plane>(*text, 0, 2));
  }
  static bool read(const boost::json::value& value, Verdict& out) {
    const auto text = text_of(value);
    return text && assign(out, named<Verdict>(*text, 0, 3));
  }
  static bool read(const boost::json::value& value, Grade& out) {
    const auto text = text_of(value);
    return text && assign(out, named<Grade>(*text, 0, 5));
  }
  template <typename T>
  bool read(const boost::json::value& value, std::optional<T>& out) {
    out.reset();
    return value.is_null() || read(value, out.emplace());
  }
  template <typename T>
  bool read(const boost::json::value& value, std::vector<T>& out) {
    out.clear();
    const boost::json::array* list = value.if_array();
    if (list == nullptr) {
      return false;
    }
    out.reserve(list->size());
    for (const boost::json::value& each : *list) {
      if (!read(each, out.emplace_back())) {
        return false;
      }
    }
    return true;
  }
  template <typename T>
  requires std::is_class_v<T>
  bool read(const boost::json::value& value, T& out) {
    const boost::json::object* members = value.if_object();
    if (members == nullptr) {
      return false;
    }
    JsonReader inner{*members, *problem_};
    visit_fields(out, inner);
    return problem_->empty();
  }

  const boost::json::object* object_;
  std::string* problem_;
};

/// Reads a struct that has a list of fields (fields.hpp) from a JSON object.
template <typename T>
Result<T> parse_fields(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) {
    return unexpected{document.error()};
  }
  const boost::json::object* members = document->if_object();
  if (members == nullptr) {
    return fail("not a JSON object");
  }
  T value;
  std::string problem;
  JsonReader reader{*members, problem};
  visit_fields(value, reader);
  if (!problem.empty()) {
    return fail(std::move(problem));
  }
  return value;
}

}  // namespace isthmus::collector
