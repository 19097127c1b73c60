#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "probe/trace/route_lookup.hpp"

namespace isthmus::probe {

/// What became of a packet that was handed to the kernel.
enum class SendOutcome : std::uint8_t {
  Sent,
  Busy,     ///< a full queue (ENOBUFS, EAGAIN): it may go later
  Down,     ///< the interface is down or gone: later perhaps
  Refused,  ///< EPERM, EMSGSIZE and all else: never
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

  [[nodiscard]] SendOutcome send(Bytes packet, const NextHop& next_hop) const;

 private:
  PacketSender(int socket, int local) : socket_{socket}, local_{local} {}

  int socket_;
  int local_;
};

/// How to give the running program what it lacks: a sentence with the command.
std::string missing_capability();

/// Drops every capability of the process for good, and the right to gain new ones; root, too, keeps
/// none. Call it when all sockets are open.
Result<bool> drop_capabilities();

}  // namespace isthmus::probe
