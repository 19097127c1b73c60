#include "collector/record/export_manifest.hpp"

#include "collector/record/fields.hpp"
#include "collector/record/history_schema.hpp"
#include "collector/record/json_reader.hpp"
#include "collector/record/json_text.hpp"

namespace isthmus::collector {

void visit_fields(Is<HistoryFilter> auto& value, auto& visit) {
  visit("target", value.target);
  visit("prefix", value.prefix);
  visit("upstream", value.upstream);
  visit("from", value.from);
  visit("until", value.until);
  visit("limit", value.limit);
}

void visit_fields(Is<ExportedFile> auto& value, auto& visit) {
  visit("name", value.name);
  visit("bytes", value.digest.bytes);
  visit("sha256", value.digest.sha256);
}

void visit_fields(Is<ExportManifest> auto& value, auto& visit) {
  visit.version("format_version", ExportManifest::kFormatVersion);
  visit("generator", value.generator);
  visit("format", value.format);
  visit.group("schema_versions", [&](auto& inner) {
    inner.version("event", Event::kSchemaVersion);
    inner.version("history", static_cast<int>(kHistorySchemaVersion));
  });
  visit("filter", value.filter);
  visit.group("rows", [&](auto& inner) {
    inner("events", value.events);
    inner("routes", value.routes);
    inner("observations", value.observations);
  });
  visit("first", value.first);
  visit("last", value.last);
  visit("progress", value.progress);
  visit("vantage_points", value.vantage_points);
  visit("dataset_versions", value.dataset_versions);
  visit("files", value.files);
}

void append_json(std::string& out, const ExportManifest& manifest) {
  JsonWriter{out}.write(manifest);
}

Result<ExportManifest> parse_manifest(std::string_view text) {
  return parse_fields<ExportManifest>(text);
}

}  // namespace isthmus::collector
