#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collector/record/export_manifest.hpp"
#include "collector/record/exporter.hpp"

namespace isthmus::collector {

/// Where the rows of an export go, in one format.
class ExportSink {
 public:
  virtual ~ExportSink() = default;
  virtual Result<void> put(const Event& event) = 0;
  virtual Result<void> put(const RouteInterval& interval) = 0;
  virtual Result<void> put(const Observation& observation) = 0;
  /// Ends the files, which are on the disk then.
  virtual Result<std::vector<ExportedFile>> finish(const ExportManifest& manifest) = 0;
};

/// Makes the files of a format in a folder that is there.
Result<std::unique_ptr<ExportSink>> open_export_sink(ExportFormat format,
                                                     const std::string& folder);

}  // namespace isthmus::collector
