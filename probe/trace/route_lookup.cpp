#include "probe/trace/route_lookup.hpp"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "core/base/bytes.hpp"

namespace isthmus::probe {
namespace {

constexpr Duration kGiveUp = std::chrono::seconds{3};
/// More than any list of targets that is under way at once.
constexpr std::size_t kMostKnown = 262'144;

struct Request {
  nlmsghdr header;
  union {
    rtmsg route;
    ndmsg neighbour;
  };
  std::array<char, 64> attributes;
};

void add_attribute(Request& message, std::uint16_t type, Bytes value) {
  rtattr attribute{.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size())),
                   .rta_type = type};
  char* const end = reinterpret_cast<char*>(&message) + NLMSG_ALIGN(message.header.nlmsg_len);
  std::memcpy(end, &attribute, sizeof attribute);
  std::memcpy(end + sizeof attribute, value.data(), value.size());
  message.header.nlmsg_len = NLMSG_ALIGN(message.header.nlmsg_len) + RTA_ALIGN(attribute.rta_len);
}

void add_address(Request& message, std::uint16_t type, const IpAddress& address) {
  const auto octets = address.octets();
  add_attribute(message, type, Bytes{octets}.first(address_octets(address.family())));
}

std::uint8_t family_number(const IpAddress& address) {
  return address.is_v4() ? AF_INET : AF_INET6;
}

/// Calls `use` with each attribute's type and value.
template <typename Use>
void for_each_attribute(Bytes attributes, const Use& use) {
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, attributes.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > attributes.size()) {
      return;
    }
    use(head.rta_type, attributes.subspan(sizeof head, head.rta_len - sizeof head));
    attributes =
        attributes.subspan(std::min<std::size_t>(RTA_ALIGN(head.rta_len), attributes.size()));
  }
}

int read_number(Bytes value) {
  int number = 0;
  std::memcpy(&number, value.data(), std::min(sizeof number, value.size()));
  return number;
}

int open_netlink(std::uint32_t groups) {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (groups != 0 ? SOCK_NONBLOCK : 0),
                        NETLINK_ROUTE);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

bool needs_neighbour(int interface) {
  ifreq request{};
  if (if_indextoname(static_cast<unsigned>(interface), request.ifr_name) == nullptr) {
    return false;
  }
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool known = ioctl(fd, SIOCGIFHWADDR, &request) == 0;
  const auto type = request.ifr_hwaddr.sa_family;
  const bool has_flags = ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  close(fd);
  return known && type == ARPHRD_ETHER && has_flags && (request.ifr_flags & IFF_NOARP) == 0;
}

/// The kernel resolves the address of whom it sends to.
void nudge(const IpAddress& address, int interface) {
  const int fd = socket(family_number(address), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto octets = address.octets();
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_in);
  if (address.is_v4()) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    std::memcpy(&to.sin_addr, octets.data(), 4);
    std::memcpy(&storage, &to, sizeof to);
  } else {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(9);
    to.sin6_scope_id = static_cast<std::uint32_t>(interface);
    std::memcpy(&to.sin6_addr, octets.data(), 16);
    std::memcpy(&storage, &to, sizeof to);
    size = sizeof to;
  }
  // Nothing depends on its success: the neighbour stays unresolved, and we ask again.
  static_cast<void>(sendto(fd, nullptr, 0, 0, reinterpret_cast<sockaddr*>(&storage), size));
  close(fd);
}

}  // namespace

Result<RouteLookup> RouteLookup::open(std::optional<IpAddress> source_v4,
                                      std::optional<IpAddress> source_v6) {
  const int query = open_netlink(0);
  const int events = open_netlink(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE |
                                  RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
  if (query < 0 || events < 0) {
    return fail(std::string{"cannot ask the kernel for routes (netlink): "} + std::strerror(errno));
  }
  return RouteLookup{query, events, source_v4, source_v6};
}

RouteLookup::RouteLookup(int query, int events, std::optional<IpAddress> source_v4,
                         std::optional<IpAddress> source_v6)
    : query_{query},
      events_{events},
      source_v4_{source_v4},
      source_v6_{source_v6} {}

RouteLookup::RouteLookup(RouteLookup&& other) noexcept
    : query_{std::exchange(other.query_, -1)},
      events_{std::exchange(other.events_, -1)},
      source_v4_{other.source_v4_},
      source_v6_{other.source_v6_} {}

RouteLookup::~RouteLookup() {
  if (query_ >= 0) {
    close(query_);
    close(events_);
  }
}

template <typename Use>
bool RouteLookup::request(const void* message, std::size_t size, const Use& use) {
  if (send(query_, message, size, 0) < 0) {
    return false;
  }
  alignas(nlmsghdr) std::array<std::byte, 8192> buffer{};
  const auto received = recv(query_, buffer.data(), buffer.size(), 0);
  if (received < static_cast<ssize_t>(sizeof(nlmsghdr))) {
    return false;
  }
  nlmsghdr header{};
  std::memcpy(&header, buffer.data(), sizeof header);
  if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_seq != sequence_ ||
      header.nlmsg_len > static_cast<std::size_t>(received)) {
    return false;
  }
  use(Bytes{buffer}.first(header.nlmsg_len).subspan(NLMSG_HDRLEN));
  return true;
}

std::optional<RouteLookup::Gateway> RouteLookup::ask_route(const IpAddress& destination) {
  Request message{};
  message.header.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
  message.header.nlmsg_type = RTM_GETROUTE;
  message.header.nlmsg_flags = NLM_F_REQUEST;
  message.header.nlmsg_seq = ++sequence_;
  message.route.rtm_family = family_number(destination);
  message.route.rtm_dst_len = static_cast<std::uint8_t>(address_bits(destination.family()));
  add_address(message, RTA_DST, destination);
  const auto& wish = destination.is_v4() ? source_v4_ : source_v6_;
  if (wish) {
    message.route.rtm_src_len = message.route.rtm_dst_len;
    add_address(message, RTA_SRC, *wish);
  }
  Gateway gateway{.address = destination};
  bool has_source = false;
  bool is_usable = false;
  const bool answered = request(&message, message.header.nlmsg_len, [&](Bytes body) {
    rtmsg route{};
    std::memcpy(&route, body.data(), sizeof route);
    is_usable = route.rtm_type == RTN_UNICAST || route.rtm_type == RTN_LOCAL;
    const Family family = destination.family();
    for_each_attribute(body.subspan(NLMSG_ALIGN(sizeof(rtmsg))), [&](int type, Bytes value) {
      if (type == RTA_OIF) {
        gateway.interface = read_number(value);
      } else if (type == RTA_GATEWAY) {
        gateway.address = IpAddress::from_bytes(family, value);
      } else if (type == RTA_VIA && value.size() >= 2 + 16) {
        gateway.address = IpAddress::from_bytes(Family::Ipv6, value.subspan(2));
      } else if (type == RTA_PREFSRC) {
        gateway.source = IpAddress::from_bytes(family, value);
        has_source = true;
      }
    });
    gateway.has_neighbour = route.rtm_type == RTN_UNICAST;
    gateway.is_local = route.rtm_type == RTN_LOCAL;
  });
  if (!answered || !is_usable || gateway.interface == 0) {
    return std::nullopt;
  }
  if (wish) {
    gateway.source = *wish;
  } else if (!has_source) {
    return std::nullopt;
  }
  gateway.has_neighbour = gateway.has_neighbour && needs_neighbour(gateway.interface);
  return gateway;
}

std::optional<NextHop> RouteLookup::ask_neighbour(const Gateway& gateway) {
  NextHop hop{
      .interface = gateway.interface, .source = gateway.source, .is_local = gateway.is_local};
  if (!gateway.has_neighbour) {
    return hop;
  }
  Request message{};
  message.header.nlmsg_len = NLMSG_LENGTH(sizeof(ndmsg));
  message.header.nlmsg_type = RTM_GETNEIGH;
  message.header.nlmsg_flags = NLM_F_REQUEST;
  message.header.nlmsg_seq = ++sequence_;
  message.neighbour.ndm_family = family_number(gateway.address);
  message.neighbour.ndm_ifindex = gateway.interface;
  add_address(message, NDA_DST, gateway.address);
  bool is_known = false;
  request(&message, message.header.nlmsg_len, [&](Bytes body) {
    ndmsg neighbour{};
    std::memcpy(&neighbour, body.data(), sizeof neighbour);
    is_known = (neighbour.ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE |
                                       NUD_PERMANENT | NUD_NOARP)) != 0;
    for_each_attribute(body.subspan(NLMSG_ALIGN(sizeof(ndmsg))), [&](int type, Bytes value) {
      if (type == NDA_LLADDR && value.size() <= hop.link_address.size()) {
        std::memcpy(hop.link_address.data(), value.data(), value.size());
        hop.link_address_size = static_cast<std::uint8_t>(value.size());
      }
    });
  });
  return is_known && hop.link_address_size > 0 ? std::optional{hop} : std::nullopt;
}

Result<NextHop, RouteFault> RouteLookup::find(const IpAddress& destination, Duration now) {
  if (const auto known = known_.find(destination); known != known_.end()) {
    return known->second;
  }
  const auto gateway = ask_route(destination);
  if (!gateway) {
    return unexpected{RouteFault::NoRoute};
  }
  const auto hop = ask_neighbour(*gateway);
  if (hop) {
    unresolved_.erase(*gateway);
    if (known_.size() >= kMostKnown) {
      known_.clear();
    }
    known_.emplace(destination, *hop);
    return *hop;
  }
  const auto [since, is_new] = unresolved_.try_emplace(*gateway, now);
  if (is_new) {
    nudge(gateway->address, gateway->interface);
  } else if (now - since->second > kGiveUp) {
    if (now - since->second > 2 * kGiveUp) {
      unresolved_.erase(since);  // it may have come up: the next trace asks anew
    }
    return unexpected{RouteFault::Unreachable};
  }
  return unexpected{RouteFault::Unresolved};
}

bool RouteLookup::follow_changes() {
  alignas(nlmsghdr) std::array<std::byte, 16'384> buffer{};
  bool changed = false;
  bool is_way = false;
  while (true) {
    errno = 0;
    const auto received = recv(events_, buffer.data(), buffer.size(), 0);
    if (received <= 0 && errno != ENOBUFS) {
      break;
    }
    changed = true;
    nlmsghdr header{};
    std::memcpy(&header, buffer.data(), sizeof header);
    // ENOBUFS: reports were lost, and may have been of any kind.
    is_way = is_way || received <= 0 ||
             (header.nlmsg_type != RTM_NEWNEIGH && header.nlmsg_type != RTM_DELNEIGH);
  }
  if (changed) {
    ++changes_;
    known_.clear();
  }
  if (is_way) {
    // A neighbour that did not answer before may do so on the new way. Reports of neighbours do not
    // count: our own nudge makes one.
    unresolved_.clear();
  }
  return is_way;
}

}  // namespace isthmus::probe
