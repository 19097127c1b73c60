#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "collector/feed/bmp_listener.hpp"
#include "collector/feed/bmp_session.hpp"
#include "collector/feed/silence_watch.hpp"
#include "core/net/prefix_map.hpp"
#include "core/runtime/byte_stream.hpp"

// The inside of BmpListener: who is let in, and what becomes of his connection.

namespace isthmus::collector {

struct BmpListener::Impl {
  /// One TCP connection.
  struct Connection {
    Connection(net::ip::tcp::socket socket, std::string router, const IpAddress& address)
        : held_back{socket.get_executor()},
          stream{std::move(socket)},
          name{std::move(router)},
          from{address} {}

    net::steady_timer held_back;
    ByteStream stream;
    std::string name;
    IpAddress from;
    std::unique_ptr<BmpSession> session;
    RouteBatch changes;
    std::string head;  ///< until there is enough to see that it is BMP
    bool has_begun = false;
    /// What it may still tell before it is held back, and when that was true.
    double allowance = 0;
    std::chrono::steady_clock::time_point allowed_at;
    bool is_held_back = false;
    bool table_seen = false;
    TimePoint last_element;
    bool is_counted = false;  ///< its first message has come: it is the router's session now
  };
  /// A router over all of its connections.
  struct Known {
    FeedState state = FeedState::Waiting;
    std::string detail;
    FeedCounters past;  ///< of connections that have ended
    SilenceWatch silence;
    TimePoint connected_at;
    Duration lag{};
    std::shared_ptr<Connection> connection;
    std::vector<FeedPeerStatus> last_peers;
  };

  Impl(const net::any_io_executor& on, Options given, FeedOutlet& out)
      : executor{on},
        options{std::move(given)},
        outlet{out},
        pause{on} {
    for (const Router& router : options.routers) {
      routers.insert(router.from, router.name);
      if (router.from.length() == address_bits(router.from.family())) {
        known[router.name];
      }
    }
  }

  static Task<> accept_all(std::shared_ptr<Impl> self,
                           std::shared_ptr<net::ip::tcp::acceptor> acceptor);
  static Task<> serve(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection);
  Task<bool> open(Connection& connection);
  Task<> read_all(std::shared_ptr<Connection> connection);
  Task<> hold_back(Connection& connection, std::size_t told);
  void admit(net::ip::tcp::socket socket);
  void make_room();
  void take_over(const Connection& connection);
  void established(const std::shared_ptr<Connection>& connection);
  void ended(const std::shared_ptr<Connection>& connection, std::string why);
  void end_session(const std::string& name, Known& router, FeedState state, std::string why);
  void hear(Connection& connection, const BmpElement& element);

  net::any_io_executor executor;
  Options options;
  FeedOutlet& outlet;
  std::vector<std::shared_ptr<net::ip::tcp::acceptor>> acceptors;
  net::steady_timer pause;
  PrefixMap<std::string> routers;
  std::map<std::string, Known> known;
  std::list<std::shared_ptr<Connection>> connections;  ///< the oldest first
  Refusals refusals;
  std::weak_ptr<Impl> weak_self;
  bool is_stopped = false;
};

/// Adds the counters of one connection to those of others.
void add(FeedCounters& sum, const FeedCounters& more);

}  // namespace isthmus::collector
