#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "collector/feed/path_pool.hpp"
#include "collector/feed/peer_routes.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// Each peer's routes as the peer last said them (RFC 4271 section 3.2): (peer, prefix, path id) to
/// path, with equal paths kept once.
///
/// Made to be used live. The end of a session, or of a refresh, forgets any number of routes at
/// once; the memory comes back in small steps with the elements that follow, or by `collect`. So no
/// call stops its reader for long, however large a peer was. Everything is walked in the order of
/// prefixes and peers, whatever the order of arrival was. Not for several threads.
class AdjRibIn {
 public:
  using PeerId = std::uint32_t;
  static constexpr PeerId kNoPeer = ~PeerId{0};

  /// What hostile or broken peers can make us keep. A route beyond is refused and counted; the one
  /// that it would have replaced is gone, for that one the peer has no more.
  struct Limits {
    std::size_t peers = 16384;
    std::size_t routes_per_peer = 16'000'000;  ///< of one family
    std::size_t bytes = std::size_t{8} << 30;  ///< of all memory, as `memory` counts it
  };
  struct Options {
    Limits limits;
    std::uint64_t seed = 0;  ///< of the hash tables; random where peers may be hostile
  };

  AdjRibIn() : AdjRibIn{Options{}} {}
  explicit AdjRibIn(const Options& options);
  ~AdjRibIn();
  AdjRibIn(AdjRibIn&&) = delete;
  AdjRibIn& operator=(AdjRibIn&&) = delete;
  AdjRibIn(const AdjRibIn&) = delete;
  AdjRibIn& operator=(const AdjRibIn&) = delete;

  /// Takes in one element, and the peer with it:
  /// - Announce and Withdraw change a route; a Table element does too, and starts a refresh of the
  ///   peer's family if none is under way;
  /// - TableBegin starts a refresh, TableEnd ends it: what was not named between is forgotten;
  /// - PeerDown forgets all routes of the peer, and so does PeerUp, as a session starts with none.
  RouteChange apply(const Route& route);

  /// The peer's number, given out at its first element; kNoPeer if it has none.
  [[nodiscard]] PeerId find_peer(const VantagePoint& vantage) const;
  /// The same; a new peer is added. kNoPeer if there are too many.
  PeerId add_peer(const VantagePoint& vantage);
  /// Forgets a peer and its routes. The number is given out again when its memory is back.
  void remove_peer(PeerId peer);

  RouteChange announce(PeerId peer, const Prefix& prefix, std::uint32_t path_id,
                       const RouteAttributes& attributes, TimePoint since);
  RouteChange withdraw(PeerId peer, const Prefix& prefix, std::uint32_t path_id);
  /// Forgets all routes of a peer; returns how many.
  std::size_t clear(PeerId peer);
  void begin_refresh(PeerId peer, Family family);
  /// Forgets what the refresh did not name; returns how many.
  std::size_t end_refresh(PeerId peer, Family family);

  /// Gives back memory of what was forgotten; looks at about `budget` routes. True when nothing is
  /// left to do.
  bool collect(std::size_t budget);

  /// All peers, in the order of vantage points.
  [[nodiscard]] std::vector<PeerId> peers() const;
  [[nodiscard]] const VantagePoint& vantage(PeerId peer) const;
  [[nodiscard]] const PeerRoutes& routes(PeerId peer, Family family) const;

  /// Routes of all peers.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Different paths that they share.
  [[nodiscard]] std::size_t path_count() const { return pool_->size(); }
  /// Bytes, what the allocators keep for them included.
  struct Memory {
    std::size_t routes = 0;
    std::size_t paths = 0;
    std::size_t peers = 0;
    [[nodiscard]] std::size_t total() const { return routes + paths + peers; }
  };
  [[nodiscard]] Memory memory() const;
  /// Those of them that SlabHeap takes, which the general heap knows nothing of.
  [[nodiscard]] std::size_t slab_bytes() const {
    return tables_->leaves.reserved() + pool_->slab_bytes();
  }

  /// What was refused, by the limit it met.
  struct Refused {
    std::uint64_t peers = 0;   ///< elements of peers beyond the limit
    std::uint64_t routes = 0;  ///< routes beyond their peer's limit
    std::uint64_t paths = 0;   ///< routes with more attributes than PathPool::kMaxWords
    std::uint64_t memory = 0;  ///< routes beyond the limit of memory
    [[nodiscard]] std::uint64_t total() const { return peers + routes + paths + memory; }
  };
  [[nodiscard]] const Refused& refused() const { return refused_; }

 private:
  struct Peer {
    Peer(VantagePoint given, TableMemory* memory, std::uint64_t seed)
        : vantage{std::move(given)},
          four{Family::Ipv4, memory, seed},
          six{Family::Ipv6, memory, seed} {}

    VantagePoint vantage;
    PeerRoutes four;
    PeerRoutes six;
    bool is_removed = false;
  };
  struct Job {
    PeerId peer;
    Family family;
  };

  [[nodiscard]] PeerRoutes& table(PeerId peer, Family family) {
    return family == Family::Ipv4 ? peers_[peer]->four : peers_[peer]->six;
  }
  [[nodiscard]] bool has(PeerId peer) const { return peer < peers_.size() && peers_[peer]; }
  RouteChange refuse(std::uint64_t& counter, PeerRoutes& routes, const Prefix& prefix,
                     std::uint32_t path_id);
  std::size_t forget(PeerId peer, Family family, std::size_t (PeerRoutes::*how)());
  void collect_some() {
    // About what one element adds, many times over: the past is gone sooner than the future comes.
    constexpr std::size_t kRoutes = 64;
    if (!jobs_.empty()) {
      collect(kRoutes);
    }
  }
  void recycle(PeerId peer);

  Options options_;
  std::unique_ptr<PathPool> pool_;
  std::vector<PeerId> free_;  ///< numbers without a peer
  std::map<VantagePoint, PeerId> by_vantage_;
  std::array<PeerId, 64> recent_;  ///< by AS and address: what comes next is often of the same
  std::deque<Job> jobs_;           ///< tables that have something to give back
  std::size_t size_ = 0;
  std::unique_ptr<TableMemory> tables_;
  std::vector<std::unique_ptr<Peer>> peers_;
  Refused refused_;
};

}  // namespace isthmus::collector
