#pragma once

#include <array>
#include <string>
#include <unordered_map>
#include <utility>

#include "collector/feed/bgp_attributes.hpp"
#include "collector/feed/mrt_element.hpp"
#include "collector/feed/record_log.hpp"
#include "collector/feed/rib_decoder.hpp"

namespace isthmus::collector {

/// Decodes what BGP sessions said: BGP4MP and BGP4MP_ET messages and state changes (RFC 6396
/// section 4.4, RFC 8050 section 3), and the type 5 records of before 2001.
class Bgp4mpDecoder {
 public:
  Bgp4mpDecoder(std::string source, Detail detail, PrefixFilter wanted);

  void start(const MrtRecord& record, RecordLog& log);
  bool next(MrtElement& element, RecordLog& log);

  /// Takes up the body of one UPDATE, behind its header; also for sessions that are no archive.
  void start_update(Bytes body, AsnWidth width, RecordLog& log);

 private:
  /// One NLRI field on its way out.
  struct Group {
    RouteKind kind = RouteKind::Withdraw;
    Family family = Family::Ipv4;
    std::uint8_t safi = 1;
    bool add_path = false;
    Bytes nlri;
    std::optional<IpAddress> next_hop;
  };

  void start_message(ByteReader& reader, const MrtRecord& record, RecordLog& log);
  void read_content(ByteReader& reader, const MrtRecord& record, RecordLog& log);
  void start_old_message(ByteReader& reader, const MrtRecord& record, RecordLog& log);
  void start_state(ByteReader& reader);
  const VantagePoint* peer(Asn asn, const IpAddress& address);
  void add_group(const Group& group, RecordLog& log);
  void add_mp_group(const MpNlri& mp, RouteKind kind, RecordLog& log);

  std::string source_;
  Detail detail_;
  PrefixFilter wanted_;
  AttributeDecoder decoder_;
  std::unordered_map<std::uint64_t, VantagePoint> peers_;
  const VantagePoint* last_peer_ = nullptr;
  MrtElement head_;
  std::array<Group, 4> groups_;
  std::size_t group_count_ = 0;
  std::size_t group_ = 0;
  bool state_pending_ = false;
};

}  // namespace isthmus::collector
