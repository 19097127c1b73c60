#include "collector/feed/archive_plan.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace isthmus::collector {
namespace {

constexpr Duration kFarAhead = std::chrono::hours{24};

/// From when on archives are handed over at the first start.
TimePoint first_start(const std::vector<ListedArchive>& listed, TimePoint earliest,
                      bool with_table) {
  std::optional<TimePoint> table;
  for (const ListedArchive& each : listed) {
    if (with_table && each.name.kind == ArchiveKind::Table && each.name.start >= earliest) {
      table = std::max(table.value_or(earliest), each.name.start);
    }
  }
  return table.value_or(earliest);
}

/// Whether an archive is behind the last that is done, or is that and has grown.
bool is_due(const ListedArchive& archive, const ArchiveEntry* entry, TimePoint last_done) {
  if (entry == nullptr) {
    return archive.name.start > last_done;
  }
  return archive.name.start == last_done && archive.bytes != 0 && archive.bytes != entry->bytes &&
         entry->fate != ArchiveFate::Refused;
}

}  // namespace

ArchivePlan plan_archives(std::vector<ListedArchive> listed, const ArchiveLedger& ledger,
                          TimePoint now, const ArchivePlanOptions& options) {
  ArchivePlan plan;
  plan.from_the_future = std::erase_if(
      listed, [&](const ListedArchive& each) { return each.name.start > now + kFarAhead; });
  std::optional<TimePoint> last_done;
  bool has_begun = false;
  for (const ListedArchive& each : listed) {
    if (const ArchiveEntry* const entry = ledger.find(each.location); entry != nullptr) {
      has_begun = true;
      if (each.name.kind == ArchiveKind::Updates) {
        last_done = std::max(last_done.value_or(entry->start), entry->start);
      } else {
        // Updates of the table's own time are still to come.
        last_done = std::max(last_done.value_or(TimePoint{}), entry->start - Duration{1});
      }
    }
  }
  const TimePoint from = first_start(listed, now - options.look_back, options.with_table);
  for (ListedArchive& each : listed) {
    const bool is_table = each.name.kind == ArchiveKind::Table;
    const bool is_wanted = has_begun
                               ? !is_table && is_due(each, ledger.find(each.location), *last_done)
                               : each.name.start >= from && (!is_table || options.with_table);
    if (is_wanted) {
      plan.wanted.push_back(std::move(each));
    }
  }
  std::sort(plan.wanted.begin(), plan.wanted.end(), [](const auto& left, const auto& right) {
    return std::tie(left.name.start, left.name.kind, left.location) <
           std::tie(right.name.start, right.name.kind, right.location);
  });
  return plan;
}

}  // namespace isthmus::collector
