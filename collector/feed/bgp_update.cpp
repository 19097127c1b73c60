#include "collector/feed/bgp_update.hpp"

namespace isthmus::collector {
namespace {

/// An address whose end is left out.
IpAddress read_address(Family family, Bytes bytes) {
  if (family == Family::Ipv6) {
    return IpAddress::from_bytes(family, bytes);
  }
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | (i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i]) : 0U);
  }
  return IpAddress::v4(value);
}

struct Scan {
  std::size_t good = 0;  ///< bytes up to the first malformed prefix
  std::size_t defaults = 0;
};

Scan scan(Bytes field, Family family, bool add_path) {
  const unsigned most = address_bits(family);
  Scan result;
  ByteReader reader{field};
  while (!reader.empty()) {
    if (add_path) {
      reader.skip(4);
    }
    const unsigned bits = reader.u8();
    reader.skip((bits + 7) / 8);
    if (!reader.ok() || bits > most) {
      break;
    }
    result.good = field.size() - reader.size();
    result.defaults += bits == 0 ? 1 : 0;
  }
  return result;
}

}  // namespace

std::optional<UpdateFields> split_update(Bytes body) {
  ByteReader reader{body};
  UpdateFields fields;
  fields.withdrawn = reader.take(reader.u16());
  fields.attributes = reader.take(reader.u16());
  fields.nlri = reader.rest();
  if (!reader.ok()) {
    return std::nullopt;
  }
  return fields;
}

std::optional<Nlri> next_nlri(ByteReader& reader, Family family, bool add_path) {
  Nlri nlri;
  if (add_path) {
    nlri.path_id = reader.u32();
  }
  const unsigned bits = reader.u8();
  const Bytes address = reader.take((bits + 7) / 8);
  if (!reader.ok() || bits > address_bits(family)) {
    return std::nullopt;
  }
  nlri.prefix = Prefix::covering(read_address(family, address), bits);
  return nlri;
}

NlriCheck check_nlri(Bytes field, Family family, bool add_path) {
  const Scan declared = scan(field, family, add_path);
  NlriCheck check{add_path, declared.good};
  if (!add_path && declared.defaults > 1) {
    const Scan other = scan(field, family, true);
    const bool better = other.good == field.size() && other.defaults == 0;
    check = {better, better ? other.good : 0};
  } else if (declared.good < field.size() && declared.defaults > 0) {
    check.usable = 0;
  }
  return check;
}

}  // namespace isthmus::collector
