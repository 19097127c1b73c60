#pragma once

#include <map>
#include <string>
#include <utility>

#include "collector/record/history.hpp"
#include "collector/record/sqlite_database.hpp"

namespace isthmus::collector {

/// Writes the parts of a batch with statements that are prepared once. The caller holds the
/// transaction, and calls `forget` when it was rolled back.
class HistoryWriter {
 public:
  static Result<HistoryWriter> prepare(const SqliteDatabase& database);

  Result<void> write(const HistoryBatch& batch);
  /// Drops what was learnt of row numbers.
  void forget();

 private:
  Result<void> write(const RouteInterval& interval);
  Result<void> write(const Event& event);
  Result<void> write(const Observation& observation);

  Result<std::int64_t> prefix_id(const std::string& target, const Prefix& prefix);
  Result<std::int64_t> vantage_id(const VantagePoint& vantage);
  Result<std::int64_t> path_id(const std::string& hops);

  SqliteStatement find_prefix_, add_prefix_;
  SqliteStatement find_vantage_, add_vantage_;
  SqliteStatement find_path_, add_path_;
  SqliteStatement put_interval_, trim_before_, trim_itself_;
  SqliteStatement put_event_, drop_event_prefixes_, put_event_prefix_;
  SqliteStatement put_observation_, put_table_version_, put_progress_;
  std::map<std::pair<std::string, Prefix>, std::int64_t> prefix_ids_;
  std::map<VantagePoint, std::int64_t> vantage_ids_;
  std::string body_;  ///< reused
};

}  // namespace isthmus::collector
