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

void HistoryQuery::finish(const HistoryFilter& filter, HistoryPlace::Kind kind,
                          const std::vector<std::string_view>& columns) {
  const bool backwards = filter.newest_first;
  std::string order;
  std::string row;
  std::string marks;
  for (const std::string_view column : columns) {
    ((order += order.empty() ? "" : ", ") += column) += backwards ? " DESC" : "";
    (row += row.empty() ? "" : ", ") += column;
    marks += marks.empty() ? "?" : ", ?";
  }
  if (filter.after && filter.after->kind == kind && filter.after->values.size() == columns.size()) {
    const std::vector<HistoryPlace::Value>& place = filter.after->values;
    const char* const sign = backwards ? " < " : " > ";
    // The first column alone as well: that is what an index can be asked for.
    std::string first{columns.front()};
    first += backwards ? " <= ?" : " >= ?";
    require(first.c_str());
    values_.push_back(place.front());
    require(("(" + row + ")" + sign + "(" + marks + ")").c_str());
    values_.insert(values_.end(), place.begin(), place.end());
  }
  text_ += " ORDER BY " + order;
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
  if (!filter.types.empty()) {
    query.require_one_of("type", filter.types);
  }
  if (filter.severity) {
    std::vector<Severity> severities;
    for (const Severity each :
         {Severity::Info, Severity::Notice, Severity::Warning, Severity::Critical}) {
      if (each >= *filter.severity) {
        severities.push_back(each);
      }
    }
    query.require_one_of("severity", severities);
  }
  query.finish(filter, HistoryPlace::Kind::Event,
               {"time_us", "target", "type_rank", "coalesce(upstream, -1)", "id"});
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
  if (filter.plane) {
    query.require("plane = ?", std::string{to_string(*filter.plane)});
  }
  if (filter.family) {
    query.require("p.family = ?", static_cast<std::int64_t>(*filter.family));
  }
  HistoryFilter forward = filter;
  forward.newest_first = false;
  query.finish(forward, HistoryPlace::Kind::Interval,
               {"target", "p.family", "p.address", "p.length", "plane", "source", "v.family",
                "v.address", "asn", "from_us"});
  if (filter.limit) {  // so that no more than that is sorted
    query.text_ += " LIMIT " + std::to_string(*filter.limit);
  }
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
  query.finish(filter, HistoryPlace::Kind::Observation,
               {"time_us", "evidence_id", "target", "p.family", "p.address", "p.length"});
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
