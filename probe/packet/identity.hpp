#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "probe/packet/probe.hpp"
#include "probe/packet/reply_packet.hpp"

namespace isthmus::probe {

/// What an engine may have sent, and so will take an answer to.
struct Expectation {
  std::uint8_t newest_round = 0;
  std::uint8_t rounds = 1;             ///< the newest and those before it; 1 to 255
  std::uint16_t flows = 1;             ///< flows in use: 0 to flows - 1
  std::span<const IpAddress> targets;  ///< by the index that payloads carry
};

/// The probe that a packet speaks of.
struct Identity {
  ProbeId id;
  /// Something between us and who answered rewrites addresses, ports, IP-ID or checksum: the tag
  /// fits, another field does not.
  bool nat = false;
  /// The tag fits in all the bits that came back: 26 at least. Else only the 10 of the IP-ID do.
  bool certain = true;
};

/// Recognises a reply by the tag in what it quotes or echoes; nothing if it is foreign: another
/// program's, another instance's, forged, or of a round that is not expected. Stateless: a
/// recognised probe need not be outstanding.
std::optional<Identity> identify(const ProbeFormat& format, const Expectation& expected,
                                 const ReplyPacket& reply);

/// The index of the target that the payload in a quotation or an echo reply names; not to be
/// trusted before `identify` has found its tag. Nothing where no payload came back.
std::optional<std::uint32_t> claimed_target(const ReplyPacket& reply);

/// The same as `identify` for a probe packet of our own, seen by the capture as it left.
std::optional<Identity> identify_sent(const ProbeFormat& format, const Expectation& expected,
                                      Bytes packet);

}  // namespace isthmus::probe
