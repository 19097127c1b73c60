#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "collector/publish/list_format.hpp"
#include "collector/record/history.hpp"

namespace isthmus::collector {

/// A table of the history as the API lists it.
enum class HistoryTable : std::uint8_t { Events, Routes, Observations };

/// "events", "routes" or "observations".
std::string_view to_string(HistoryTable table);
HistoryPlace::Kind place_kind(HistoryTable table);

/// How rows are written.
struct RowOptions {
  ListFormat format = ListFormat::Json;
  bool summary = false;  ///< events without their evidence
};

/// One page: {"items":[...],"next_cursor":"..."}. The filter's limit must be set.
Result<std::string> read_page(const History& history, HistoryTable table, HistoryFilter filter,
                              const RowOptions& options);

/// All rows that the filter lets through, in pieces of some 64 KiB; as NDJSON or CSV.
Result<void> stream_rows(const History& history, HistoryTable table, const HistoryFilter& filter,
                         const RowOptions& options, const std::function<bool(std::string)>& sink);

}  // namespace isthmus::collector
