#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// A route collector as its own archive shows it: the near end of each session.
struct ArchiveOwner {
  std::string name;  ///< the view name of a RIB dump: "rrc00"
  Asn asn;
  IpAddress address = IpAddress::v4(0);        ///< IPv4; its BGP identifier as well
  IpAddress address_v6 = IpAddress::v6(0, 0);  ///< the near end of IPv6 sessions
};

/// Appends MRT records (RFC 6396) to a buffer: RIB dumps as TABLE_DUMP_V2, updates and session
/// states as BGP4MP_ET with four-octet ASNs and microseconds. What it refuses leaves the buffer as
/// it was. Reasons: a time before 1970 or after 2106, attributes that fill a whole message, more
/// than 65,535 peers or entries, an ADD-PATH identifier (RFC 8050 is not written).
class MrtWriter {
 public:
  explicit MrtWriter(ArchiveOwner owner) : owner_{std::move(owner)} {}

  /// What one peer has of a prefix at the time of a dump.
  struct RibEntry {
    std::uint16_t peer = 0;  ///< position in the peer index table
    TimePoint originated;    ///< since when the peer has this route; whole seconds are kept
    const RouteAttributes* attributes = nullptr;
  };

  /// The table that must stand before the RIB records of a dump (section 4.3.1).
  Result<void> peer_index_table(TimePoint time, std::span<const VantagePoint> peers);
  /// RIB_IPV4_UNICAST or RIB_IPV6_UNICAST (section 4.3.2); sequence numbers start at 0 after each
  /// peer index table.
  Result<void> rib(TimePoint time, const Prefix& prefix, std::span<const RibEntry> entries);

  /// Prefixes of either family that share attributes, in as few UPDATE messages of at most 4,096
  /// octets as they need. IPv6, and IPv4 behind an IPv6 next hop (RFC 8950), goes by MP_REACH_NLRI
  /// (RFC 4760). Without a next hop the peer's address is one.
  Result<void> announce(TimePoint time, const VantagePoint& peer, const RouteAttributes& attributes,
                        std::span<const Prefix> prefixes);
  /// IPv6 goes by MP_UNREACH_NLRI.
  Result<void> withdraw(TimePoint time, const VantagePoint& peer, std::span<const Prefix> prefixes);
  /// BGP4MP_STATE_CHANGE_AS4: OpenConfirm to Established, or Established to Idle.
  Result<void> state_change(TimePoint time, const VantagePoint& peer, bool up);
  /// Any element but one of a table, as the feed that it came from said it.
  Result<void> append(const Route& route);

  [[nodiscard]] Bytes view() const { return out_.view(); }
  /// Forgets what was written, keeps the sequence number of the dump.
  void clear() { out_.clear(); }

 private:
  /// Where a record whose lengths are not known yet begins, and the BGP message in it.
  struct Open {
    std::size_t record = 0;
    std::size_t message = 0;
  };

  std::size_t begin(TimePoint time, std::uint16_t type, std::uint16_t subtype);
  void end(std::size_t start);
  Open begin_update(TimePoint time, const VantagePoint& peer);
  void end_update(const Open& open);
  void session(const VantagePoint& peer);

  ArchiveOwner owner_;
  ByteWriter out_;
  std::uint32_t sequence_ = 0;
};

}  // namespace isthmus::collector
