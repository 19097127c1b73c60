#include "probe/trace/packet_sender.hpp"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace isthmus::probe {

Result<PacketSender> PacketSender::open() {
  // Protocol 0: nothing is received on it.
  const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return fail(errno == EPERM
                    ? missing_capability()
                    : std::string{"cannot open a packet socket: "} + std::strerror(errno));
  }
  const int local = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
  return PacketSender{fd, local};
}

PacketSender::PacketSender(PacketSender&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)},
      local_{std::exchange(other.local_, -1)} {}

PacketSender::~PacketSender() {
  if (socket_ >= 0) {
    close(socket_);
    close(local_);
  }
}

SendOutcome PacketSender::send(Bytes packet, const NextHop& next_hop) const {
  const bool is_v4 = std::to_integer<unsigned>(packet[0]) >> 4 == 4;
  ssize_t sent = -1;
  if (next_hop.is_local && is_v4) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, packet.data() + 16, 4);
    sent = sendto(local_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                  sizeof to);
  } else {
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_protocol = htons(is_v4 ? ETH_P_IP : ETH_P_IPV6);
    to.sll_ifindex = next_hop.interface;
    to.sll_halen = next_hop.link_address_size;
    std::memcpy(to.sll_addr, next_hop.link_address.data(), next_hop.link_address.size());
    sent = sendto(socket_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                  sizeof to);
  }
  if (sent >= 0) {
    return SendOutcome::Sent;
  }
  switch (errno) {
    case ENOBUFS:
    case EAGAIN:
    case EINTR:
      return SendOutcome::Busy;
    case ENETDOWN:
    case ENXIO:
    case ENODEV:
      return SendOutcome::Down;
    default:
      return SendOutcome::Refused;
  }
}

std::string missing_capability() {
  std::array<char, 4096> path{};
  const auto size = readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string program = size > 0 ? std::string{path.data(), static_cast<std::size_t>(size)}
                                       : std::string{"isthmus-probe"};
  return "sending and capturing probe packets needs the capability CAP_NET_RAW. Give it to the "
         "program "
         "once, as root, and run it as any user:\n  setcap cap_net_raw+ep " +
         program + "\nor run it as root";
}

Result<bool> drop_capabilities() {
  for (int each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; ++each) {
    // Fails without CAP_SETPCAP; then there is nothing above our own set to gain either.
    prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, 2> none{};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_capset, &header, none.data()) != 0) {
    return fail(std::string{"cannot drop capabilities: "} + std::strerror(errno));
  }
  return true;
}

}  // namespace isthmus::probe
