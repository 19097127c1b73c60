#include "collector/publish/history_rows.hpp"

#include <array>
#include <utility>

#include "collector/record/csv.hpp"
#include "collector/record/event_json.hpp"
#include "collector/record/fields.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;

/// Writes an event's fields but for its evidence.
class SummaryWriter {
 public:
  explicit SummaryWriter(JsonWriter& writer) : writer_{writer} {}

  template <typename T>
  void operator()(std::string_view key, const T& value) {
    if (key != "witnesses" && key != "counter_evidence" && key != "thresholds" &&
        key != "dataset_versions") {
      writer_(key, value);
    }
  }
  template <typename F>
  void group(std::string_view key, const F& fields) {
    if (key != "score") {
      writer_.group(key, fields);
    }
  }
  void version(std::string_view key, int number) { writer_.version(key, number); }

 private:
  JsonWriter& writer_;
};

template <typename Row>
void append_row(std::string& out, const Row& row, const RowOptions& options) {
  if (options.format == ListFormat::Csv) {
    append_csv(out, row);
    return;
  }
  append_json(out, row);
}

void append_row(std::string& out, const Event& event, const RowOptions& options) {
  if (options.format == ListFormat::Csv) {
    append_csv(out, event);
  } else if (options.summary) {
    JsonWriter writer{out};
    writer.object([&](JsonWriter& inner) {
      SummaryWriter summary{inner};
      visit_fields(event, summary);
    });
  } else {
    append_json(out, event);
  }
}

template <typename Row>
using Read = Result<void> (History::*)(const HistoryFilter&,
                                       const std::function<bool(const Row&)>&) const;

template <typename Row>
Result<std::string> page_of(const History& history, Read<Row> read, HistoryFilter filter,
                            const RowOptions& options) {
  const std::uint64_t limit = *filter.limit;
  filter.limit = limit + 1;  // to see whether there is more
  std::string out = "{\"items\":[";
  std::string cursor;
  std::uint64_t count = 0;
  std::optional<HistoryPlace> last;
  const auto done = (history.*read)(filter, [&](const Row& row) {
    if (++count > limit) {
      cursor = to_cursor(*last);
      return false;
    }
    out += count == 1 ? "" : ",";
    append_row(out, row, options);
    if (count == limit) {
      last = place_of(row);
    }
    return true;
  });
  if (!done) {
    return unexpected{done.error()};
  }
  out += ']';
  if (!cursor.empty()) {
    out += ",\"next_cursor\":\"" + cursor + '"';
  }
  return out + '}';
}

template <typename Row>
Result<void> rows_of(const History& history, Read<Row> read, const HistoryFilter& filter,
                     const RowOptions& options, const std::function<bool(std::string)>& sink) {
  std::string out;
  if (options.format == ListFormat::Csv) {
    out = csv_header<Row>();
  }
  bool wanted = true;
  const auto done = (history.*read)(filter, [&](const Row& row) {
    append_row(out, row, options);
    if (options.format != ListFormat::Csv) {
      out += '\n';
    }
    if (out.size() >= kPiece) {
      wanted = sink(std::exchange(out, {}));
    }
    return wanted;
  });
  if (done && wanted && !out.empty()) {
    sink(std::move(out));
  }
  return done;
}

}  // namespace

std::string_view to_string(HistoryTable table) {
  constexpr std::array<std::string_view, 3> kNames{"events", "routes", "observations"};
  return kNames.at(static_cast<std::size_t>(table));
}

HistoryPlace::Kind place_kind(HistoryTable table) {
  constexpr std::array kKinds{HistoryPlace::Kind::Event, HistoryPlace::Kind::Interval,
                              HistoryPlace::Kind::Observation};
  return kKinds.at(static_cast<std::size_t>(table));
}

Result<std::string> read_page(const History& history, HistoryTable table, HistoryFilter filter,
                              const RowOptions& options) {
  switch (table) {
    case HistoryTable::Events:
      return page_of<Event>(history, &History::events, std::move(filter), options);
    case HistoryTable::Routes:
      return page_of<RouteInterval>(history, &History::intervals, std::move(filter), options);
    default:
      return page_of<Observation>(history, &History::observations, std::move(filter), options);
  }
}

Result<void> stream_rows(const History& history, HistoryTable table, const HistoryFilter& filter,
                         const RowOptions& options, const std::function<bool(std::string)>& sink) {
  switch (table) {
    case HistoryTable::Events:
      return rows_of<Event>(history, &History::events, filter, options, sink);
    case HistoryTable::Routes:
      return rows_of<RouteInterval>(history, &History::intervals, filter, options, sink);
    default:
      return rows_of<Observation>(history, &History::observations, filter, options, sink);
  }
}

}  // namespace isthmus::collector
