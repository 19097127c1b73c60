#include "collector/feed/bmp_session.hpp"

#include <algorithm>

#include "collector/feed/bgp_update.hpp"

namespace isthmus::collector {
namespace {
std::string text_of(Bytes value) {
  constexpr std::size_t kMost = 256;
  return std::string{as_text(value.first(std::min(value.size(), kMost)))};
}

}  // namespace

BmpSession::BmpSession(Options options, Emit emit)
    : options_{std::move(options)},
      emit_{std::move(emit)},
      log_{account_, options_.name},
      update_{Detail::Everything, {}} {
  counters_.connections = 1;
}

void BmpSession::count(std::string_view reason) {
  const auto found = counters_.skipped.find(reason);
  if (found != counters_.skipped.end()) {
    ++found->second;
  } else {
    counters_.skipped.emplace(std::string{reason}, 1);
  }
}

void BmpSession::receive(Bytes bytes, TimePoint now) {
  account_.total += bytes.size();
  counters_.bytes += bytes.size();
  while (state_ == State::Opening || state_ == State::Established) {
    const std::optional<Bytes> message = framer_.next(bytes);
    if (!message) {
      break;
    }
    take(*message, now);
  }
  if (!framer_.broken().empty() && state_ != State::Broken) {
    state_ = State::Broken;
    reason_ = framer_.broken();
    account_.note(options_.name, offset_, reason_);
    count("no_bmp");
  }
  if (state_ == State::Broken || state_ == State::Terminated) {
    const char* const why = state_ == State::Broken ? "no_bmp" : "after_termination";
    account_.skipped[why] += bytes.size();
  }
}

ByteAccount BmpSession::account() const {
  ByteAccount account = account_;
  account.left_over = framer_.pending();
  return account;
}

void BmpSession::take(Bytes message, TimePoint now) {
  log_.begin(offset_, message.size());
  offset_ += message.size();
  ++counters_.messages;
  ++account_.records;
  sequence_ = now == last_time_ ? sequence_ + 1 : 0;
  last_time_ = now;
  const std::optional<BmpMessage> parsed = parse_bmp(message);
  if (message[0] != std::byte{3}) {
    count("unsupported_version");
    log_.skip_rest("unsupported_version", {});
  } else if (!parsed) {
    count("malformed");
    log_.skip_rest("malformed_record", "a BMP message is too short for its headers");
  } else if (parsed->type >= kBmpTypes) {
    count("unknown_type");
    log_.skip_rest("unknown_type", {});
  } else {
    ++by_type_[parsed->type];
    if (state_ == State::Opening &&
        parsed->type != static_cast<std::uint8_t>(BmpType::Initiation)) {
      count("before_initiation");
      state_ = State::Established;
    }
    switch (static_cast<BmpType>(parsed->type)) {
      case BmpType::RouteMonitoring:
        monitoring(*parsed, now);
        break;
      case BmpType::StatisticsReport:
        statistics(*parsed);
        break;
      case BmpType::PeerDown:
        peer_down(*parsed, now);
        break;
      case BmpType::PeerUp:
        peer_up(*parsed, now);
        break;
      case BmpType::Initiation:
        initiation(parsed->body);
        break;
      case BmpType::Termination:
        termination(parsed->body);
        break;
      case BmpType::RouteMirroring:
        mirroring(*parsed);
        break;
    }
  }
  log_.end();
}

void BmpSession::initiation(Bytes body) {
  constexpr std::uint16_t kLastKnown = 2;
  if (state_ == State::Established) {
    count("double_initiation");
  }
  state_ = State::Established;
  ByteReader reader{body};
  while (!reader.empty()) {
    const std::size_t left = reader.size();
    const std::optional<BmpTlv> field = next_bmp_tlv(reader);
    if (!field) {
      count("malformed");
      log_.skip("malformed_record", left, "a field of an Initiation is longer than the message");
      return;
    }
    if (field->type == 1) {
      system_description_ = text_of(field->value);
      is_frr_ = system_description_.starts_with("FRR");
    } else if (field->type == 2) {
      system_name_ = text_of(field->value);
    } else if (field->type > kLastKnown) {
      count("unknown_field");
      log_.skip("unknown_field", left - reader.size(), {});
    }
  }
}

void BmpSession::termination(Bytes body) {
  constexpr std::array<std::string_view, 5> kReasons{"administratively closed", "no reason given",
                                                     "out of resources", "redundant connection",
                                                     "permanently closed"};
  state_ = State::Terminated;
  reason_ = "the router ended the session";
  ByteReader reader{body};
  while (const std::optional<BmpTlv> field = next_bmp_tlv(reader)) {
    if (field->type == 1 && field->value.size() == 2) {
      const std::uint16_t code = ByteReader{field->value}.u16();
      reason_ += ": " + (code < kReasons.size() ? std::string{kReasons[code]}
                                                : "reason " + std::to_string(code));
    } else if (field->type == 0) {
      reason_ += ": " + text_of(field->value);
    }
  }
}

BmpSession::Peer* BmpSession::find(const BmpPeer& header) {
  const PeerKey key{header.address, header.distinguisher, header.is_loc_rib()};
  if (last_ != nullptr && last_key_ == key) {
    return last_;
  }
  const auto found = peers_.find(key);
  if (found == peers_.end()) {
    return nullptr;
  }
  last_key_ = key;
  return last_ = &found->second;
}

BmpSession::Peer* BmpSession::add(const BmpPeer& header) {
  if (peers_.size() >= options_.max_peers) {
    count("too_many_peers");
    return nullptr;
  }
  Peer& peer = peers_[PeerKey{header.address, header.distinguisher, header.is_loc_rib()}];
  peer = Peer{};
  peer.asn = header.asn;
  peer.address = header.address;
  peer.flags = header.flags;
  peer.is_loc_rib = header.is_loc_rib();
  if (header.distinguisher != 0) {
    // The same address may be a peer in several VRFs.
    const auto rest = std::to_string(header.distinguisher >> 32 & 0xffff) + ":" +
                      std::to_string(header.distinguisher & 0xffffffff);
    peer.table = "/" + rest;
  }
  return &peer;
}

void BmpSession::peer_up(const BmpMessage& message, TimePoint now) {
  const BmpPeer& header = *message.peer;
  const std::optional<BmpPeerUp> up = parse_bmp_peer_up(message.body, header);
  if (!up) {
    count("malformed");
    log_.skip_rest("malformed_record", "a Peer Up Notification is malformed");
    return;
  }
  if (up->skipped > 0) {
    count("unknown_field");
    log_.skip("unknown_field", up->skipped, {});
  }
  const std::uint32_t ports = std::uint32_t{up->local_port} << 16 | up->remote_port;
  Peer* peer = find(header);
  if (peer != nullptr && peer->life == PeerLife::Up) {
    count("double_peer_up");
    // Routers send one for each view; only another TCP connection is another session.
    if (ports != 0 ? ports == peer->ports : header.flags != peer->flags) {
      return;
    }
  }
  if (peer != nullptr && (peer->asn != header.asn || peer->local != up->sent.asn)) {
    session_element(*peer, RouteKind::PeerDown, now);
    peer = nullptr;
  }
  if (peer == nullptr && (peer = add(header)) == nullptr) {
    log_.skip_rest("too_many_peers", {});
    return;
  }
  peer->life = PeerLife::Up;
  peer->local = header.is_loc_rib() && header.asn.value != 0 ? header.asn : up->sent.asn;
  peer->ports = ports;
  peer->flags = header.flags;
  peer->best_in = peer->best_out = kNone;
  if (own_.value == 0) {
    own_ = peer->local;
  }
  const AddPathAbility& ours = up->sent.add_path;
  const AddPathAbility& theirs = up->received.add_path;
  peer->in.add_path_v4 = theirs.send_v4 && ours.receive_v4;
  peer->in.add_path_v6 = theirs.send_v6 && ours.receive_v6;
  peer->out.add_path_v4 = ours.send_v4 && theirs.receive_v4;
  peer->out.add_path_v6 = ours.send_v6 && theirs.receive_v6;
  if (header.is_loc_rib()) {
    // Both messages are made up, and both say what the table has (RFC 9069 section 4.4).
    peer->in.add_path_v4 =
        (ours.send_v4 || ours.receive_v4) && (theirs.send_v4 || theirs.receive_v4);
    peer->in.add_path_v6 =
        (ours.send_v6 || ours.receive_v6) && (theirs.send_v6 || theirs.receive_v6);
  }
  session_element(*peer, RouteKind::PeerUp, now);
}

void BmpSession::peer_down(const BmpMessage& message, TimePoint now) {
  const std::optional<BmpPeerDown> down = parse_bmp_peer_down(message.body);
  if (!down) {
    count("malformed");
    log_.skip_rest("malformed_record", "a Peer Down Notification has no reason");
    return;
  }
  if (down->skipped > 0) {
    log_.skip("unknown_field", down->skipped, {});
  }
  if (peer_down_reason(down->reason) == "unknown") {
    count("unknown_peer_down_reason");
  }
  Peer* const peer = find(*message.peer);
  if (peer == nullptr || peer->life == PeerLife::Down) {
    count("peer_down_without_peer_up");
    return;
  }
  peer->life = PeerLife::Down;
  peer->last_message = now;
  session_element(*peer, RouteKind::PeerDown, now);
}

void BmpSession::statistics(const BmpMessage& message) {
  const std::optional<BmpStatistics> statistics = parse_bmp_statistics(message.body);
  if (!statistics) {
    count("malformed");
    log_.skip_rest("malformed_record", "a Statistics Report is malformed");
    return;
  }
  if (statistics->unknown_fields > 0) {
    count("unknown_field");
  }
  if (statistics->skipped > 0) {
    log_.skip("unknown_field", statistics->skipped, {});
  }
}

/// Copies of what a BGP session carried (RFC 7854 section 4.7). Route Monitoring says the same in
/// better form; what counts here is that the router may have lost some.
void BmpSession::mirroring(const BmpMessage& message) {
  constexpr std::uint16_t kInformation = 1;
  constexpr std::uint16_t kMessagesLost = 1;
  ByteReader reader{message.body};
  while (!reader.empty()) {
    const std::optional<BmpTlv> field = next_bmp_tlv(reader);
    if (!field) {
      count("malformed");
      break;
    }
    if (field->type == kInformation && field->value.size() == 2) {
      const bool lost = ByteReader{field->value}.u16() == kMessagesLost;
      count(lost ? "mirroring_lost" : "mirroring_errored");
      counters_.gaps += lost ? 1U : 0U;
    }
  }
  log_.skip_rest(kNotRoutes, {});
}

void BmpSession::monitoring(const BmpMessage& message, TimePoint now) {
  const BmpPeer& header = *message.peer;
  const BmpView view = header.view();
  Peer* peer = find(header);
  if (peer == nullptr || peer->life == PeerLife::Down) {
    count("route_without_peer_up");
    if (peer == nullptr && (peer = add(header)) == nullptr) {
      log_.skip_rest("too_many_peers", {});
      return;
    }
    peer->life = PeerLife::Up;
    peer->local = header.is_loc_rib() ? header.asn : own_;
  }
  peer->last_message = now;
  if (header.time.time_since_epoch().count() > 0) {
    peer->lag = now - header.time;
  }
  ByteReader reader{message.body};
  const std::optional<BgpPdu> pdu = next_bgp_pdu(reader);
  if (!pdu || pdu->type != static_cast<std::uint8_t>(BgpMessageType::Update)) {
    count("malformed");
    log_.skip_rest("malformed_record", "Route Monitoring does not hold an UPDATE");
    return;
  }
  if (!reader.empty()) {
    count("unknown_field");
    log_.skip("unknown_field", reader.size(), {});
  }
  UpdateDecoder::Form form = bmp_table(view) == 2 ? peer->out : peer->in;
  form.width = header.width();
  form.path_is_optional = header.is_loc_rib() || peer->asn.value == 0 || peer->asn == peer->local;
  update_.start(pdu->body, form, log_);
  hand_over(*peer, view, now);
}

std::vector<FeedPeerStatus> BmpSession::peers() const {
  std::vector<FeedPeerStatus> list;
  list.reserve(peers_.size());
  for (const auto& [key, peer] : peers_) {
    FeedPeerStatus status;
    status.asn = peer.asn;
    status.address = peer.address;
    status.view =
        to_string(peer.is_loc_rib                                   ? BmpView::LocRib
                  : peer.best_in == 1                               ? BmpView::PostPolicy
                  : peer.best_in == kNone && peer.best_out != kNone ? BmpView::AdjRibOutPost
                                                                    : BmpView::PrePolicy);
    status.state = peer.life == PeerLife::Up ? PeerState::Up : PeerState::Down;
    status.last_message = peer.last_message;
    status.lag = peer.lag;
    list.push_back(std::move(status));
  }
  return list;
}

}  // namespace isthmus::collector
