#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <zlib.h>

#include "core/net/origin_table.hpp"
#include "core/net/prefix_map.hpp"
#include "tests/support/test_paths.hpp"

using namespace isthmus;

namespace {

/// A real file of CAIDA, or an empty text if there is no shared data.
std::string real_file(const std::string& name) {
  const std::string path = std::string{test::shared_data()} + "/caida/mlab-pfx2as/" + name;
  std::string text;
  if (!std::filesystem::exists(path)) {
    return text;
  }
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::vector<char> chunk(1 << 20);
  for (int count = 0; (count = gzread(file, chunk.data(), 1 << 20)) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  gzclose(file);
  return text;
}

std::string match(const OriginTable& table, const char* address) {
  const auto found = table.longest_match(IpAddress::parse(address).value());
  std::string text = found ? found->prefix.to_string() : "-";
  if (found) {
    for (const Asn asn : found->origins) {
      text += ' ' + std::to_string(asn.value);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("the real IPv4 table of 2021 is read without loss and answers as a trie does") {
  const std::string text = real_file("RouteViewIPv4.2021.gz");
  if (text.empty()) {
    WARN("skipped: no shared data");
    return;
  }
  OriginTableBuilder builder;
  const LineAccount account = parse_pfx2as(text, builder);
  CHECK(account.lines == 924442);
  CHECK(account.used == 924442);
  const auto table = builder.build();
  REQUIRE(table);
  CHECK(table->bytes() < (std::size_t{70} << 20));
  CHECK(match(*table, "188.43.0.1") == "188.43.0.0/16 20485");
  CHECK(match(*table, "219.158.97.1") == "219.158.96.0/19 4837");
  CHECK(match(*table, "175.45.176.1") == "175.45.176.0/24 131279");

  PrefixMap<std::uint32_t> trie;
  LineAccount again;
  LineReader lines{text, again};
  std::uint32_t lines_in_trie = 0;
  // All prefixes of a sixteenth of the space: of the rest, a trie would take too long to build.
  while (auto line = lines.next()) {
    const auto address = IpAddress::parse(take_field(*line, '\t'));
    const auto length = std::stoul(std::string{take_field(*line, '\t')});
    if (address && address->v4_value() >> 28 == 0xc) {
      trie.insert(Prefix::covering(*address, static_cast<unsigned>(length)), ++lines_in_trie);
    }
  }
  REQUIRE(trie.size() > 100000);
  std::mt19937 random{5};
  std::size_t wrong = 0;
  for (int i = 0; i < 200000; ++i) {
    const auto address = IpAddress::v4(0xc0000000U | (static_cast<std::uint32_t>(random()) >> 4));
    const auto* expected = trie.longest_match(address);
    const auto found = table->longest_match(address);
    wrong +=
        (expected != nullptr) == found.has_value() && (!found || found->prefix == expected->first)
            ? 0U
            : 1U;
  }
  CHECK(wrong == 0);
}

TEST_CASE("the real IPv6 table of 2021 is read without loss") {
  const std::string text = real_file("RouteViewIPv6.2021.gz");
  if (text.empty()) {
    WARN("skipped: no shared data");
    return;
  }
  OriginTableBuilder builder;
  const LineAccount account = parse_pfx2as(text, builder);
  CHECK(account.used == account.lines);
  const auto table = builder.build();
  REQUIRE(table);
  CHECK(table->size() == account.lines);
  CHECK(match(*table, "2001:200::1") == "2001:200::/32 2500");
}
