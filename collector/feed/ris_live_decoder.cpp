#include "collector/feed/ris_live_decoder.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <utility>

#include <simdjson.h>

namespace isthmus::collector {

namespace json = simdjson::ondemand;

static_assert(RisLiveDecoder::kPadding >= simdjson::SIMDJSON_PADDING);

RisLivePrefilter::RisLivePrefilter(const WatchFilter& watch) {
  for (const Asn asn : watch.asns()) {
    needles_.push_back(std::to_string(asn.value));
  }
  for (const auto& [prefix, ignored] : watch.prefixes()) {
    // The part of its text that every prefix inside has as well: whole octets, or groups up to the
    // first zero, as zeros may be written in more than one way.
    std::string needle = "\"";
    const bool is_v4 = prefix.family() == Family::Ipv4;
    const unsigned step = is_v4 ? 8 : 16;
    for (unsigned at = 0; at + step <= prefix.length() && at < 64; at += step) {
      const auto group = static_cast<unsigned>(prefix.address().high() >> (64 - step - at)) &
                         (is_v4 ? 0xffU : 0xffffU);
      if (!is_v4 && group == 0) {
        break;
      }
      char text[8];
      std::snprintf(text, sizeof(text), is_v4 ? "%u" : "%x", group);
      needle += text;
      needle += at + step == 32 && is_v4 ? '/' : is_v4 ? '.' : ':';
    }
    is_useless_ = is_useless_ || needle.size() == 1;
    needles_.push_back(std::move(needle));
  }
}

bool RisLivePrefilter::may_match(std::string_view text) const {
  if (is_useless_) {
    return true;
  }
  for (const std::string& needle : needles_) {
    if (::memmem(text.data(), text.size(), needle.data(), needle.size()) != nullptr) {
      return true;
    }
  }
  return false;
}

/// The fields of one message's data, read in the order in which they stand.
struct RisLiveDecoder::Parser {
  json::parser parser;
  json::object data;
  std::string_view type;
  std::string_view state;
};

namespace {

std::optional<Asn> read_asn(json::value value) {
  std::uint64_t number = 0;
  constexpr std::uint64_t kMost = 0xffffffff;
  std::string_view text;
  if (value.get_uint64().get(number) == simdjson::SUCCESS) {
    return number <= kMost ? std::optional{Asn{static_cast<std::uint32_t>(number)}} : std::nullopt;
  }
  if (value.get_string().get(text) == simdjson::SUCCESS) {
    return Asn::parse(text);
  }
  return std::nullopt;
}

/// A sequence of numbers, with lists for sets.
bool read_path(json::value value, AsPath& path) {
  constexpr std::size_t kLongest = 4096;
  json::array list;
  if (value.get_array().get(list) != simdjson::SUCCESS) {
    return false;
  }
  bool in_sequence = false;
  for (auto item : list) {
    json::value each;
    json::json_type type{};
    if (item.get(each) != simdjson::SUCCESS || each.type().get(type) != simdjson::SUCCESS ||
        path.asns().size() > kLongest) {
      return false;
    }
    if (type == json::json_type::array) {
      path.begin_segment(SegmentType::Set);
      in_sequence = false;
      json::array members;
      if (each.get_array().get(members) != simdjson::SUCCESS) {
        return false;
      }
      for (auto member : members) {
        json::value inner;
        if (member.get(inner) != simdjson::SUCCESS) {
          return false;
        }
        const std::optional<Asn> asn = read_asn(inner);
        if (!asn) {
          return false;
        }
        path.push_back(*asn);
      }
      continue;
    }
    const std::optional<Asn> asn = read_asn(each);
    if (!asn) {
      return false;
    }
    if (!in_sequence) {
      path.begin_segment(SegmentType::Sequence);
      in_sequence = true;
    }
    path.push_back(*asn);
  }
  return true;
}

/// A list of prefixes; `add` takes each.
template <typename Add>
bool read_prefixes(json::value value, Add add) {
  json::array list;
  if (value.get_array().get(list) != simdjson::SUCCESS) {
    return false;
  }
  for (auto item : list) {
    std::string_view text;
    if (item.get_string().get(text) != simdjson::SUCCESS) {
      return false;
    }
    const std::optional<Prefix> prefix = Prefix::parse(text);
    if (!prefix) {
      return false;
    }
    add(*prefix);
  }
  return true;
}

Origin origin_of(std::string_view text) {
  const auto is = [text](std::string_view lower, std::string_view upper) {
    return text == lower || text == upper;
  };
  return is("igp", "IGP") ? Origin::Igp : is("egp", "EGP") ? Origin::Egp : Origin::Incomplete;
}

}  // namespace

RisLiveDecoder::RisLiveDecoder() : parser_{std::make_unique<Parser>()} {}
RisLiveDecoder::~RisLiveDecoder() = default;

RisLiveDecoder::Kind RisLiveDecoder::decode(std::string_view text, TimePoint now,
                                            const Emit& emit) {
  malformed_field_ = {};
  timestamp_.reset();
  error_.clear();
  json::document document;
  json::object root;
  if (parser_->parser.iterate(text.data(), text.size(), text.size() + kPadding).get(document) !=
          simdjson::SUCCESS ||
      document.get_object().get(root) != simdjson::SUCCESS) {
    malformed_field_ = "message";
    return Kind::Malformed;
  }
  std::string_view type;
  if (root.find_field("type").get_string().get(type) != simdjson::SUCCESS) {
    malformed_field_ = "type";
    return Kind::Malformed;
  }
  if (type == "pong") {
    return Kind::Pong;
  }
  if (type != "ris_message" && type != "ris_error") {
    return Kind::Other;
  }
  if (root.find_field("data").get_object().get(parser_->data) != simdjson::SUCCESS) {
    malformed_field_ = "data";
    return Kind::Malformed;
  }
  if (type == "ris_error") {
    std::string_view message;
    if (parser_->data.find_field_unordered("message").get_string().get(message) ==
        simdjson::SUCCESS) {
      error_ = message.substr(0, 256);
    }
    return Kind::Refused;
  }
  Kind kind = Kind::Other;
  if (!read_data(kind)) {
    return Kind::Malformed;
  }
  // Looking for what is not there reads on to the end: a text that is torn behind the data shows.
  if (root.find_field("").error() != simdjson::NO_SUCH_FIELD) {
    malformed_field_ = "message";
    return Kind::Malformed;
  }
  if (kind == Kind::PeerState || kind == Kind::Update) {
    hand_over(kind, emit, now);
  }
  return kind;
}

bool RisLiveDecoder::read_data(Kind& kind) {
  attributes_.clear();
  announced_.clear();
  withdrawn_.clear();
  host_.clear();
  peer_.clear();
  asn_ = {};
  parser_->type = parser_->state = {};
  const auto refuse = [this](std::string_view field) {
    malformed_field_ = field;
    return false;
  };
  for (auto member : parser_->data) {
    json::field field;
    if (std::move(member).get(field) != simdjson::SUCCESS) {
      return refuse("data");
    }
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) {
      return refuse("data");
    }
    json::value value = field.value();
    std::string_view text;
    if (key == "timestamp") {
      double seconds = 0;
      constexpr double kMost = 4294967296.0;
      if (value.get_double().get(seconds) != simdjson::SUCCESS || !(seconds >= 0) ||
          seconds > kMost) {
        return refuse("timestamp");
      }
      timestamp_ = TimePoint{std::chrono::microseconds{std::llround(seconds * 1e6)}};
    } else if (key == "peer" || key == "host") {
      if (value.get_string().get(text) != simdjson::SUCCESS) {
        return refuse(key == "peer" ? "peer" : "host");
      }
      (key == "peer" ? peer_ : host_) = text.substr(0, 64);
    } else if (key == "peer_asn") {
      const std::optional<Asn> asn = read_asn(value);
      if (!asn) {
        return refuse("peer_asn");
      }
      asn_ = *asn;
    } else if (key == "type" || key == "state" || key == "origin") {
      if (value.get_string().get(text) != simdjson::SUCCESS) {
        return refuse(key == "type" ? "type" : key == "state" ? "state" : "origin");
      }
      if (key == "origin") {
        attributes_.origin = origin_of(text);
      } else {
        (key == "type" ? parser_->type : parser_->state) = text;
      }
    } else if (key == "path") {
      if (!read_path(value, attributes_.as_path)) {
        return refuse("path");
      }
    } else if (key == "withdrawals") {
      if (!read_prefixes(value, [this](const Prefix& prefix) { withdrawn_.push_back(prefix); })) {
        return refuse("withdrawals");
      }
    } else if (key == "announcements") {
      json::array list;
      if (value.get_array().get(list) != simdjson::SUCCESS) {
        return refuse("announcements");
      }
      for (auto item : list) {
        json::object announcement;
        if (item.get_object().get(announcement) != simdjson::SUCCESS) {
          return refuse("announcements");
        }
        const std::size_t first = announced_.size();
        std::optional<IpAddress> next_hop;
        for (auto part : announcement) {
          json::field inner;
          std::string_view name;
          if (std::move(part).get(inner) != simdjson::SUCCESS ||
              inner.unescaped_key().get(name) != simdjson::SUCCESS) {
            return refuse("announcements");
          }
          json::value content = inner.value();
          if (name == "next_hop" && content.get_string().get(text) == simdjson::SUCCESS) {
            // IPv6 has the link-local address behind the global one.
            next_hop = IpAddress::parse(text.substr(0, text.find(',')));
          } else if (name == "prefixes" && !read_prefixes(content, [this](const Prefix& prefix) {
                       announced_.push_back({prefix, std::nullopt});
                     })) {
            return refuse("prefixes");
          }
        }
        for (std::size_t i = first; i < announced_.size(); ++i) {
          announced_[i].next_hop = next_hop;
        }
      }
    }
  }
  const bool is_update = parser_->type == "UPDATE";
  const bool is_state = parser_->type == "RIS_PEER_STATE";
  if (!is_update && !is_state) {
    kind = Kind::Other;
    return !parser_->type.empty() || refuse("type");
  }
  if (!find_vantage()) {
    return refuse("peer");
  }
  if (is_update && !announced_.empty() && attributes_.as_path.empty()) {
    return refuse("path");
  }
  kind = is_state ? Kind::PeerState : Kind::Update;
  return true;
}

bool RisLiveDecoder::find_vantage() {
  key_ = host_;
  key_ += ' ';
  key_ += peer_;
  key_ += ' ';
  key_ += std::to_string(asn_.value);
  const auto found = vantages_.find(key_);
  if (found != vantages_.end()) {
    vantage_ = found->second;
    return true;
  }
  const std::optional<IpAddress> address = IpAddress::parse(peer_);
  const std::string_view host = std::string_view{host_}.substr(0, host_.find('.'));
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  if (!address || asn_.value == 0 || host.empty() ||
      host.find_first_not_of(kAllowed) != std::string_view::npos || vantages_.size() >= kMaxPeers) {
    return false;
  }
  VantagePoint made;
  made.source = host;
  made.address = *address;
  made.asn = asn_;
  vantage_ = std::make_shared<const VantagePoint>(std::move(made));
  vantages_.emplace(key_, vantage_);
  return true;
}

void RisLiveDecoder::hand_over(Kind kind, const Emit& emit, TimePoint now) {
  sequence_ = now == last_time_ ? sequence_ + 1 : 0;
  last_time_ = now;
  Route route;
  route.time = route.since = now;
  route.sequence = sequence_;
  route.vantage = vantage_.get();
  if (kind == Kind::PeerState) {
    route.kind = parser_->state == "connected" ? RouteKind::PeerUp : RouteKind::PeerDown;
    emit(route, vantage_);
    return;
  }
  route.kind = RouteKind::Withdraw;
  for (const Prefix& prefix : withdrawn_) {
    route.prefix = prefix;
    emit(route, vantage_);
  }
  route.kind = RouteKind::Announce;
  route.attributes = &attributes_;
  for (const Announced& each : announced_) {
    route.prefix = each.prefix;
    attributes_.next_hop = each.next_hop;
    emit(route, vantage_);
  }
}

}  // namespace isthmus::collector
