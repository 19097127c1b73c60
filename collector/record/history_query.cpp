#include "collector/record/history_query.hpp"

#include <limits>

namespace isthmus::collector {
namespace {

/// The address with all bits behind the prefix set.
std::array<std::byte, 16> last_octets(const Prefix& prefix) {
  std::array<std::byte, 16> octets = prefix.address().octets();
  for (unsigned bit = prefix.length(); bit < address_bits(prefix.family()); ++bit) {
    octets.at(bit / 8) |= std::byte{0x80} >> (bit % 8);
  }
  return octets;
}

}  // namespace

void HistoryQuery::require_within(const char* condition, const Prefix& prefix) {
  require(condition, static_cast<std::int64_t>(prefix.family()), std::int64_t{prefix.length()},
          prefix.address().octets(), last_octets(prefix));
}

HistoryQuery HistoryQuery::events(const HistoryFilter& filter) {
  HistoryQuery query{"SELECT id, body FROM event"};
  if (filter.target) {
    query.require("target = ?", *filter.target);
  }
  if (filter.prefix) {
    query.require_within(
        "id IN (SELECT event_id FROM event_prefix WHERE family = ? AND length >= ?"
        " AND address BETWEEN ? AND ?)",
        *filter.prefix);
  }
  if (filter.upstream) {
    query.require("upstream = ?", std::int64_t{filter.upstream->value});
  }
  if (filter.from) {
    query.require("time_us >= ?", stored(*filter.from));
  }
  if (filter.until) {
    query.require("time_us < ?", stored(*filter.until));
  }
  query.text_ += " ORDER BY time_us, target, type_rank, upstream, id";
  return query;
}

HistoryQuery HistoryQuery::intervals(const HistoryFilter& filter) {
  HistoryQuery query{
      "SELECT target, p.family, p.address, p.length, plane, source, v.family, v.address, asn,"
      " verdict, upstream, hops, from_us, until_us FROM route_interval"
      " JOIN watched_prefix AS p ON p.id = prefix_id"
      " JOIN vantage_point AS v ON v.id = vantage_id"
      " JOIN path ON path.id = path_id"};
  if (filter.target) {
    query.require("target = ?", *filter.target);
  }
  if (filter.prefix) {
    query.require_within("p.family = ? AND p.length >= ? AND p.address BETWEEN ? AND ?",
                         *filter.prefix);
  }
  if (filter.upstream) {
    query.require("upstream = ?", std::int64_t{filter.upstream->value});
  }
  if (filter.from) {
    query.require("(until_us IS NULL OR until_us > ?)", stored(*filter.from));
  }
  if (filter.until) {
    query.require("from_us < ?", stored(*filter.until));
  }
  query.text_ +=
      " ORDER BY target, p.family, p.address, p.length, plane, source, v.family, v.address, asn,"
      " from_us";
  return query;
}

HistoryQuery HistoryQuery::observations(const HistoryFilter& filter) {
  HistoryQuery query{
      "SELECT evidence_id, body FROM observation JOIN watched_prefix AS p ON p.id = prefix_id"};
  if (filter.target) {
    query.require("target = ?", *filter.target);
  }
  if (filter.prefix) {
    query.require_within("p.family = ? AND p.length >= ? AND p.address BETWEEN ? AND ?",
                         *filter.prefix);
  }
  if (filter.upstream) {
    query.require("upstream IN (?, -1)", std::int64_t{filter.upstream->value});
  }
  if (filter.from) {
    query.require("time_us >= ?", stored(*filter.from));
  }
  if (filter.until) {
    query.require("time_us < ?", stored(*filter.until));
  }
  query.text_ += " ORDER BY time_us, evidence_id, target, p.family, p.address, p.length";
  return query;
}

Result<SqliteStatement> HistoryQuery::prepare(const SqliteDatabase& database) const {
  auto statement = database.prepare(text_);
  if (!statement) {
    return statement;
  }
  int index = 0;
  for (const auto& value : values_) {
    ++index;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      statement->put(index, *number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      statement->put(index, std::string_view{*text});
    } else if (const auto* octets = std::get_if<std::array<std::byte, 16>>(&value)) {
      statement->put(index, Bytes{*octets});
    }
  }
  return statement;
}

}  // namespace isthmus::collector
