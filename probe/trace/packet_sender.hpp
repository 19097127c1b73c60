#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "probe/packet/probe.hpp"
#include "probe/trace/route_lookup.hpp"

namespace isthmus::probe {

/// What became of a packet that was handed to the kernel.
enum class SendOutcome : std::uint8_t {
  Sent,
  Busy,     ///< a full queue (ENOBUFS, EAGAIN): it may go later
  Down,     ///< the interface is down or gone: later perhaps
  Refused,  ///< EPERM, EMSGSIZE and all else: never
};

/// An IP packet, and where it leaves.
struct OutgoingPacket {
  std::array<std::byte, kLongestProbe> bytes;
  std::size_t size = 0;
  NextHop next_hop;
  [[nodiscard]] Bytes view() const { return std::span{bytes}.first(size); }
};

/// Sends IP packets through a packet socket: the kernel puts the link header on, Ethernet, VLAN,
/// loopback and tunnels alike, and looks at neither route nor firewall. Only IPv4 packets to this
/// host go through a raw socket: the kernel takes injected ones from 127.0.0.1 for martians.
class PacketSender {
 public:
  /// Needs CAP_NET_RAW; the error says how to give it.
  static Result<PacketSender> open();
  PacketSender(PacketSender&& other) noexcept;
  PacketSender& operator=(PacketSender&&) = delete;
  PacketSender(const PacketSender&) = delete;
  PacketSender& operator=(const PacketSender&) = delete;
  ~PacketSender();

  /// Packets that one call of the kernel takes at most.
  static constexpr std::size_t kBatch = 64;

  /// Sends packets in their order and says what became of each; as many outcomes as packets. One
  /// that fails does not hold up those behind it.
  void send(std::span<const OutgoingPacket> packets, std::span<SendOutcome> outcomes) const;

 private:
  void send_local(const OutgoingPacket& packet, SendOutcome& outcome) const;
  void send_out(std::span<const OutgoingPacket> packets, std::span<SendOutcome> outcomes) const;

  PacketSender(int socket, int local) : socket_{socket}, local_{local} {}

  int socket_;
  int local_;
};

/// How to give the running program what it lacks: a sentence with the command.
std::string missing_capability();

}  // namespace isthmus::probe
