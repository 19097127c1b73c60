#pragma once

#include <string>
#include <unordered_map>
#include <utility>

#include "collector/feed/mrt_element.hpp"
#include "collector/feed/mrt_record.hpp"
#include "collector/feed/record_log.hpp"
#include "collector/feed/update_decoder.hpp"

namespace isthmus::collector {

/// Decodes what BGP sessions said: BGP4MP and BGP4MP_ET messages and state changes (RFC 6396
/// section 4.4, RFC 8050 section 3), and the type 5 records of before 2001.
class Bgp4mpDecoder {
 public:
  Bgp4mpDecoder(std::string source, Detail detail, PrefixFilter wanted);

  void start(const MrtRecord& record, RecordLog& log);
  bool next(MrtElement& element, RecordLog& log);

 private:
  void start_message(ByteReader& reader, const MrtRecord& record, RecordLog& log);
  void read_content(ByteReader& reader, const MrtRecord& record, RecordLog& log);
  void start_old_message(ByteReader& reader, const MrtRecord& record, RecordLog& log);
  void start_state(ByteReader& reader);
  const VantagePoint* peer(Asn asn, const IpAddress& address);

  std::string source_;
  UpdateDecoder update_;
  std::unordered_map<std::uint64_t, VantagePoint> peers_;
  const VantagePoint* last_peer_ = nullptr;
  MrtElement head_;
  bool state_pending_ = false;
};

}  // namespace isthmus::collector
