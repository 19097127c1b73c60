#include "collector/feed/archive_plan.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace isthmus::collector {
namespace {

constexpr Duration kFarAhead = std::chrono::hours{24};

bool is_done(const ListedArchive& archive, const ArchiveEntry& entry) {
  return archive.bytes == 0 || archive.bytes == entry.bytes || entry.fate == ArchiveFate::Refused;
}

/// From when on archives are handed over at the first start.
TimePoint first_start(const std::vector<ListedArchive>& listed, TimePoint earliest,
                      ArchiveTables tables) {
  std::optional<TimePoint> table;
  for (const ListedArchive& each : listed) {
    if (each.name.kind == ArchiveKind::Table && each.name.start >= earliest) {
      table = std::max(table.value_or(earliest), each.name.start);
    }
  }
  return table && tables != ArchiveTables::None ? *table : earliest;
}

}  // namespace

ArchivePlan plan_archives(std::vector<ListedArchive> listed, const ArchiveLedger& ledger,
                          TimePoint now, const ArchivePlanOptions& options) {
  ArchivePlan plan;
  plan.from_the_future = std::erase_if(
      listed, [&](const ListedArchive& each) { return each.name.start > now + kFarAhead; });
  std::optional<TimePoint> first_done;
  for (const ListedArchive& each : listed) {
    if (const ArchiveEntry* const entry = ledger.find(each.location); entry != nullptr) {
      first_done = std::min(first_done.value_or(entry->start), entry->start);
    }
  }
  const TimePoint from =
      first_done.value_or(first_start(listed, now - options.look_back, options.tables));
  for (ListedArchive& each : listed) {
    const bool is_table = each.name.kind == ArchiveKind::Table;
    const bool is_due = !is_table || options.tables == ArchiveTables::All ||
                        (options.tables == ArchiveTables::First && !first_done);
    const ArchiveEntry* const entry = ledger.find(each.location);
    if (each.name.start >= from && is_due && (entry == nullptr || !is_done(each, *entry))) {
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
