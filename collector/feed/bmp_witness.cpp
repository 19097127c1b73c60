#include <algorithm>

#include "collector/feed/bmp_session.hpp"

// Which view of a peer counts, and how its paths are told.

namespace isthmus::collector {
namespace {

/// How near to what the peer said a view is, among those of one direction.
std::uint8_t rank_of(BmpView view) {
  return view == BmpView::PostPolicy || view == BmpView::AdjRibOutPre ? 1 : 0;
}
std::optional<Asn> asn_at(const AsPath& path, std::size_t position) {
  const auto asns = path.asns();
  if (path.segments().empty() || path.segments()[0].type != SegmentType::Sequence ||
      position >= asns.size()) {
    return std::nullopt;
  }
  return asns[position];
}

void copy_without_first(const AsPath& path, AsPath& copy) {
  copy.clear();
  bool is_first = true;
  for (const AsPath::Segment& segment : path.segments()) {
    const auto asns = path.asns(segment).subspan(is_first ? 1 : 0);
    is_first = false;
    if (!asns.empty()) {
      copy.append(segment.type, asns);
    }
  }
}

void copy_with_front(const AsPath& path, Asn front, AsPath& copy) {
  copy.clear();
  copy.begin_segment(SegmentType::Sequence);
  copy.push_back(front);
  bool joins = true;
  for (const AsPath::Segment& segment : path.segments()) {
    if (!joins || segment.type != SegmentType::Sequence) {
      copy.begin_segment(segment.type);
    }
    joins = false;
    for (const Asn asn : path.asns(segment)) {
      copy.push_back(asn);
    }
  }
}

}  // namespace

/// Whether the paths of a witness of this kind need the router's own AS in front.
bool BmpSession::starts_with_own(const Peer& peer, BmpView view) const {
  if (peer.local.value == 0 || bmp_table(view) == 2) {
    return false;
  }
  return view == BmpView::LocRib || peer.asn == peer.local || peer.asn.value == 0 ||
         std::find(options_.origins.begin(), options_.origins.end(), peer.asn) !=
             options_.origins.end();
}

void BmpSession::correct_path(const Peer& peer, BmpView view) {
  const AsPath& path = update_.attributes().attributes.as_path;
  if (!update_.attributes().has_origin || peer.local.value == 0 || bmp_table(view) == 2) {
    return;
  }
  const bool begins_with_own = asn_at(path, 0) == peer.local;
  if (begins_with_own && peer.asn != peer.local && asn_at(path, 1) == peer.asn) {
    prepends_own_as_ = true;
  }
  if (starts_with_own(peer, view)) {
    if (!begins_with_own) {
      copy_with_front(path, peer.local, edited_);
      std::swap(update_.change_attributes().as_path, edited_);
    }
  } else if (begins_with_own && (prepends_own_as_ || is_frr_)) {
    copy_without_first(path, edited_);
    std::swap(update_.change_attributes().as_path, edited_);
  }
}

/// Whether a view of a peer is the one that counts now.
bool BmpSession::choose(Peer& peer, BmpView view, bool announces, TimePoint now) {
  const std::uint8_t table = bmp_table(view);
  std::uint8_t& best = table == 2 ? peer.best_out : peer.best_in;
  const std::uint8_t rank = rank_of(view);
  if (announces) {
    best = std::min(best, rank);
    if (table < best_table_ && (table != 0 || peer.asn.value != 0)) {
      best_table_ = table;
      retire_lesser(now);
    }
  }
  return best == rank && table <= best_table_;
}

/// A better table than before has been seen: what was said from lesser ones is said better now.
void BmpSession::retire_lesser(TimePoint now) {
  for (auto& [key, peer] : peers_) {
    if (std::get<2>(key) && best_table_ < 1 && peer.witness_in) {
      say(peer.witness_in, BmpView::LocRib, true, RouteKind::PeerDown, now);
      peer.witness_in.reset();
    }
    if (best_table_ < 2 && peer.witness_out) {
      say(peer.witness_out, BmpView::AdjRibOutPost, true, RouteKind::PeerDown, now);
      peer.witness_out.reset();
    }
  }
}

/// The vantage point of a view, under a name.
std::shared_ptr<const VantagePoint> BmpSession::make_vantage(const Peer& peer, BmpView view,
                                                             std::string source) const {
  const bool is_own = view == BmpView::LocRib || peer.asn.value == 0;
  VantagePoint made;
  made.source = std::move(source);
  made.address = is_own ? options_.address : peer.address;
  made.asn = bmp_table(view) == 2 || starts_with_own(peer, view) ? peer.local : peer.asn;
  return std::make_shared<const VantagePoint>(std::move(made));
}

const std::shared_ptr<const VantagePoint>& BmpSession::witness(Peer& peer, BmpView view) {
  std::shared_ptr<const VantagePoint>& place =
      bmp_table(view) == 2 ? peer.witness_out : peer.witness_in;
  if (!place) {
    place = make_vantage(peer, view, options_.name + peer.table);
  }
  return place;
}

const std::shared_ptr<const VantagePoint>& BmpSession::apart(Peer& peer, BmpView view) {
  std::shared_ptr<const VantagePoint>& place = peer.views[static_cast<std::size_t>(view)];
  if (!place) {
    place =
        make_vantage(peer, view, options_.name + peer.table + '/' + std::string{to_string(view)});
  }
  return place;
}

void BmpSession::hand_over(Peer& peer, BmpView view, TimePoint now) {
  correct_path(peer, view);
  bool has_more = update_.advance();
  const bool announces = update_.attributes().has_origin;
  const bool is_witness = choose(peer, view, announces, now);
  if (const std::optional<Family> family = update_.end_of_rib()) {
    BmpElement element;
    element.vantage = is_witness ? witness(peer, view) : apart(peer, view);
    element.route.vantage = element.vantage.get();
    element.route.kind = RouteKind::TableEnd;
    element.route.time = now;
    element.route.sequence = sequence_;
    element.route.prefix =
        Prefix::covering(*family == Family::Ipv4 ? IpAddress::v4(0) : IpAddress::v6(0, 0), 0);
    element.view = view;
    element.is_witness = is_witness;
    emit_(element);
    return;
  }
  if (!has_more) {
    return;
  }
  BmpElement element;
  element.vantage = is_witness ? witness(peer, view) : apart(peer, view);
  element.route.vantage = element.vantage.get();
  element.route.time = element.route.since = now;
  element.route.sequence = sequence_;
  element.view = view;
  element.is_witness = is_witness && element.vantage->asn.value != 0;
  for (; has_more; has_more = update_.advance()) {
    const UpdateDecoder::Element& from = update_.element();
    if (from.safi == 2) {
      log_.skip(kOtherFamily, 0, {});
      continue;
    }
    ++counters_.elements;
    ++account_.elements;
    ++by_view_[static_cast<std::size_t>(view)];
    element.route.kind = from.kind;
    element.route.prefix = from.prefix;
    element.route.path_id = from.path_id;
    element.route.attributes = from.attributes;
    emit_(element);
  }
}

void BmpSession::session_element(Peer& peer, RouteKind kind, TimePoint now) {
  if (peer.witness_in) {
    say(peer.witness_in, BmpView::PrePolicy, true, kind, now);
  } else if (kind == RouteKind::PeerUp && bmp_table(BmpView::PrePolicy) <= best_table_ &&
             peer.asn.value != 0) {
    say(witness(peer, peer.is_loc_rib ? BmpView::LocRib : BmpView::PrePolicy),
        peer.is_loc_rib ? BmpView::LocRib : BmpView::PrePolicy, true, kind, now);
  }
  if (peer.witness_out) {
    say(peer.witness_out, BmpView::AdjRibOutPost, true, kind, now);
  }
  for (std::size_t i = 0; i < kBmpViews; ++i) {
    if (peer.views[i]) {
      say(peer.views[i], static_cast<BmpView>(i), false, kind, now);
    }
  }
}

void BmpSession::say(const std::shared_ptr<const VantagePoint>& vantage, BmpView view,
                     bool is_witness, RouteKind kind, TimePoint now) {
  BmpElement element;
  element.vantage = vantage;
  element.route.vantage = vantage.get();
  element.route.kind = kind;
  element.route.time = now;
  element.route.sequence = sequence_;
  element.view = view;
  element.is_witness = is_witness && vantage->asn.value != 0;
  emit_(element);
}

}  // namespace isthmus::collector
