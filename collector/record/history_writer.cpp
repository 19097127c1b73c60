#include "collector/record/history_writer.hpp"

#include <optional>

#include "collector/record/event_json.hpp"
#include "collector/record/history_query.hpp"

namespace isthmus::collector {
namespace {

// A closed interval is not opened again by an older batch that is stored once more. One without
// length is no interval yet: archives with times in seconds tell several routes of one instant, of
// which the last one stays.
constexpr std::string_view kPutInterval =
    "INSERT INTO route_interval (prefix_id, vantage_id, from_us, until_us, verdict, upstream,"
    " path_id) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET until_us = excluded.until_us, verdict = excluded.verdict,"
    " upstream = excluded.upstream, path_id = excluded.path_id"
    " WHERE until_us IS NULL OR until_us <= from_us OR excluded.until_us > excluded.from_us";

// Archives may come in parts, each of which knows nothing of the others: an interval ends where the
// next one of the same vantage point and prefix begins. ?1 and ?2 are those, ?3 the beginning.
constexpr std::string_view kTrimBefore =
    "UPDATE route_interval SET until_us = ?3"
    " WHERE prefix_id = ?1 AND vantage_id = ?2 AND (until_us IS NULL OR until_us > ?3)"
    " AND from_us = (SELECT max(from_us) FROM route_interval"
    " WHERE prefix_id = ?1 AND vantage_id = ?2 AND from_us < ?3)";
constexpr std::string_view kTrimItself =
    "UPDATE route_interval SET until_us = next_us FROM (SELECT min(from_us) AS next_us"
    " FROM route_interval WHERE prefix_id = ?1 AND vantage_id = ?2 AND from_us > ?3)"
    " WHERE prefix_id = ?1 AND vantage_id = ?2 AND from_us = ?3"
    " AND next_us < coalesce(until_us, 9223372036854775807)";

constexpr std::string_view kPutEvent =
    "INSERT INTO event (id, time_us, type, type_rank, severity, target, upstream, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET time_us = excluded.time_us, type = excluded.type,"
    " type_rank = excluded.type_rank, severity = excluded.severity, target = excluded.target,"
    " upstream = excluded.upstream, body = excluded.body";

// The first copy of an observation stays; later ones differ in when they were received.
constexpr std::string_view kPutObservation =
    "INSERT INTO observation (evidence_id, prefix_id, time_us, upstream, body)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

constexpr std::string_view kPutTableVersion =
    "INSERT INTO table_version (name, value) VALUES (?, ?)"
    " ON CONFLICT DO UPDATE SET value = excluded.value";

constexpr std::string_view kPutProgress =
    "INSERT INTO meta (name, value) VALUES ('progress_us', ?)"
    " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)";

std::int64_t number(Family family) {
  return static_cast<std::int64_t>(family);
}

std::optional<std::int64_t> number(const std::optional<Asn>& asn) {
  return asn ? std::optional{std::int64_t{asn->value}} : std::nullopt;
}

std::optional<std::int64_t> number(const std::vector<Asn>& upstreams) {
  if (upstreams.empty()) {
    return std::nullopt;
  }
  return upstreams.size() == 1 ? std::int64_t{upstreams.front().value} : std::int64_t{-1};
}

/// The identity of a row that is there, or is added now; both statements have their values.
Result<std::int64_t> find_or_add(SqliteStatement& find, SqliteStatement& add) {
  auto row = find.step();
  if (row && !*row) {
    if (auto added = add.run(); !added) {
      return unexpected{added.error()};
    }
    find.rewind();
    row = find.step();
  }
  if (!row) {
    return unexpected{row.error()};
  }
  const std::int64_t id = find.integer(0);
  find.rewind();
  return id;
}

}  // namespace

Result<HistoryWriter> HistoryWriter::prepare(const SqliteDatabase& database) {
  HistoryWriter writer;
  const std::pair<SqliteStatement*, std::string_view> statements[]{
      {&writer.find_prefix_,
       "SELECT id FROM watched_prefix"
       " WHERE target = ? AND family = ? AND address = ? AND length = ?"},
      {&writer.add_prefix_,
       "INSERT INTO watched_prefix (target, family, address, length, prefix_text)"
       " VALUES (?, ?, ?, ?, ?)"},
      {&writer.find_vantage_,
       "SELECT id FROM vantage_point"
       " WHERE plane = ? AND source = ? AND family = ? AND address = ? AND asn = ?"},
      {&writer.add_vantage_,
       "INSERT INTO vantage_point (plane, source, family, address, asn, address_text)"
       " VALUES (?, ?, ?, ?, ?, ?)"},
      {&writer.find_path_, "SELECT id FROM path WHERE hops = ?"},
      {&writer.add_path_, "INSERT INTO path (hops) VALUES (?)"},
      {&writer.put_interval_, kPutInterval},
      {&writer.trim_before_, kTrimBefore},
      {&writer.trim_itself_, kTrimItself},
      {&writer.put_event_, kPutEvent},
      {&writer.drop_event_prefixes_, "DELETE FROM event_prefix WHERE event_id = ?"},
      {&writer.put_event_prefix_,
       "INSERT OR IGNORE INTO event_prefix (family, address, length, event_id)"
       " VALUES (?, ?, ?, ?)"},
      {&writer.put_observation_, kPutObservation},
      {&writer.put_table_version_, kPutTableVersion},
      {&writer.put_progress_, kPutProgress}};
  for (const auto& [statement, text] : statements) {
    auto prepared = database.prepare(text);
    if (!prepared) {
      return unexpected{prepared.error()};
    }
    *statement = std::move(*prepared);
  }
  return writer;
}

void HistoryWriter::forget() {
  prefix_ids_.clear();
  vantage_ids_.clear();
}

Result<void> HistoryWriter::write(const HistoryBatch& batch) {
  Result<void> done;
  const auto each_of = [&](const auto& list) {
    for (auto each = list.begin(); done && each != list.end(); ++each) {
      done = write(*each);
    }
  };
  each_of(batch.observations);
  each_of(batch.intervals);
  each_of(batch.events);
  for (auto each = batch.table_versions.begin(); done && each != batch.table_versions.end();
       ++each) {
    done = put_table_version_.bind(each->name, each->value).run();
  }
  if (done && batch.progress) {
    done = put_progress_.bind(stored(*batch.progress)).run();
  }
  return done;
}

Result<void> HistoryWriter::write(const RouteInterval& interval) {
  const auto prefix = prefix_id(interval.target, interval.prefix);
  const auto vantage = prefix ? vantage_id(interval.vantage) : prefix;
  const auto path = vantage ? path_id(interval.path) : vantage;
  if (!path) {
    return unexpected{path.error()};
  }
  const auto until =
      interval.until ? std::optional{stored(*interval.until)} : std::optional<std::int64_t>{};
  const std::int64_t from = stored(interval.from);
  auto done = put_interval_
                  .bind(*prefix, *vantage, from, until, to_string(interval.verdict),
                        number(interval.upstream), *path)
                  .run();
  for (SqliteStatement* const trim : {&trim_before_, &trim_itself_}) {
    if (done) {
      done = trim->bind(*prefix, *vantage, from).run();
    }
  }
  return done;
}

Result<void> HistoryWriter::write(const Event& event) {
  body_.clear();
  append_json(body_, event);
  auto done = put_event_
                  .bind(event.id, stored(event.time), to_string(event.type),
                        static_cast<std::int64_t>(event.type), to_string(event.severity),
                        event.target, number(event.upstream), body_)
                  .run();
  if (done) {
    done = drop_event_prefixes_.bind(event.id).run();
  }
  for (auto change = event.prefixes.begin(); done && change != event.prefixes.end(); ++change) {
    const Prefix& prefix = change->prefix;
    const auto octets = prefix.address().octets();
    done =
        put_event_prefix_
            .bind(number(prefix.family()), Bytes{octets}, std::int64_t{prefix.length()}, event.id)
            .run();
  }
  return done;
}

Result<void> HistoryWriter::write(const Observation& observation) {
  const auto prefix = prefix_id(observation.target, observation.prefix);
  if (!prefix) {
    return unexpected{prefix.error()};
  }
  body_.clear();
  append_json(body_, observation);
  return put_observation_
      .bind(static_cast<std::int64_t>(observation.evidence_id), *prefix, stored(observation.time),
            number(observation.upstreams), body_)
      .run();
}

Result<std::int64_t> HistoryWriter::prefix_id(const std::string& target, const Prefix& prefix) {
  const auto key = std::pair{target, prefix};
  if (const auto known = prefix_ids_.find(key); known != prefix_ids_.end()) {
    return known->second;
  }
  const auto octets = prefix.address().octets();
  const std::int64_t length{prefix.length()};
  find_prefix_.bind(target, number(prefix.family()), Bytes{octets}, length);
  add_prefix_.bind(target, number(prefix.family()), Bytes{octets}, length, prefix.to_string());
  auto id = find_or_add(find_prefix_, add_prefix_);
  if (id) {
    prefix_ids_.emplace(key, *id);
  }
  return id;
}

Result<std::int64_t> HistoryWriter::vantage_id(const VantagePoint& vantage) {
  if (const auto known = vantage_ids_.find(vantage); known != vantage_ids_.end()) {
    return known->second;
  }
  const auto octets = vantage.address.octets();
  const std::int64_t family = number(vantage.address.family());
  const std::int64_t asn{vantage.asn.value};
  find_vantage_.bind(to_string(vantage.plane), vantage.source, family, Bytes{octets}, asn);
  add_vantage_.bind(to_string(vantage.plane), vantage.source, family, Bytes{octets}, asn,
                    vantage.address.to_string());
  auto id = find_or_add(find_vantage_, add_vantage_);
  if (id) {
    vantage_ids_.emplace(vantage, *id);
  }
  return id;
}

Result<std::int64_t> HistoryWriter::path_id(const std::string& hops) {
  find_path_.bind(hops);
  add_path_.bind(hops);
  return find_or_add(find_path_, add_path_);
}

}  // namespace isthmus::collector
