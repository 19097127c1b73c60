// Measures address to AS beside libmaxminddb:
// mmdb_bench RUNS PFX2AS SCRATCH
//
// Both hold the same prefixes and are asked for the same uniformly random IPv4 addresses, one after
// the other, until they have the number of the AS. SCRATCH is where the MaxMind DB is written.
#include <netinet/in.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <maxminddb.h>

#include "core/net/origin_table.hpp"
#include "tests/bench/cost.hpp"
#include "tests/bench/mmdb_writer.hpp"

namespace {

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::bench;

constexpr std::size_t kAddresses = std::size_t{1} << 20;

/// The file without sets of origins, so that the answer is one number: the first of each counts.
std::map<Prefix, std::uint32_t> read_prefixes(const std::string& text) {
  std::map<Prefix, std::uint32_t> prefixes;
  LineAccount account;
  LineReader lines{text, account};
  while (auto line = lines.next()) {
    const auto address = IpAddress::parse(take_field(*line, '\t'));
    const std::string length{take_field(*line, '\t')};
    if (address && !length.empty()) {
      const auto bits = static_cast<unsigned>(std::atoi(length.c_str()));
      prefixes.emplace(Prefix::covering(*address, bits),
                       static_cast<std::uint32_t>(std::atoi(std::string{*line}.c_str())));
    }
  }
  return prefixes;
}

std::uint32_t ask_ours(const OriginTable& table, std::uint32_t address) {
  const auto match = table.longest_match(IpAddress::v4(address));
  return match ? match->origins.front().value : 0;
}

std::uint32_t ask_theirs(const MMDB_s& database, std::uint32_t address) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(address);
  int error = 0;
  MMDB_lookup_result_s found =
      MMDB_lookup_sockaddr(&database, reinterpret_cast<const sockaddr*>(&name), &error);
  if (error != MMDB_SUCCESS || !found.found_entry) {
    return 0;
  }
  MMDB_entry_data_s data{};
  if (MMDB_get_value(&found.entry, &data, "autonomous_system_number", nullptr) != MMDB_SUCCESS ||
      !data.has_data) {
    return 0;
  }
  return data.uint32;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "mmdb_bench RUNS PFX2AS SCRATCH\n");
    return 2;
  }
  const int runs = std::max(1, std::atoi(argv[1]));
  OriginTableBuilder builder;
  {
    MmdbWriter writer;
    for (const auto& [prefix, asn] : read_prefixes(content(argv[2]))) {
      writer.add(prefix, asn);
      builder.add(prefix, Asn{asn});
    }
    std::ofstream{argv[3], std::ios::binary} << writer.bytes();
  }
  const Result<OriginTable> table = builder.build();
  MMDB_s database;
  if (!table || MMDB_open(argv[3], MMDB_MODE_MMAP, &database) != MMDB_SUCCESS) {
    fmt::print(stderr, "mmdb_bench: no table of {} in {}\n", argv[2], argv[3]);
    return 1;
  }
  std::mt19937 random{7};
  std::vector<std::uint32_t> addresses(kAddresses);
  std::generate(addresses.begin(), addresses.end(), std::ref(random));
  std::size_t differing = 0;
  for (const std::uint32_t address : addresses) {
    differing += ask_ours(*table, address) == ask_theirs(database, address) ? 0U : 1U;
  }
  std::uint64_t sum = 0;
  Cost ours;
  Cost theirs;
  const auto take = [](Cost& cost, const Cost& run) { cost.cpu = std::min(cost.cpu, run.cpu); };
  for (int i = 0; i < runs; ++i) {
    take(ours, measure(1, RUSAGE_SELF, [&] {
           for (int round = 0; round < 8; ++round) {
             for (const std::uint32_t address : addresses) {
               sum += ask_ours(*table, address);
             }
           }
         }));
    take(theirs, measure(1, RUSAGE_SELF, [&] {
           for (const std::uint32_t address : addresses) {
             sum -= ask_theirs(database, address);
           }
         }));
  }
  const auto asked = static_cast<double>(kAddresses);
  report("address to AS", {{"prefixes", static_cast<double>(table->size())},
                           {"per_second", 8 * asked / ours.cpu},
                           {"bytes", static_cast<double>(table->bytes())},
                           {"peer_per_second", asked / theirs.cpu},
                           {"peer_bytes", static_cast<double>(database.file_size)},
                           {"differing", static_cast<double>(differing)},
                           {"checksum", static_cast<double>(sum % 1000)}});
  MMDB_close(&database);
  return 0;
}
