#include <algorithm>

#include <boost/json.hpp>

#include "collector/feed/atlas_json.hpp"
#include "collector/feed/scamper_json.hpp"
#include "collector/feed/trace_format.hpp"

namespace isthmus::collector {
namespace {

constexpr std::string_view kBetween = " \t\r\n,[]";

/// Where the object that begins here ends; 0 if it does not.
std::size_t object_size(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char each = text[i];
    if (quoted) {
      if (each == '\\') {
        ++i;
      }
      quoted = each != '"';
    } else if (each == '"') {
      quoted = true;
    } else if (each == '{' || each == '[') {
      ++depth;
    } else if (each == '}' || each == ']') {
      if (--depth == 0) {
        return i + 1;
      }
    }
  }
  return 0;
}

/// Objects one after the other, or in a list; a line that is none is a record of its own.
class JsonTraces final : public TraceFormat {
 public:
  explicit JsonTraces(const TraceFileOptions& options) : options_{options} {}

  std::size_t record_size(std::string_view rest, bool last) override;
  TraceRecord read(std::string_view record) override;

 private:
  TraceRecord read_object(const JsonRow& row);

  TraceFileOptions options_;
  ScamperContext scamper_;
};

std::size_t JsonTraces::record_size(std::string_view rest, bool last) {
  const std::size_t begin = rest.find_first_not_of(kBetween);
  if (begin == std::string_view::npos) {
    return last ? rest.size() : 0;
  }
  if (rest[begin] != '{') {
    const std::size_t end = rest.find_first_of("{\n", begin);
    return end == std::string_view::npos ? (last ? rest.size() : 0) : end;
  }
  const std::size_t size = object_size(rest.substr(begin));
  return size == 0 ? 0 : begin + size;
}

TraceRecord JsonTraces::read(std::string_view record) {
  const std::size_t begin = record.find_first_not_of(kBetween);
  if (begin == std::string_view::npos) {
    return {};
  }
  const std::string_view text = record.substr(begin);
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) {
    return bad_record("is no JSON object");
  }
  return read_object(JsonRow{value.get_object()});
}

TraceRecord JsonTraces::read_object(const JsonRow& row) {
  // M-Lab wraps what scamper says into one object, or puts its notes on a line before it.
  if (const auto inner = row.row("Trace")) {
    if (const auto cycle = row.row("CycleStart")) {
      scamper_.host = std::string{cycle->text("hostname")};
    }
    return read_scamper_trace(*inner, scamper_, options_);
  }
  if (row.has("prb_id") || row.has("msm_id")) {
    return read_atlas_result(row, options_);
  }
  if (row.text("type") == "trace") {
    return read_scamper_trace(row, scamper_, options_);
  }
  if (row.text("type") == "cycle-start") {
    scamper_.host = std::string{row.text("hostname")};
  }
  return {};
}

}  // namespace

std::unique_ptr<TraceFormat> make_json_format(const TraceFileOptions& options) {
  return std::make_unique<JsonTraces>(options);
}

}  // namespace isthmus::collector
