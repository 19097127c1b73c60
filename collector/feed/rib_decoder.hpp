#pragma once

#include <functional>
#include <string>
#include <vector>

#include "collector/feed/bgp_attributes.hpp"
#include "collector/feed/mrt_element.hpp"
#include "collector/feed/mrt_record.hpp"
#include "collector/feed/record_log.hpp"
#include "collector/feed/update_decoder.hpp"

namespace isthmus::collector {

/// Decodes RIB dumps: TABLE_DUMP (RFC 6396 section 4.2), TABLE_DUMP_V2 (4.3) with ADD-PATH
/// (RFC 8050 section 4), and the BGP4MP_ENTRY that OpenBGPD's `table-mp` writes.
class RibDecoder {
 public:
  RibDecoder(std::string source, Detail detail, PrefixFilter wanted);

  /// Takes up a record; its elements are then fetched with `next`.
  void start(const MrtRecord& record, RecordLog& log);
  /// The next element of the record, false when there are no more.
  bool next(MrtElement& element, RecordLog& log);

 private:
  void start_peers(Bytes body, RecordLog& log);
  void start_rib(Bytes body, RecordLog& log);
  void set_form(std::uint16_t subtype);
  bool read_generic_head(ByteReader& reader, RecordLog& log);
  void start_old_table(Bytes body);
  bool next_packed(RecordLog& log);
  void start_entry(Bytes body, RecordLog& log);
  void start_single(Bytes attributes, RecordLog& log);
  bool decode_entry(Bytes bytes, RecordLog& log);

  std::string source_;
  Detail detail_;
  PrefixFilter wanted_;
  AttributeDecoder decoder_;
  std::vector<VantagePoint> peers_;  ///< of the last PEER_INDEX_TABLE
  VantagePoint single_;              ///< of a record that names its own peer
  MrtElement head_;                  ///< what all elements of the record share
  Bytes packed_;                     ///< routes of a TABLE_DUMP record that are still to come
  Bytes entries_;
  std::uint32_t entries_left_ = 0;
  bool single_pending_ = false;
  AsnWidth width_ = AsnWidth::Four;
};

}  // namespace isthmus::collector
