#include "collector/feed/bgpdump_text.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "core/base/number_text.hpp"

namespace isthmus::collector {
namespace {

/// bgpdump's buffers: what is longer is cut, and so it must be here.
constexpr std::size_t kMaxPath = 7900;
constexpr std::size_t kMaxCommunities = 8191;

/// bgpdump shortens a single zero group of an IPv6 address too, which RFC 5952 section 4.2.2
/// forbids.
void append_address(std::string& text, const IpAddress& address) {
  const std::size_t start = text.size();
  address.append_to(text);
  if (address.is_v4() || text.find("::", start) != std::string::npos) {
    return;
  }
  if (text.compare(start, 2, "0:") == 0) {
    text.replace(start, 1, ":");
  } else if (const std::size_t zero = text.find(":0:", start); zero != std::string::npos) {
    text.erase(zero + 1, 1);
  } else if (text.size() - start > 2 && text.compare(text.size() - 2, 2, ":0") == 0) {
    text.back() = ':';
  }
}

std::string_view origin_text(Origin origin) {
  switch (origin) {
    case Origin::Igp:
      return "IGP";
    case Origin::Egp:
      return "EGP";
    default:
      return "INCOMPLETE";
  }
}

void append_communities(std::string& text, const std::vector<std::uint32_t>& communities) {
  const std::size_t start = text.size();
  for (const std::uint32_t community : communities) {
    if (text.size() != start) {
      text.push_back(' ');
    }
    switch (community) {
      case 0xffffff01:
        text += "no-export";
        break;
      case 0xffffff02:
        text += "no-advertise";
        break;
      case 0xffffff03:
        text += "local-AS";
        break;
      default:
        append_number(text, community >> 16);
        text.push_back(':');
        append_number(text, community & 0xffff);
    }
  }
  if (text.size() - start > kMaxCommunities) {
    text.resize(start + kMaxCommunities);
  }
}

void append_path(std::string& text, const AsPath& path) {
  const std::size_t start = text.size();
  path.append_to(text);
  if (text.size() - start > kMaxPath) {
    text.resize(start + kMaxPath);
    text += "...";
  }
}

std::string time_of(const MrtElement& element, BgpdumpText::Form form) {
  const std::int64_t micros = element.route.time.time_since_epoch().count();
  const std::int64_t seconds = micros / 1'000'000;
  const std::string fraction =
      element.extended ? fmt::format(".{:06}", micros % 1'000'000) : std::string{};
  if (form == BgpdumpText::Form::Full) {
    return fmt::format("{}{}", seconds, fraction);
  }
  const std::chrono::sys_seconds moment{std::chrono::seconds{seconds}};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{moment - day};
  return fmt::format("{:02}/{:02}/{:02} {:02}:{:02}:{:02}{}", static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), static_cast<int>(date.year()) % 100,
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     fraction);
}

}  // namespace

void BgpdumpText::append_time(std::string& text, const MrtElement& element) {
  if (time_text_.empty() || time_ != element.route.time || time_extended_ != element.extended) {
    time_ = element.route.time;
    time_extended_ = element.extended;
    time_text_ = time_of(element, form_);
  }
  text += time_text_;
}

void BgpdumpText::append_head(std::string& text, const MrtElement& element, std::string_view kind) {
  text += element.label;
  text.push_back('|');
  append_time(text, element);
  text.push_back('|');
  text += kind;
  const VantagePoint& peer = *element.route.vantage;
  if (peer_text_.empty() || peer_asn_ != peer.asn || peer_address_ != peer.address) {
    peer_asn_ = peer.asn;
    peer_address_ = peer.address;
    peer_text_.assign(1, '|');
    append_address(peer_text_, peer_address_);
    peer_text_.push_back('|');
    append_number(peer_text_, peer_asn_.value);
    peer_text_.push_back('|');
  }
  text += peer_text_;
}

void BgpdumpText::append(std::string& text, const MrtElement& element) {
  const Route& route = element.route;
  if (element.is_state) {
    append_head(text, element, "STATE");
    append_number(text, element.old_state);
    text.push_back('|');
    append_number(text, element.new_state);
    text.push_back('\n');
    return;
  }
  append_head(text, element,
              route.kind == RouteKind::Table      ? "B"
              : route.kind == RouteKind::Announce ? "A"
                                                  : "W");
  if (prefix_text_.empty() || prefix_ != route.prefix) {
    prefix_ = route.prefix;
    prefix_text_.clear();
    append_address(prefix_text_, prefix_.address());
    prefix_text_.push_back('/');
    append_number(prefix_text_, prefix_.length());
  }
  text += prefix_text_;
  if (element.add_path) {
    text.push_back('|');
    append_number(text, route.path_id);
  }
  if (route.attributes != nullptr) {
    append_route(text, element);
  }
  text.push_back('\n');
}

void BgpdumpText::append_route(std::string& text, const MrtElement& element) const {
  const RouteAttributes& attributes = *element.route.attributes;
  text.push_back('|');
  append_path(text, attributes.as_path);
  text.push_back('|');
  text += origin_text(attributes.origin);
  if (form_ == Form::Short) {
    return;
  }
  text.push_back('|');
  append_address(text, attributes.next_hop.value_or(IpAddress::v4(0xffffffff)));
  text.push_back('|');
  append_number(text, attributes.local_pref.value_or(0));
  text.push_back('|');
  append_number(text, attributes.med.value_or(0));
  text.push_back('|');
  append_communities(text, attributes.communities);
  // bgpdump leaves the field out where a type 5 record has no communities.
  if (element.label != "BGP" || !attributes.communities.empty()) {
    text.push_back('|');
  }
  text += attributes.atomic_aggregate ? "AG|" : "NAG|";
  if (attributes.aggregator) {
    append_number(text, attributes.aggregator->asn.value);
    text.push_back(' ');
    append_address(text, attributes.aggregator->address);
  }
  text.push_back('|');
}

}  // namespace isthmus::collector
