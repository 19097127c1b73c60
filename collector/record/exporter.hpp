#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "collector/record/export_manifest.hpp"
#include "collector/record/history.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

enum class ExportFormat : std::uint8_t {
  Ndjson,  ///< events.ndjson, routes.ndjson, observations.ndjson
  Csv,     ///< the same three as RFC 4180 CSV
  Sqlite,  ///< history.sqlite, which is a history that can be opened again
};

/// "ndjson", "csv" or "sqlite".
std::string_view to_string(ExportFormat format);
std::optional<ExportFormat> parse_export_format(std::string_view text);

/// Writes what the filter lets through, and `manifest.json`, into a new folder. Observations that
/// events of the export refer to come with them even where the filter leaves them out (behind the
/// others, in order of evidence id), so that each event can be checked from the export alone.
///
/// All is written into `<folder>.partial-N` beside it, brought to the disk and then renamed: a
/// folder of that name is whole, or it is not there. One that exists and is not empty is an error.
/// The same history and filter give the same bytes.
Result<ExportManifest> export_history(const History& history, const HistoryFilter& filter,
                                      ExportFormat format, const std::string& folder);

}  // namespace isthmus::collector
