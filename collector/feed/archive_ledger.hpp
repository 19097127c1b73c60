#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/base/time.hpp"

namespace isthmus::collector {

/// What became of an archive.
enum class ArchiveFate : std::uint8_t {
  Whole,    ///< handed over to its last byte
  Damaged,  ///< handed over but for what is damaged in it: fetching it again gives the same bytes
  Refused,  ///< never handed over: the server has something else under its name
};

/// "whole", "damaged", "refused".
std::string_view to_string(ArchiveFate fate);

/// An archive that is done with.
struct ArchiveEntry {
  ArchiveFate fate = ArchiveFate::Whole;
  TimePoint start;          ///< by its name
  std::uint64_t bytes = 0;  ///< as it was fetched, still compressed
  std::string sha256;       ///< the same bytes' digest, lower-case hexadecimal; empty if refused
  friend bool operator==(const ArchiveEntry&, const ArchiveEntry&) = default;
};

/// Remembers over restarts which archives are done with: a text file with one line for each, whose
/// last line may be torn by a crash and then does not count.
class ArchiveLedger {
 public:
  /// Reads the file, which need not be there. Entries that start before `horizon` are forgotten:
  /// nobody asks for them any more. Lines that are none of ours are an error: the file is another.
  static Result<ArchiveLedger> open(const std::string& path, TimePoint horizon);

  /// What is known of an archive by its path or URL, or null.
  [[nodiscard]] const ArchiveEntry* find(std::string_view location) const;
  /// Adds an entry, or replaces it, and returns when it is on the disk.
  Result<void> add(const std::string& location, const ArchiveEntry& entry);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  explicit ArchiveLedger(std::string path) : path_{std::move(path)} {}

  std::string path_;
  std::map<std::string, ArchiveEntry, std::less<>> entries_;
};

}  // namespace isthmus::collector
