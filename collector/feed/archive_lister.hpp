#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "collector/feed/archive_fetch.hpp"
#include "collector/feed/archive_plan.hpp"

namespace isthmus::collector {

/// Finds out what archives are in a folder of ours, or on a server.
class ArchiveLister {
 public:
  /// The location is a folder, or the http(s) URL of one, and then there is a fetcher for its
  /// server, which outlives this object.
  ArchiveLister(std::string location, ArchiveLayout layout, ArchiveFetcher* fetcher);

  /// What is there of the months from `from` to `to`. Of a folder only the files that had the same
  /// size at the last look: others are being written.
  Task<Result<std::vector<ListedArchive>, FetchTrouble>> list(TimePoint from, TimePoint to);

 private:
  Task<Result<std::vector<ListedArchive>, FetchTrouble>> list_server(
      std::vector<std::string> folders);
  Result<std::vector<ListedArchive>, FetchTrouble> list_files(
      const std::vector<std::string>& folders);

  std::string location_;  ///< with '/' at its end
  ArchiveLayout layout_;
  ArchiveFetcher* fetcher_;
  std::map<std::string, std::vector<std::string>> pages_;  ///< names by folder, of the last look
  std::map<std::string, std::uint64_t> sizes_;             ///< of our files, of the last look
};

/// What reading an archive through to its last record has shown.
struct ArchiveCheck {
  std::uint64_t records = 0;
  std::string
      damage;  ///< what is wrong with its bytes, not with what they say; empty if nothing is
};

/// Reads a file through; `name` stands for it in what is told. Others on the thread have their turn
/// meanwhile.
Task<ArchiveCheck> check_archive(std::string path, std::string name);

}  // namespace isthmus::collector
