#include "collector/record/export_sink.hpp"

#include <utility>

#include "collector/record/csv.hpp"
#include "collector/record/event_json.hpp"
#include "collector/record/history_schema.hpp"

namespace isthmus::collector {
namespace {

/// One file for each kind of row, one line for each row.
class LineSink final : public ExportSink {
 public:
  static Result<std::unique_ptr<ExportSink>> open(ExportFormat format, const std::string& folder) {
    const std::string ending = std::string{"."}.append(to_string(format));
    std::vector<std::pair<std::string, ExportFile>> files;
    for (const char* name : {"events", "routes", "observations"}) {
      std::string file_name = name + ending;
      auto file = ExportFile::create(std::string{folder}.append("/").append(file_name));
      if (!file) {
        return unexpected{file.error()};
      }
      files.emplace_back(std::move(file_name), std::move(*file));
    }
    auto sink = std::make_unique<LineSink>(format, std::move(files));
    if (format == ExportFormat::Csv) {
      auto begun = sink->files_[0].second.append(csv_header<Event>());
      begun = begun ? sink->files_[1].second.append(csv_header<RouteInterval>()) : begun;
      begun = begun ? sink->files_[2].second.append(csv_header<Observation>()) : begun;
      if (!begun) {
        return unexpected{begun.error()};
      }
    }
    return sink;
  }

  LineSink(ExportFormat format, std::vector<std::pair<std::string, ExportFile>> files)
      : format_{format},
        files_{std::move(files)} {}

  Result<void> put(const Event& event) override { return put_line(0, event); }
  Result<void> put(const RouteInterval& interval) override { return put_line(1, interval); }
  Result<void> put(const Observation& observation) override { return put_line(2, observation); }

  Result<std::vector<ExportedFile>> finish(const ExportManifest& /*manifest*/) override {
    std::vector<ExportedFile> done;
    for (auto& [name, file] : files_) {
      auto digest = file.finish();
      if (!digest) {
        return unexpected{digest.error()};
      }
      done.push_back({name, std::move(*digest)});
    }
    return done;
  }

 private:
  template <typename T>
  Result<void> put_line(std::size_t file, const T& row) {
    line_.clear();
    if (format_ == ExportFormat::Csv) {
      append_csv(line_, row);
    } else {
      append_json(line_, row);
      line_ += '\n';
    }
    return files_[file].second.append(line_);
  }

  ExportFormat format_;
  std::vector<std::pair<std::string, ExportFile>> files_;
  std::string line_;  ///< reused
};

/// A history of its own.
class SqliteSink final : public ExportSink {
 public:
  static constexpr const char* kName = "history.sqlite";
  static constexpr std::size_t kBatchRows = 4'096;

  static Result<std::unique_ptr<ExportSink>> open(const std::string& folder) {
    const std::string path = folder + '/' + kName;
    auto history = open_history_file(path, SqliteMode::Single);
    if (!history) {
      return unexpected{history.error()};
    }
    return std::make_unique<SqliteSink>(path, std::move(*history));
  }

  SqliteSink(std::string path, std::unique_ptr<History> history)
      : path_{std::move(path)},
        history_{std::move(history)} {}

  Result<void> put(const Event& event) override {
    batch_.events.push_back(event);
    return store_full();
  }
  Result<void> put(const RouteInterval& interval) override {
    batch_.intervals.push_back(interval);
    return store_full();
  }
  Result<void> put(const Observation& observation) override {
    batch_.observations.push_back(observation);
    return store_full();
  }

  Result<std::vector<ExportedFile>> finish(const ExportManifest& manifest) override {
    batch_.table_versions = manifest.dataset_versions;
    batch_.progress = manifest.progress;
    if (auto stored = history_->store(batch_); !stored) {
      return unexpected{stored.error()};
    }
    history_.reset();  // closes the file
    if (auto synced = sync_to_disk(path_); !synced) {
      return unexpected{synced.error()};
    }
    auto digest = digest_file(path_);
    if (!digest) {
      return unexpected{digest.error()};
    }
    return std::vector<ExportedFile>{{kName, std::move(*digest)}};
  }

 private:
  Result<void> store_full() {
    if (++rows_ % kBatchRows != 0) {
      return {};
    }
    auto stored = history_->store(batch_);
    batch_ = {};
    return stored;
  }

  std::string path_;
  std::unique_ptr<History> history_;
  HistoryBatch batch_;
  std::size_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<ExportSink>> open_export_sink(ExportFormat format,
                                                     const std::string& folder) {
  return format == ExportFormat::Sqlite ? SqliteSink::open(folder) : LineSink::open(format, folder);
}

}  // namespace isthmus::collector
