#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collector/feed/adj_rib_in.hpp"
#include "collector/feed/route_batch.hpp"
#include "collector/feed/stuck_routes.hpp"
#include "collector/feed/watch_filter.hpp"
#include "core/base/result.hpp"

namespace isthmus::collector {

/// The state of all live feeds: what each of their peers says now. It turns what feeds tell into
/// what the detector has to know: changes only, of watched routes only, of witnesses only.
///
/// A feed that is lost is not a withdrawal. Its routes are held for a while; when it is back and
/// tells its table anew, only what differs goes on to the detector. The same way a restart of the
/// collector goes unnoticed: what was saved is held until the feeds are back. Only when the time is
/// over the peers are said to be down, which takes their vote away and claims nothing. Not for
/// several threads.
class LiveRib {
 public:
  struct Options {
    WatchFilter watch;
    bool keep_all = false;                    ///< keep routes that concern nothing watched too
    Duration hold = std::chrono::minutes{5};  ///< of a lost feed's routes
    /// A table that a peer tells anew is taken for whole after this, if its end is not marked.
    Duration refresh = std::chrono::minutes{3};
    AdjRibIn::Options rib;
  };

  explicit LiveRib(Options options);

  /// Takes in an element. What the detector has to know of it is added to `changes`.
  void take(const Route& route, const std::shared_ptr<const VantagePoint>& vantage, bool is_witness,
            RouteBatch& changes);
  /// Other networks are watched from now on. What is kept of them already is added to `changes`;
  /// what is not, their feeds have to tell.
  void watch(WatchFilter filter, TimePoint now, RouteBatch& changes);
  /// The feed of these vantage points does not tell of changes any more: routes are held. Views
  /// "source/..." belong to it too.
  void lost(std::string_view source, TimePoint now);
  /// It does again, and will not tell its table anew (RIS Live): held routes are taken as they are.
  void regained(std::string_view source);
  /// Ends what is held for too long, and does a small part of what large tables leave to be done.
  void tick(TimePoint now, RouteBatch& changes);

  [[nodiscard]] const AdjRibIn& rib() const { return *rib_; }
  [[nodiscard]] std::size_t routes_of(const VantagePoint& vantage) const;
  /// Whether the routes of a vantage point are from before its feed was lost, or the restart.
  [[nodiscard]] bool is_held(const VantagePoint& vantage) const;

  /// Whether a peer still tells of a watched prefix long after everybody else has given it up.
  [[nodiscard]] bool is_stuck(const VantagePoint& vantage, TimePoint now) const {
    return stuck_.is_stuck(vantage.asn, now);
  }

  /// Writes all routes to a file, which is replaced in one step. Routes with path identifiers are
  /// left out; they come back with their session.
  Result<void> save(const std::string& path, TimePoint now) const;
  /// Reads what `save` wrote: every route is held, and those of witnesses are added to `changes` as
  /// elements of a table. A file that is damaged or of another version is refused whole.
  Result<std::size_t> restore(const std::string& path, TimePoint now, RouteBatch& changes);

 private:
  using PeerId = AdjRibIn::PeerId;
  struct Peer {
    std::shared_ptr<const VantagePoint> vantage;
    bool is_witness = false;
    std::optional<TimePoint> held_until;
    std::optional<TimePoint> refresh_until;
  };
  /// What a refresh did not name is told as withdrawn, a few at a time.
  struct Sweep {
    PeerId peer = 0;
    Family family = Family::Ipv4;
    Prefix from;
  };

  Peer* peer_of(const std::shared_ptr<const VantagePoint>& vantage, bool is_witness, PeerId& id);
  void take_route(const Route& route, PeerId id, const Peer& peer, RouteBatch& changes);
  void session(const Route& route, PeerId id, Peer& peer, RouteBatch& changes);
  void start_sweep(PeerId id, Family family);
  [[nodiscard]] bool is_watched(const Prefix& prefix, const RouteAttributes* attributes) const {
    return options_.watch.matches(prefix) ||
           (attributes != nullptr && options_.watch.matches(attributes->as_path));
  }
  void tell_table(PeerId id, const Peer& peer, Family family, TimePoint now, RouteBatch& changes);
  void end_peer(PeerId id, Peer& peer, TimePoint now, RouteBatch& changes);
  void sweep_some(TimePoint now, RouteBatch& changes);
  void look_for_stuck(TimePoint now);

  Options options_;
  std::unique_ptr<AdjRibIn> rib_;
  std::map<PeerId, Peer> peers_;
  PeerId last_id_ = AdjRibIn::kNoPeer;
  Peer* last_ = nullptr;
  std::deque<Sweep> sweeps_;
  StuckRoutes stuck_;
  TimePoint next_look_;
};

}  // namespace isthmus::collector
