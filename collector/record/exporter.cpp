#include "collector/record/exporter.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "collector/record/export_sink.hpp"

namespace isthmus::collector {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kFormatNames{"ndjson", "csv", "sqlite"};

/// Leads the rows of a history to a sink and tells of them in a manifest.
class Export {
 public:
  Export(const History& history, ExportSink& sink, ExportManifest& manifest)
      : history_{&history},
        sink_{&sink},
        manifest_{&manifest} {}

  Result<void> run() {
    const HistoryFilter& filter = manifest_->filter;
    auto done = history_->events(filter, [this](const Event& event) {
      cover(event.time);
      want(event.witnesses);
      want(event.counter_evidence);
      return put(event, manifest_->events);
    });
    if (done && written_) {
      done = history_->intervals(filter, [this](const RouteInterval& interval) {
        cover(interval.from);
        cover(interval.until.value_or(interval.from));
        vantage_points_.insert(interval.vantage);
        return put(interval, manifest_->routes);
      });
    }
    if (done && written_) {
      done = history_->observations(filter, [this](const Observation& observation) {
        evidence_.erase(observation.evidence_id);
        return put_observation(observation);
      });
    }
    if (done && written_) {
      done = put_evidence();
    }
    manifest_->vantage_points.assign(vantage_points_.begin(), vantage_points_.end());
    return done ? written_ : done;
  }

 private:
  void want(const std::vector<Witness>& witnesses) {
    for (const Witness& witness : witnesses) {
      evidence_.insert(witness.evidence_id);
    }
  }
  void cover(TimePoint time) {
    manifest_->first = std::min(manifest_->first.value_or(time), time);
    manifest_->last = std::max(manifest_->last.value_or(time), time);
  }
  template <typename T>
  bool put(const T& row, std::uint64_t& rows) {
    written_ = sink_->put(row);
    ++rows;
    return written_.has_value();
  }
  bool put_observation(const Observation& observation) {
    cover(observation.time);
    vantage_points_.insert(observation.vantage);
    return put(observation, manifest_->observations);
  }
  /// What the events refer to and the filter left out.
  Result<void> put_evidence() {
    for (const std::uint64_t id : evidence_) {
      const auto observation = history_->observation(id);
      if (!observation) {
        return unexpected{observation.error()};
      }
      if (*observation && !put_observation(**observation)) {
        break;
      }
    }
    return {};
  }

  const History* history_;
  ExportSink* sink_;
  ExportManifest* manifest_;
  Result<void> written_;
  std::set<std::uint64_t> evidence_;
  std::set<VantagePoint> vantage_points_;
};

/// A folder beside the one that is to be; removed unless it took that one's place.
class PartialFolder {
 public:
  static Result<PartialFolder> make(const fs::path& target) {
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    for (unsigned number = 0; !error && number < 1'000; ++number) {
      fs::path path = target;
      path += fmt::format(".partial-{}", number);
      if (fs::create_directory(path, error)) {
        return PartialFolder{path};
      }
    }
    return fail(fmt::format("{}: cannot make a folder beside it: {}", target.string(),
                            error ? error.message() : "all names are taken"));
  }

  /// The rename is atomic, and an empty folder gives way to it.
  Result<void> take_place_of(const fs::path& target) {
    if (auto synced = sync_to_disk(path_.string()); !synced) {
      return synced;
    }
    std::error_code error;
    fs::rename(path_, target, error);
    if (error) {
      return fail(fmt::format("{}: cannot be renamed to {}: {}", path_.string(), target.string(),
                              error.message()));
    }
    path_.clear();
    return sync_to_disk(target.parent_path().string());
  }

  [[nodiscard]] std::string path() const { return path_.string(); }

  PartialFolder(PartialFolder&& other) noexcept : path_{std::move(other.path_)} {
    other.path_.clear();
  }
  PartialFolder& operator=(PartialFolder&&) = delete;
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;
  ~PartialFolder() {
    if (!path_.empty()) {
      std::error_code ignored;
      fs::remove_all(path_, ignored);
    }
  }

 private:
  explicit PartialFolder(fs::path path) : path_{std::move(path)} {}

  fs::path path_;
};

/// The folder's whole path without a slash at its end, if an export may be put there.
Result<fs::path> free_place(const std::string& folder) {
  std::error_code error;
  fs::path target = fs::absolute(folder, error).lexically_normal();
  if (!target.has_filename()) {
    target = target.parent_path();
  }
  if (folder.empty() || error || !target.has_filename()) {
    return fail(fmt::format("'{}' is no folder that an export can be put into", folder));
  }
  if (fs::exists(target, error) && !fs::is_empty(target, error)) {
    return fail(target.string() + ": is there already and is not empty");
  }
  return target;
}

Result<void> write_manifest(const ExportManifest& manifest, const std::string& folder) {
  std::string text;
  append_json(text, manifest);
  text += '\n';
  auto file = ExportFile::create(folder + '/' + kManifestName);
  if (!file) {
    return unexpected{file.error()};
  }
  if (auto written = file->append(text); !written) {
    return written;
  }
  const auto digest = file->finish();
  return digest ? Result<void>{} : Result<void>{unexpected{digest.error()}};
}

Result<ExportManifest> write_export(const History& history, const HistoryFilter& filter,
                                    ExportFormat format, const std::string& folder) {
  auto sink = open_export_sink(format, folder);
  const auto versions = history.table_versions();
  const auto progress = history.progress();
  if (!sink) {
    return unexpected{sink.error()};
  }
  if (!versions || !progress) {
    return unexpected{versions ? progress.error() : versions.error()};
  }
  ExportManifest manifest{.generator = "isthmus " ISTHMUS_VERSION,
                          .format = std::string{to_string(format)},
                          .filter = filter,
                          .progress = *progress,
                          .dataset_versions = *versions};
  if (auto done = Export{history, **sink, manifest}.run(); !done) {
    return unexpected{done.error()};
  }
  auto files = (*sink)->finish(manifest);
  if (!files) {
    return unexpected{files.error()};
  }
  manifest.files = std::move(*files);
  if (auto written = write_manifest(manifest, folder); !written) {
    return unexpected{written.error()};
  }
  return manifest;
}

}  // namespace

std::string_view to_string(ExportFormat format) {
  return kFormatNames.at(static_cast<std::size_t>(format));
}

std::optional<ExportFormat> parse_export_format(std::string_view text) {
  const auto* found = std::find(kFormatNames.begin(), kFormatNames.end(), text);
  return found == kFormatNames.end()
             ? std::nullopt
             : std::optional{static_cast<ExportFormat>(found - kFormatNames.begin())};
}

Result<ExportManifest> export_history(const History& history, const HistoryFilter& filter,
                                      ExportFormat format, const std::string& folder) {
  const auto target = free_place(folder);
  if (!target) {
    return unexpected{target.error()};
  }
  auto partial = PartialFolder::make(*target);
  if (!partial) {
    return unexpected{partial.error()};
  }
  auto manifest = write_export(history, filter, format, partial->path());
  if (!manifest) {
    return manifest;
  }
  if (auto placed = partial->take_place_of(*target); !placed) {
    return unexpected{placed.error()};
  }
  return manifest;
}

}  // namespace isthmus::collector
