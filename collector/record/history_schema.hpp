#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "collector/record/history.hpp"
#include "collector/record/sqlite_database.hpp"

namespace isthmus::collector {

/// The history's file in its folder.
inline constexpr const char* kCatalogName = "catalog.db";
/// "ISTH" in the file's header, so that `file` and we know whose it is.
inline constexpr std::int32_t kHistoryApplication = 0x49535448;

/// What leads from each schema version to the next. Never edit one that was released: append.
std::span<const char* const> history_migrations();

/// The schema that this program writes.
inline constexpr std::int64_t kHistorySchemaVersion = 1;

/// Opens the history in a file of any name. ReadOnly refuses an older schema, as it cannot migrate.
Result<std::unique_ptr<History>> open_history_file(const std::string& path, SqliteMode mode);

}  // namespace isthmus::collector
