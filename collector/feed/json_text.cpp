#include "collector/feed/json_text.hpp"

#include <array>

#include "core/base/json_string.hpp"
#include "core/base/number_text.hpp"

namespace isthmus::collector {
namespace {

std::string_view kind_text(RouteKind kind) {
  constexpr std::array<std::string_view, 7> kNames{
      "table", "announce", "withdraw", "peer_up", "peer_down", "table_begin", "table_end"};
  return kNames[static_cast<std::size_t>(kind)];
}

void append_number_field(std::string& text, std::string_view key, std::uint64_t value) {
  text += ",\"";
  text += key;
  text += "\":";
  append_number(text, value);
}

/// Communities as RFC 1997 and RFC 8092 write them; nothing where there are none.
void append_communities(std::string& text, const RouteAttributes& attributes) {
  bool first = true;
  for (const std::uint32_t community : attributes.communities) {
    text += first ? ",\"communities\":[\"" : ",\"";
    append_number(text, community >> 16);
    text += ':';
    append_number(text, community & 0xffff);
    text += '"';
    first = false;
  }
  text += first ? "" : "]";
  first = true;
  for (const LargeCommunity& community : attributes.large_communities) {
    text += first ? ",\"large_communities\":[\"" : ",\"";
    append_number(text, community.global);
    text += ':';
    append_number(text, community.local_1);
    text += ':';
    append_number(text, community.local_2);
    text += '"';
    first = false;
  }
  text += first ? "" : "]";
}

void append_attributes(std::string& text, const RouteAttributes& attributes) {
  constexpr std::array<std::string_view, 3> kOrigins{"IGP", "EGP", "INCOMPLETE"};
  text += ",\"as_path\":\"";
  attributes.as_path.append_to(text);
  text += '"';
  if (attributes.origin != Origin::Missing) {
    text += ",\"origin\":\"";
    text += kOrigins[static_cast<std::size_t>(attributes.origin)];
    text += '"';
  }
  if (attributes.next_hop) {
    text += ",\"next_hop\":\"";
    attributes.next_hop->append_to(text);
    text += '"';
  }
  if (attributes.local_pref) {
    append_number_field(text, "local_pref", *attributes.local_pref);
  }
  if (attributes.med) {
    append_number_field(text, "med", *attributes.med);
  }
  if (attributes.atomic_aggregate) {
    text += ",\"atomic_aggregate\":true";
  }
  if (attributes.aggregator) {
    append_number_field(text, "aggregator_asn", attributes.aggregator->asn.value);
    text += ",\"aggregator_address\":\"";
    attributes.aggregator->address.append_to(text);
    text += '"';
  }
  append_communities(text, attributes);
  if (attributes.only_to_customer) {
    append_number_field(text, "only_to_customer", attributes.only_to_customer->value);
  }
}

}  // namespace

void append_json(std::string& text, const MrtElement& element) {
  const Route& route = element.route;
  text += R"({"time":")";
  text += format_utc(route.time);
  text += R"(","record":")";
  text += element.label;
  text += R"(","type":")";
  text += kind_text(route.kind);
  text += R"(","collector":)";
  append_json_string(text, route.vantage->source);
  text += R"(,"peer_address":")";
  route.vantage->address.append_to(text);
  text += '"';
  append_number_field(text, "peer_asn", route.vantage->asn.value);
  if (element.is_state) {
    append_number_field(text, "old_state", element.old_state);
    append_number_field(text, "new_state", element.new_state);
  } else {
    text += R"(,"prefix":")";
    route.prefix.append_to(text);
    text += '"';
    if (element.safi != 1) {
      append_number_field(text, "safi", element.safi);
    }
    if (element.add_path) {
      append_number_field(text, "path_id", route.path_id);
    }
  }
  if (route.kind == RouteKind::Table) {
    text += R"(,"originated":")";
    text += format_utc(element.originated);
    text += '"';
  }
  if (route.attributes != nullptr) {
    append_attributes(text, *route.attributes);
  }
  text += "}\n";
}

}  // namespace isthmus::collector
