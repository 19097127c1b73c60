#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/base/sha256.hpp"

namespace isthmus::collector {

/// What a file holds, as the manifest of an export tells it.
struct FileDigest {
  std::uint64_t bytes = 0;
  std::string sha256;
  friend bool operator==(const FileDigest&, const FileDigest&) = default;
};

/// Reads a regular file to its end, and shows what it reads, piece by piece.
Result<FileDigest> digest_file(const std::string& path,
                               const std::function<void(std::string_view)>& each = {});

/// A new file that is hashed while it is written.
class ExportFile {
 public:
  /// Fails if the file is there already.
  static Result<ExportFile> create(const std::string& path);
  Result<void> append(std::string_view bytes);
  /// Writes what is left and waits until it is on the disk.
  Result<FileDigest> finish();

  ExportFile(ExportFile&& other) noexcept;
  ExportFile& operator=(ExportFile&&) = delete;
  ExportFile(const ExportFile&) = delete;
  ExportFile& operator=(const ExportFile&) = delete;
  ~ExportFile();

 private:
  ExportFile(std::string path, int descriptor);
  Result<void> flush();

  std::string path_;
  int descriptor_;
  std::string buffer_;
  std::uint64_t bytes_ = 0;
  Sha256 hash_;
};

/// Waits until a file or a folder (its list of names) is on the disk.
Result<void> sync_to_disk(const std::string& path);

}  // namespace isthmus::collector
