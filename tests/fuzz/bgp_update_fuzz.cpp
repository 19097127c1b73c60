// The body of an UPDATE of any bytes: what check_nlri calls usable can be read, results point into
// the input, and decoding again gives the same.
#include <cstdlib>
#include <functional>

#include "collector/feed/bgp_attributes.hpp"
#include "collector/feed/bgp_update.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;

void expect(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void read_field(Bytes field, Family family, bool add_path) {
  const NlriCheck check = check_nlri(field, family, add_path);
  expect(check.usable <= field.size());
  expect(check.add_path || !add_path);
  ByteReader reader{field.first(check.usable)};
  while (!reader.empty()) {
    const auto nlri = next_nlri(reader, family, check.add_path);
    expect(nlri.has_value());
    expect(nlri->prefix.length() <= address_bits(family));
    expect(Prefix::parse(nlri->prefix.to_string()) == nlri->prefix);
  }
}

bool inside(Bytes part, Bytes whole) {
  const std::less_equal<const std::byte*> before;
  return part.empty() || (before(whole.data(), part.data()) &&
                          before(part.data() + part.size(), whole.data() + whole.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const AsnWidth width = (data[0] & 1) != 0 ? AsnWidth::Two : AsnWidth::Four;
  const bool add_path = (data[0] & 2) != 0;
  const auto form =
      (data[0] & 4) != 0 ? AttributeDecoder::Form::RibEntry : AttributeDecoder::Form::Update;
  const auto fields = split_update(std::as_bytes(std::span{data, size}).subspan(1));
  if (!fields) {
    return 0;
  }
  read_field(fields->withdrawn, Family::Ipv4, add_path);
  read_field(fields->nlri, Family::Ipv4, add_path);
  static AttributeDecoder used;  // what earlier inputs left in it must not show
  AttributeDecoder fresh;
  const DecodedAttributes& first = used.decode(fields->attributes, width, form, Detail::Everything);
  const DecodedAttributes& again =
      fresh.decode(fields->attributes, width, form, Detail::Everything);
  expect(first.attributes == again.attributes && first.malformed == again.malformed &&
         first.discarded == again.discarded);
  expect(first.discarded <= fields->attributes.size());
  for (const auto& mp : {first.reach, first.unreach}) {
    if (mp) {
      expect(inside(mp->nlri, fields->attributes));
      read_field(mp->nlri, Family::Ipv4, add_path);
      read_field(mp->nlri, Family::Ipv6, add_path);
    }
  }
  if (first.malformed.empty()) {
    expect(AsPath::parse(first.attributes.as_path.to_string()).has_value());
  }
  return 0;
}
