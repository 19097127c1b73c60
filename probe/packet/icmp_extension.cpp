#include "probe/packet/icmp_extension.hpp"

#include "probe/packet/checksum.hpp"

namespace isthmus::probe {
namespace {

constexpr std::size_t kOldQuote = 128;

enum class Proof : std::uint8_t { LengthStated, ChecksumOnly };

bool is_structure(Bytes bytes, Proof proof) {
  if (bytes.size() < 4 || std::to_integer<unsigned>(bytes[0]) >> 4 != 2) {
    return false;
  }
  const bool has_checksum = bytes[2] != std::byte{} || bytes[3] != std::byte{};
  if (!has_checksum) {
    return proof == Proof::LengthStated;
  }
  return checksum_of(checksum_add(0, bytes)) == 0;
}

}  // namespace

QuoteSplit split_quote(Bytes body, std::size_t stated_length) {
  const std::size_t length = stated_length == 0 ? kOldQuote : stated_length;
  const Proof proof = stated_length == 0 ? Proof::ChecksumOnly : Proof::LengthStated;
  if (length >= body.size()) {
    return {body, {}, {}};
  }
  const Bytes tail = body.subspan(length);
  if (is_structure(tail, proof)) {
    return {body.first(length), tail, {}};
  }
  // A router that did not say a length just quotes on.
  return stated_length == 0 ? QuoteSplit{body, {}, {}} : QuoteSplit{body.first(length), {}, tail};
}

std::optional<ExtensionObject> ExtensionReader::next() {
  ByteReader ahead = reader_;
  const std::size_t length = ahead.u16();
  ExtensionObject object;
  object.class_number = ahead.u8();
  object.type = ahead.u8();
  if (!ahead.ok() || length < 4) {
    return std::nullopt;
  }
  object.payload = ahead.take(length - 4);
  if (!ahead.ok()) {
    return std::nullopt;
  }
  reader_ = ahead;
  return object;
}

void append_mpls(const ExtensionObject& object, std::vector<MplsLabel>& labels) {
  ByteReader reader{object.payload};
  while (reader.size() >= 4) {
    const std::uint32_t entry = reader.u32();
    labels.push_back({.label = entry >> 12,
                      .traffic_class = static_cast<std::uint8_t>(entry >> 9 & 7),
                      .bottom = (entry >> 8 & 1) != 0,
                      .ttl = static_cast<std::uint8_t>(entry & 0xff)});
  }
}

}  // namespace isthmus::probe
