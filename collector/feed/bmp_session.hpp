#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "collector/feed/bmp_frame.hpp"
#include "collector/feed/bmp_message.hpp"
#include "collector/feed/feed_status.hpp"
#include "collector/feed/record_log.hpp"
#include "collector/feed/update_decoder.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// An element of a BMP session.
struct BmpElement {
  /// Announce, Withdraw, PeerUp, PeerDown, and TableEnd where a table has come whole (RFC 7854
  /// section 5, End-of-RIB). The time is that of receipt.
  Route route;
  std::shared_ptr<const VantagePoint> vantage;  ///< what `route.vantage` points at
  BmpView view = BmpView::PrePolicy;
  /// Whether the element counts for detection. One router tells the same route up to five times, in
  /// each of its views; the one nearest to what the peer said counts, under the vantage point
  /// (router, peer's address, AS). The others have vantage points of their own, "router/loc_rib".
  bool is_witness = false;
};

/// One router's BMP session, from its first byte to its last: pure, time is a parameter.
///
/// What a witness says has the form of a route collector's peer: the path begins with the AS of the
/// vantage point. So the router's own AS is put before routes of its own table and of iBGP, and
/// before those that it has from a watched network itself: then the router is the one that sees the
/// upstream, which is its own AS. Routers that put their AS before every path (FRR up to 2026) are
/// recognised, and it is taken off again.
class BmpSession {
 public:
  /// Opening until the Initiation; Terminated by a Termination; Broken by bytes that are no BMP.
  enum class State : std::uint8_t { Opening, Established, Terminated, Broken };

  struct Options {
    std::string name;          ///< of the router: the source of its vantage points
    IpAddress address;         ///< of the router: of the vantage point that is the router itself
    std::vector<Asn> origins;  ///< the watched networks
    std::size_t max_peers = 16384;  ///< more are refused
  };
  using Emit = std::function<void(const BmpElement&)>;

  BmpSession(Options options, Emit emit);
  BmpSession(const BmpSession&) = delete;
  BmpSession& operator=(const BmpSession&) = delete;
  BmpSession(BmpSession&&) = delete;
  BmpSession& operator=(BmpSession&&) = delete;
  ~BmpSession() = default;

  /// Takes the next bytes of the connection, in pieces of any size.
  void receive(Bytes bytes, TimePoint now);

  [[nodiscard]] State state() const { return state_; }
  /// Why it is Terminated or Broken, for people.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  /// What the Initiation said (RFC 7854 section 4.4); at most 256 bytes of each.
  [[nodiscard]] const std::string& system_name() const { return system_name_; }
  [[nodiscard]] const std::string& system_description() const { return system_description_; }
  /// Where the router's own AS has been taken off its paths.
  [[nodiscard]] bool prepends_own_as() const { return prepends_own_as_; }

  /// Every byte: decoded, skipped by reason, or left over of a message that has not come whole.
  [[nodiscard]] ByteAccount account() const;
  /// Messages, elements and gaps, and messages that were stepped over or odd, by reason.
  [[nodiscard]] const FeedCounters& counters() const { return counters_; }
  [[nodiscard]] const std::array<std::uint64_t, kBmpTypes>& messages_by_type() const {
    return by_type_;
  }
  [[nodiscard]] const std::array<std::uint64_t, kBmpViews>& elements_by_view() const {
    return by_view_;
  }
  /// The peers, in the order of their addresses; those that only were said to be down are not.
  [[nodiscard]] std::vector<FeedPeerStatus> peers() const;

 private:
  enum class PeerLife : std::uint8_t { Up, Down };
  using PeerKey = std::tuple<IpAddress, std::uint64_t, bool>;
  struct Peer {
    PeerLife life = PeerLife::Up;
    Asn asn;
    Asn local;  ///< of the router on this session; 0 if it is not known
    IpAddress address;
    std::uint32_t ports = 0;
    std::uint8_t flags = 0;
    bool is_loc_rib = false;
    std::string table;        ///< of a VRF: "/65000:7"
    UpdateDecoder::Form in;   ///< ADD-PATH of what the peer sends
    UpdateDecoder::Form out;  ///< and of what it is sent
    std::uint8_t best_in = kNone;
    std::uint8_t best_out = kNone;
    std::shared_ptr<const VantagePoint> witness_in;
    std::shared_ptr<const VantagePoint> witness_out;
    std::array<std::shared_ptr<const VantagePoint>, kBmpViews> views;
    std::optional<TimePoint> last_message;
    Duration lag{};
  };
  static constexpr std::uint8_t kNone = 255;

  void take(Bytes message, TimePoint now);
  void initiation(Bytes body);
  void termination(Bytes body);
  void peer_up(const BmpMessage& message, TimePoint now);
  void peer_down(const BmpMessage& message, TimePoint now);
  void statistics(const BmpMessage& message);
  void mirroring(const BmpMessage& message);
  void monitoring(const BmpMessage& message, TimePoint now);
  void hand_over(Peer& peer, BmpView view, TimePoint now);
  void correct_path(const Peer& peer, BmpView view);
  [[nodiscard]] bool starts_with_own(const Peer& peer, BmpView view) const;

  Peer* find(const BmpPeer& header);
  Peer* add(const BmpPeer& header);
  bool choose(Peer& peer, BmpView view, bool announces, TimePoint now);
  void retire_lesser(TimePoint now);
  [[nodiscard]] std::shared_ptr<const VantagePoint> make_vantage(const Peer& peer, BmpView view,
                                                                 std::string source) const;
  const std::shared_ptr<const VantagePoint>& witness(Peer& peer, BmpView view);
  const std::shared_ptr<const VantagePoint>& apart(Peer& peer, BmpView view);
  void session_element(Peer& peer, RouteKind kind, TimePoint now);
  void say(const std::shared_ptr<const VantagePoint>& vantage, BmpView view, bool is_witness,
           RouteKind kind, TimePoint now);
  void count(std::string_view reason);

  Options options_;
  Emit emit_;
  State state_ = State::Opening;
  std::string reason_;
  std::string system_name_;
  std::string system_description_;
  BmpFramer framer_;
  ByteAccount account_;
  RecordLog log_;
  UpdateDecoder update_;
  AsPath edited_;
  std::map<PeerKey, Peer> peers_;
  Peer* last_ = nullptr;
  PeerKey last_key_;
  Asn own_;  ///< the router's AS, from the first Peer Up that says it
  bool prepends_own_as_ = false;
  bool is_frr_ = false;
  std::uint8_t best_table_ = kNone;  ///< of the router: 0 Adj-RIB-In, 1 Loc-RIB, 2 Adj-RIB-Out
  FeedCounters counters_;
  std::array<std::uint64_t, kBmpTypes> by_type_{};
  std::array<std::uint64_t, kBmpViews> by_view_{};
  std::uint64_t offset_ = 0;
  std::uint32_t sequence_ = 0;
  TimePoint last_time_;
};

}  // namespace isthmus::collector
