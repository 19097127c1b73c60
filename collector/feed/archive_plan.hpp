#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collector/feed/archive_ledger.hpp"
#include "collector/feed/archive_name.hpp"

namespace isthmus::collector {

/// An archive that a source lists.
struct ListedArchive {
  std::string location;     ///< path or URL
  ArchiveName name;         ///< what that says
  std::uint64_t bytes = 0;  ///< of a file; 0 where only the server knows
};

/// What is to be fetched of what a source lists.
struct ArchivePlan {
  std::vector<ListedArchive> wanted;  ///< by start; a table before the updates of its time
  std::size_t from_the_future = 0;    ///< passed over: they start more than a day ahead of now
};

struct ArchivePlanOptions {
  bool with_table = true;                      ///< the first start begins with a table
  Duration look_back = std::chrono::hours{8};  ///< how far it goes back for one
};

/// Decides what of a source's archives is still to be handed over, in the order of time, which is
/// that of routes: what comes before something that is done is never taken up again.
///
/// At the first start, when nothing of the source is done, that is the newest table of the last
/// `look_back` and the updates from its time on, or without a table all updates of that time.
/// Afterwards it is the updates behind the last that are done; one whose size is another than when
/// it was done has grown, and is wanted again.
ArchivePlan plan_archives(std::vector<ListedArchive> listed, const ArchiveLedger& ledger,
                          TimePoint now, const ArchivePlanOptions& options);

}  // namespace isthmus::collector
