#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collector/record/export_file.hpp"
#include "collector/record/history.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

/// The manifest's file in an export's folder.
inline constexpr const char* kManifestName = "manifest.json";

struct ExportedFile {
  std::string name;  ///< in the export's folder, without any folder of its own
  FileDigest digest;
  friend bool operator==(const ExportedFile&, const ExportedFile&) = default;
};

/// What an export holds, where it comes from and how to check it: `manifest.json`. It has no time
/// of its own, so that the same history gives the same bytes.
struct ExportManifest {
  static constexpr int kFormatVersion = 1;

  std::string generator;  ///< program and version
  std::string format;     ///< "ndjson", "csv" or "sqlite"
  HistoryFilter filter;
  std::uint64_t events = 0;  ///< rows
  std::uint64_t routes = 0;
  std::uint64_t observations = 0;
  std::optional<TimePoint> first;  ///< the time span of all rows
  std::optional<TimePoint> last;
  std::optional<TimePoint> progress;  ///< input up to here was in the history
  std::vector<VantagePoint> vantage_points;
  std::vector<NamedValue> dataset_versions;
  std::vector<ExportedFile> files;
};

/// One JSON object without a line feed.
void append_json(std::string& out, const ExportManifest& manifest);
/// Reads what `append_json` writes; a newer format is refused.
Result<ExportManifest> parse_manifest(std::string_view text);

}  // namespace isthmus::collector
