#include <optional>

#include "collector/feed/mrt_record.hpp"

namespace isthmus::collector {
namespace {

/// What a reader has taken out of a body; nothing if it wanted more than there was.
std::optional<std::size_t> taken(const MrtRecord& record, const ByteReader& reader) {
  return reader.ok() ? std::optional{record.body.size() - reader.size()} : std::nullopt;
}

std::optional<std::size_t> bgp4mp_size(const MrtRecord& record) {
  constexpr std::uint16_t kHeader = 19;
  ByteReader reader{record.body};
  const bool wide = record.subtype == 4 || record.subtype == 5 || record.subtype == 7 ||
                    record.subtype == 9 || record.subtype == 11;
  reader.skip(wide ? 8 : 4);
  reader.skip(2);
  const std::uint16_t family = reader.u16();
  if (record.subtype == 2 || record.subtype == 3 || family < 1 || family > 2) {
    return std::nullopt;
  }
  reader.skip(family == 1 ? 8 : 32);
  if (record.subtype == 0 || record.subtype == 5) {
    reader.skip(4);
    return taken(record, reader);
  }
  reader.skip(16);
  const std::uint16_t length = reader.u16();
  if (length < kHeader) {
    return std::nullopt;
  }
  reader.skip(length - std::size_t{18});
  return taken(record, reader);
}

std::optional<std::size_t> rib_size(const MrtRecord& record) {
  ByteReader reader{record.body};
  reader.skip(4);
  if (record.subtype == 1) {
    reader.skip(reader.u16());
    for (std::uint16_t peers = reader.u16(); peers > 0 && reader.ok(); --peers) {
      const std::uint8_t type = reader.u8();
      reader.skip(4 + ((type & 1) != 0 ? 16U : 4U) + ((type & 2) != 0 ? 4U : 2U));
    }
    return taken(record, reader);
  }
  if (record.subtype == 6 || record.subtype == 7 || record.subtype == 12) {
    return std::nullopt;
  }
  const bool add_path = record.subtype >= 8;
  const bool six =
      record.subtype == 4 || record.subtype == 5 || record.subtype == 10 || record.subtype == 11;
  const std::uint8_t bits = reader.u8();
  if (bits > (six ? 128 : 32)) {
    return std::nullopt;
  }
  reader.skip((bits + 7U) / 8);
  for (std::uint16_t entries = reader.u16(); entries > 0 && reader.ok(); --entries) {
    reader.skip(add_path ? 10 : 6);
    reader.skip(reader.u16());
  }
  return taken(record, reader);
}

std::optional<std::size_t> table_size(const MrtRecord& record) {
  ByteReader reader{record.body};
  reader.skip(record.subtype == 2 || record.subtype == 4 ? 42 : 18);
  reader.skip(record.subtype >= 3 ? 4 : 2);
  reader.skip(reader.u16());
  return taken(record, reader);
}

bool well_formed_old(const MrtRecord& record) {
  ByteReader reader{record.body};
  constexpr std::uint16_t kUpdate = 1;
  constexpr std::uint16_t kStateChange = 3;
  constexpr std::size_t kMaxMessage = 4096;
  if (record.subtype == kStateChange) {
    return reader.size() == 10;
  }
  if (record.subtype != kUpdate) {
    return reader.size() <= kMaxMessage;
  }
  reader.skip(12);
  reader.skip(reader.u16());
  reader.skip(reader.u16());
  return reader.ok();
}

}  // namespace

bool carries_bgp(MrtType type) {
  return type == MrtType::Bgp || type == MrtType::TableDump || type == MrtType::TableDumpV2 ||
         type == MrtType::Bgp4mp || type == MrtType::Bgp4mpEt;
}

std::optional<std::size_t> content_size(const MrtRecord& record) {
  switch (record.type) {
    case MrtType::Bgp4mp:
    case MrtType::Bgp4mpEt:
      return bgp4mp_size(record);
    case MrtType::TableDumpV2:
      return rib_size(record);
    case MrtType::TableDump:
      return table_size(record);
    default:
      return std::nullopt;
  }
}

bool is_well_formed(const MrtRecord& record) {
  switch (record.type) {
    case MrtType::Bgp4mp:
    case MrtType::Bgp4mpEt:
      return record.subtype == 2 || record.subtype == 3 || content_size(record).has_value();
    case MrtType::TableDumpV2:
      return record.subtype == 6 || record.subtype == 7 || record.subtype == 12 ||
             content_size(record) == record.body.size();
    case MrtType::TableDump:
      return content_size(record).has_value();
    case MrtType::Bgp:
      return well_formed_old(record);
    default:
      return true;
  }
}

}  // namespace isthmus::collector
