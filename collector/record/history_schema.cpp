#include "collector/record/history_schema.hpp"

#include <array>

namespace isthmus::collector {
namespace {

// Times are microseconds since 1970 UTC (columns *_us). Addresses are 16 octets in network order
// with their first bit first: IPv4 uses the first four, so that the more specifics of a prefix are
// a range of both families alike. Vantage points, watched prefixes and paths are stored once, so
// that an interval costs some 30 bytes. Bodies are the JSON of exports; columns beside them are for
// queries only.
constexpr std::array<const char*, 1> kMigrations{R"sql(
CREATE TABLE vantage_point (
  id INTEGER PRIMARY KEY,
  plane TEXT NOT NULL,
  source TEXT NOT NULL,
  family INTEGER NOT NULL,
  address BLOB NOT NULL,
  asn INTEGER NOT NULL,
  address_text TEXT NOT NULL,
  UNIQUE (plane, source, family, address, asn)
);
CREATE TABLE watched_prefix (
  id INTEGER PRIMARY KEY,
  target TEXT NOT NULL,
  family INTEGER NOT NULL,
  address BLOB NOT NULL,
  length INTEGER NOT NULL,
  prefix_text TEXT NOT NULL,
  UNIQUE (target, family, address, length)
);
CREATE INDEX watched_prefix_by_address ON watched_prefix (family, address, length);
CREATE TABLE path (
  id INTEGER PRIMARY KEY,
  hops TEXT NOT NULL UNIQUE
);

CREATE TABLE route_interval (
  prefix_id INTEGER NOT NULL REFERENCES watched_prefix,
  vantage_id INTEGER NOT NULL REFERENCES vantage_point,
  from_us INTEGER NOT NULL,
  until_us INTEGER,
  verdict TEXT NOT NULL,
  upstream INTEGER,
  path_id INTEGER NOT NULL REFERENCES path,
  PRIMARY KEY (prefix_id, vantage_id, from_us)
) WITHOUT ROWID;
CREATE INDEX route_interval_by_upstream ON route_interval (upstream, from_us);
CREATE INDEX route_interval_by_time ON route_interval (from_us);

CREATE TABLE event (
  id TEXT NOT NULL PRIMARY KEY,
  time_us INTEGER NOT NULL,
  type TEXT NOT NULL,
  type_rank INTEGER NOT NULL,
  severity TEXT NOT NULL,
  target TEXT NOT NULL,
  upstream INTEGER,
  body TEXT NOT NULL
);
CREATE INDEX event_by_time ON event (time_us);
CREATE INDEX event_by_target ON event (target, time_us);
CREATE INDEX event_by_upstream ON event (upstream, time_us);
CREATE TABLE event_prefix (
  family INTEGER NOT NULL,
  address BLOB NOT NULL,
  length INTEGER NOT NULL,
  event_id TEXT NOT NULL REFERENCES event ON DELETE CASCADE,
  PRIMARY KEY (family, address, length, event_id)
) WITHOUT ROWID;
CREATE INDEX event_prefix_by_event ON event_prefix (event_id);

-- upstream: NULL for none, -1 for more than one (an AS_SET): the body has them.
CREATE TABLE observation (
  id INTEGER PRIMARY KEY,
  evidence_id INTEGER NOT NULL,
  prefix_id INTEGER NOT NULL REFERENCES watched_prefix,
  time_us INTEGER NOT NULL,
  upstream INTEGER,
  body TEXT NOT NULL,
  UNIQUE (evidence_id, prefix_id)
);
CREATE INDEX observation_by_time ON observation (time_us);
CREATE INDEX observation_by_prefix ON observation (prefix_id, time_us);
CREATE INDEX observation_by_upstream ON observation (upstream, time_us);

CREATE TABLE table_version (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;

-- For people with an SQL shell.
CREATE VIEW route AS
SELECT target, prefix_text AS prefix, plane, source, address_text AS address, asn, verdict, upstream,
       hops AS path, from_us, until_us,
       strftime('%Y-%m-%dT%H:%M:%SZ', from_us / 1000000, 'unixepoch') AS from_utc,
       strftime('%Y-%m-%dT%H:%M:%SZ', until_us / 1000000, 'unixepoch') AS until_utc
FROM route_interval
JOIN watched_prefix ON watched_prefix.id = prefix_id
JOIN vantage_point ON vantage_point.id = vantage_id
JOIN path ON path.id = path_id;
)sql"};

static_assert(kMigrations.size() == kHistorySchemaVersion);

}  // namespace

std::span<const char* const> history_migrations() {
  return kMigrations;
}

}  // namespace isthmus::collector
