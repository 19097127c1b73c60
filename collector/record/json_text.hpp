#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// Appends a JSON string (RFC 8259) with its quotes. What is not UTF-8 becomes U+FFFD, so that one
/// odd byte from outside cannot spoil a whole export.
void append_json_text(std::string& out, std::string_view text);

/// Appends the shortest number that reads back as the same double; what JSON has no number for
/// (NaN, infinity) becomes `null`.
void append_json_number(std::string& out, double value);

/// Sixteen lower-case hexadecimal digits: JSON readers round whole numbers past 2^53.
std::string format_evidence_id(std::uint64_t id);

/// T, const or not.
template <typename T, typename U>
concept Is = std::same_as<std::remove_const_t<T>, U>;

/// Writes JSON without white space, members in the order in which they are named.
///
/// A struct is written by its `visit_fields(value, visitor)` (fields.hpp): the same list of fields
/// that the reader and the CSV writer go through, so that they cannot drift apart.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_{&out} {}

  /// A member of the object that is open.
  template <typename T>
  void operator()(std::string_view key, const T& value) {
    name(key);
    write(value);
  }
  /// A member that is an object, whose own members `fields` names.
  template <typename F>
  void group(std::string_view key, const F& fields) {
    name(key);
    object(fields);
  }
  void evidence(std::string_view key, std::uint64_t id) { (*this)(key, format_evidence_id(id)); }
  void version(std::string_view key, int number) { (*this)(key, number); }

  /// `fields` gets the writer for the members.
  template <typename F>
  void object(const F& fields) {
    *out_ += '{';
    fields(*this);
    *out_ += '}';
  }

  void write(std::string_view text) { append_json_text(*out_, text); }
  void write(const std::string& text) { append_json_text(*out_, text); }
  void write(double value) { append_json_number(*out_, value); }
  void write(bool value) { *out_ += value ? "true" : "false"; }
  template <std::integral T>
  requires(!std::same_as<T, bool>) void write(T value) { *out_ += std::to_string(value); }
  void write(Asn asn) { write(asn.value); }
  void write(TimePoint time) { write(format_utc(time)); }
  /// Microseconds.
  void write(Duration duration) { write(duration.count()); }
  void write(const IpAddress& address) { write(address.to_string()); }
  void write(const Prefix& prefix) { write(prefix.to_string()); }
  template <typename T>
  requires std::is_enum_v<T>
  void write(T value) { write(to_string(value)); }
  template <typename T>
  void write(const std::optional<T>& value) {
    if (value) {
      write(*value);
    } else {
      *out_ += "null";
    }
  }
  template <typename T>
  void write(const std::vector<T>& list) {
    *out_ += '[';
    for (const T& each : list) {
      if (out_->back() != '[') {
        *out_ += ',';
      }
      write(each);
    }
    *out_ += ']';
  }
  /// A struct that has a list of fields.
  template <typename T>
  requires std::is_class_v<T>
  void write(const T& value) {
    object([&](JsonWriter& inner) { visit_fields(value, inner); });
  }

 private:
  void name(std::string_view key) {
    if (out_->back() != '{') {
      *out_ += ',';
    }
    append_json_text(*out_, key);
    *out_ += ':';
  }

  std::string* out_;
};

}  // namespace isthmus::collector
