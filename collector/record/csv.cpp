#include "collector/record/csv.hpp"

#include <optional>
#include <string_view>

#include "collector/record/fields.hpp"
#include "collector/record/json_text.hpp"

namespace isthmus::collector {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

/// Collects the names of the fields of a value.
class CsvNames {
 public:
  explicit CsvNames(std::string& out) : out_{&out} {}

  template <typename T>
  void operator()(std::string_view key, const T& /*value*/) {
    if (!out_->empty()) {
      *out_ += ',';
    }
    out_->append(prefix_).append(key);
  }
  template <typename F>
  void group(std::string_view key, const F& fields) {
    CsvNames inner{*out_};
    inner.prefix_ = prefix_ + std::string{key} + '_';
    fields(inner);
  }
  void evidence(std::string_view key, std::uint64_t id) { (*this)(key, id); }
  void version(std::string_view key, int number) { (*this)(key, number); }

 private:
  std::string* out_;
  std::string prefix_;
};

/// Writes the fields of a value, each with a comma behind it.
class CsvFields {
 public:
  explicit CsvFields(std::string& out) : out_{&out} {}

  template <typename T>
  void operator()(std::string_view /*key*/, const T& value) {
    cell_.clear();
    put(value);
    append_quoted(cell_);
    *out_ += ',';
  }
  template <typename F>
  void group(std::string_view /*key*/, const F& fields) {
    fields(*this);
  }
  void evidence(std::string_view key, std::uint64_t id) { (*this)(key, format_evidence_id(id)); }
  void version(std::string_view key, int number) { (*this)(key, number); }

 private:
  void put(const std::string& text) { cell_ = text; }
  void put(TimePoint time) { cell_ = format_utc(time); }
  void put(const IpAddress& address) { cell_ = address.to_string(); }
  void put(const Prefix& prefix) { cell_ = prefix.to_string(); }
  template <typename T>
  requires std::is_enum_v<T>
  void put(T value) { cell_ = to_string(value); }
  template <typename T>
  void put(const std::optional<T>& value) {
    if (value) {
      put(*value);
    }
  }
  /// Numbers look alike in both formats; lists and structs are JSON within a field.
  template <typename T>
  requires(!std::is_enum_v<T>) void put(const T& value) { JsonWriter{cell_}.write(value); }

  void append_quoted(std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
      out_->append(text);
      return;
    }
    *out_ += '"';
    for (const char each : text) {
      if (each == '"') {
        *out_ += '"';
      }
      *out_ += each;
    }
    *out_ += '"';
  }

  std::string* out_;
  std::string cell_;
};

template <typename T>
void append_line(std::string& out, const T& value) {
  CsvFields fields{out};
  visit_fields(value, fields);
  out.pop_back();  // the comma behind the last field
  out += kLineEnd;
}

template <typename T>
std::string header_of() {
  std::string out;
  CsvNames names{out};
  const T nothing{};
  visit_fields(nothing, names);
  return out.append(kLineEnd);
}

}  // namespace

void append_csv(std::string& out, const Event& event) {
  append_line(out, event);
}
void append_csv(std::string& out, const Observation& observation) {
  append_line(out, observation);
}
void append_csv(std::string& out, const RouteInterval& interval) {
  append_line(out, interval);
}

template <>
std::string csv_header<Event>() {
  return header_of<Event>();
}
template <>
std::string csv_header<Observation>() {
  return header_of<Observation>();
}
template <>
std::string csv_header<RouteInterval>() {
  return header_of<RouteInterval>();
}

}  // namespace isthmus::collector
