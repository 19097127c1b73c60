#include "probe/trace/packet_sender.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace isthmus::probe {

namespace {

bool is_v4(const OutgoingPacket& packet) {
  return std::to_integer<unsigned>(packet.bytes[0]) >> 4 == 4;
}

SendOutcome outcome_of(int error) {
  switch (error) {
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

}  // namespace

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

void PacketSender::send_local(const OutgoingPacket& packet, SendOutcome& outcome) const {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  std::memcpy(&to.sin_addr, packet.bytes.data() + 16, 4);
  const ssize_t sent = sendto(local_, packet.bytes.data(), packet.size, 0,
                              reinterpret_cast<const sockaddr*>(&to), sizeof to);
  outcome = sent >= 0 ? SendOutcome::Sent : outcome_of(errno);
}

void PacketSender::send_out(std::span<const OutgoingPacket> packets,
                            std::span<SendOutcome> outcomes) const {
  std::array<sockaddr_ll, kBatch> to{};
  std::array<iovec, kBatch> parts{};
  std::array<mmsghdr, kBatch> messages{};
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const NextHop& hop = packets[i].next_hop;
    to[i].sll_family = AF_PACKET;
    to[i].sll_protocol = htons(is_v4(packets[i]) ? ETH_P_IP : ETH_P_IPV6);
    to[i].sll_ifindex = hop.interface;
    to[i].sll_halen = hop.link_address_size;
    std::memcpy(to[i].sll_addr, hop.link_address.data(), hop.link_address.size());
    // The kernel only reads it.
    parts[i] = {const_cast<std::byte*>(packets[i].bytes.data()), packets[i].size};
    messages[i].msg_hdr.msg_name = &to[i];
    messages[i].msg_hdr.msg_namelen = sizeof to[i];
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (std::size_t done = 0; done < packets.size();) {
    const int sent =
        sendmmsg(socket_, &messages[done], static_cast<unsigned>(packets.size() - done), 0);
    if (sent > 0) {
      std::fill_n(outcomes.begin() + static_cast<std::ptrdiff_t>(done), sent, SendOutcome::Sent);
      done += static_cast<std::size_t>(sent);
    } else {
      outcomes[done++] = outcome_of(errno);
    }
  }
}

void PacketSender::send(std::span<const OutgoingPacket> packets,
                        std::span<SendOutcome> outcomes) const {
  const auto is_local = [](const OutgoingPacket& packet) {
    return packet.next_hop.is_local && is_v4(packet);
  };
  for (std::size_t begin = 0; begin < packets.size();) {
    if (is_local(packets[begin])) {
      send_local(packets[begin], outcomes[begin]);
      ++begin;
      continue;
    }
    std::size_t end = begin + 1;
    while (end < packets.size() && end - begin < kBatch && !is_local(packets[end])) {
      ++end;
    }
    send_out(packets.subspan(begin, end - begin), outcomes.subspan(begin, end - begin));
    begin = end;
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

}  // namespace isthmus::probe
