#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/net/address.hpp"

namespace isthmus::probe {

/// Where a packet leaves this host, as `sendto` on a packet socket wants it.
struct NextHop {
  int interface = 0;  ///< index
  IpAddress source;   ///< the address the kernel would choose
  std::array<std::uint8_t, 8> link_address{};
  bool is_local = false;               ///< the destination is an address of this host
  std::uint8_t link_address_size = 0;  ///< 0 where the link has none: loopback, tunnels
};

/// Why there is no next hop, now or for good.
enum class RouteFault : std::uint8_t { NoRoute, Unresolved, Unreachable };

/// Asks the kernel, by rtnetlink, for the route to an address and the gateway's link address.
///
/// Answers are remembered until the kernel reports a change of routes, addresses, links or
/// neighbours. An unknown neighbour is made known by an empty datagram to its discard port.
class RouteLookup {
 public:
  /// `source`, where given, is what routes are looked up for.
  static Result<RouteLookup> open(std::optional<IpAddress> source_v4,
                                  std::optional<IpAddress> source_v6);
  RouteLookup(RouteLookup&& other) noexcept;
  RouteLookup& operator=(RouteLookup&&) = delete;
  RouteLookup(const RouteLookup&) = delete;
  RouteLookup& operator=(const RouteLookup&) = delete;
  ~RouteLookup();

  /// Unresolved: ask again in some milliseconds. After three seconds it is Unreachable.
  Result<NextHop, RouteFault> find(const IpAddress& destination, Duration now);
  /// Reads what the kernel reported since; forgets everything if something changed. True if that
  /// was more than a neighbour: a link, an address or a route.
  bool follow_changes();
  /// Changes followed so far.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

 private:
  struct Gateway {
    int interface = 0;
    IpAddress address;
    IpAddress source;
    bool has_neighbour = true;
    bool is_local = false;
    friend auto operator<=>(const Gateway&, const Gateway&) = default;
  };

  RouteLookup(int query, int events, std::optional<IpAddress> source_v4,
              std::optional<IpAddress> source_v6);
  std::optional<Gateway> ask_route(const IpAddress& destination);
  std::optional<NextHop> ask_neighbour(const Gateway& gateway);
  /// Sends a request and hands each answering message to `use`.
  template <typename Use>
  bool request(const void* message, std::size_t size, const Use& use);

  int query_;
  int events_;
  std::optional<IpAddress> source_v4_;
  std::optional<IpAddress> source_v6_;
  std::uint32_t sequence_ = 0;
  std::uint64_t changes_ = 0;
  boost::unordered_flat_map<IpAddress, NextHop> known_;
  std::map<Gateway, Duration> unresolved_;  ///< since when
};

}  // namespace isthmus::probe
