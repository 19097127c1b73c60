// Whatever a file of labels holds, every line of it is accounted for, and the tables that come out
// answer. The first byte chooses the reader.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "collector/label/as_relations.hpp"
#include "collector/label/ixp_table.hpp"
#include "collector/label/mmdb_origins.hpp"
#include "collector/label/registered_space.hpp"
#include "collector/label/rpki_file.hpp"
#include "core/base/bytes.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

void check(const LineAccount& account) {
  if (account.used + account.passed + account.refused != account.lines) {
    std::abort();
  }
}

void read_relations(char kind, std::string_view text) {
  AsRelationsBuilder builder;
  check(kind == 'r'   ? builder.add_relationships(text)
        : kind == 'c' ? builder.add_cones(text)
        : kind == 'o' ? builder.add_organisations(text)
                      : builder.add_siblings(text));
  const AsRelations relations = builder.build();
  for (std::uint32_t i = 0; i < 16; ++i) {
    const Asn one{i};
    const Asn other{i * 7 % 16};
    if (relations.are_siblings(one, other) != relations.are_siblings(other, one) ||
        !relations.is_in_cone(one, one) || relations.cone_size(one) == 0) {
      std::abort();
    }
    const bool provider = relations.relationship(one, other) == Relationship::Provider;
    const bool customer = relations.relationship(other, one) == Relationship::Customer;
    if (provider != customer) {
      std::abort();
    }
  }
}

void read_space(char kind, std::string_view text) {
  RegisteredSpaceBuilder builder;
  check(kind == 'd' ? builder.add_delegated(text) : builder.add_countries(text));
  if (const auto space = builder.build()) {
    for (std::uint32_t i = 0; i < 64; ++i) {
      const IpAddress address = IpAddress::v4(i << 26 | i);
      const auto found = space->find(address);
      if (found && (!found->prefix.contains(address) || found->country.code.size() != 2)) {
        std::abort();
      }
      static_cast<void>(space->country(Asn{i}));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const char kind = static_cast<char>(data[0]);
  const std::string_view text = as_text(std::as_bytes(std::span{data, size})).substr(1);
  switch (kind) {
    case 'r':
    case 'c':
    case 'o':
    case 's':
      read_relations(kind, text);
      break;
    case 'd':
    case 'u':
      read_space(kind, text);
      break;
    case 'i': {
      IxpTableBuilder builder;
      check(builder.add(text));
      if (const auto table = builder.build()) {
        static_cast<void>(table->find(IpAddress::v4(0x50f9d001)));
      }
      break;
    }
    case 'v': {
      std::vector<Vrp> vrps;
      AspaTable aspas;
      check(parse_rpki_json(text, vrps, aspas));
      for (const Vrp& vrp : vrps) {
        if (vrp.max_length < vrp.prefix.length()) {
          std::abort();
        }
      }
      break;
    }
    case 'm': {
      OriginTableBuilder table;
      check(parse_mmdb(text, table));
      break;
    }
    default:
      break;
  }
  return 0;
}
