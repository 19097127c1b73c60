#include "collector/feed/mrt_writer.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace isthmus;
using namespace isthmus::collector;

namespace {

const ArchiveOwner kOwner{"rrc00", Asn{12654}, *IpAddress::parse("193.0.4.28"),
                          *IpAddress::parse("2001:db8::28")};
const VantagePoint kPeer{Plane::Control, "rrc00", *IpAddress::parse("192.0.2.1"), Asn{64500}};
const VantagePoint kPeer6{Plane::Control, "rrc00", *IpAddress::parse("2001:db8::1"), Asn{131073}};
const TimePoint kTime = *parse_utc("2017-10-01T09:07:51.250000Z");

RouteAttributes attributes(std::string_view path) {
  RouteAttributes all;
  all.origin = Origin::Igp;
  all.as_path = *AsPath::parse(path);
  return all;
}

std::vector<Prefix> prefixes(std::initializer_list<std::string_view> texts) {
  std::vector<Prefix> all;
  for (const auto text : texts) {
    all.push_back(*Prefix::parse(text));
  }
  return all;
}

/// What the reader that operators trust says of the bytes.
std::string bgpdump(Bytes bytes) {
  std::string folder = (std::filesystem::temp_directory_path() / "isthmus-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const std::string file = folder + "/file.mrt";
  std::ofstream{file, std::ios::binary} << as_text(bytes);
  FILE* pipe = ::popen(("bgpdump -q -m -l " + file + " 2>/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> chunk{};
  for (std::size_t got = 1; got > 0;) {
    got = std::fread(chunk.data(), 1, chunk.size(), pipe);
    text.append(chunk.data(), got);
  }
  CHECK(::pclose(pipe) == 0);
  std::filesystem::remove_all(folder);
  return text;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("an update has the bytes that RFC 6396 and RFC 4271 ask for") {
  MrtWriter writer{kOwner};
  const auto nets = prefixes({"175.45.176.0/24"});
  REQUIRE(writer.announce(kTime, kPeer, attributes("64500 131279"), nets));
  CHECK(to_hex(writer.view()) ==
        "59d0b067001100040000004b0003d090"  // time, type, length, microseconds
        "0000fbf40000316e00000001c0000201c100041c"
        "ffffffffffffffffffffffffffffffff0033020000"
        "001840010100"
        "40020a02020000fbf4000200cf"
        "400304c0000201"
        "18af2db0");
}

TEST_CASE("bgpdump reads every attribute of an announcement") {
  MrtWriter writer{kOwner};
  RouteAttributes all = attributes("64500 20485 {1,2}");
  all.origin = Origin::Incomplete;
  all.med = 7;
  all.local_pref = 100;
  all.atomic_aggregate = true;
  all.aggregator = Aggregator{Asn{131279}, *IpAddress::parse("10.0.0.1")};
  all.communities = {64500U << 16 | 42U};
  all.large_communities = {{131279, 1, 2}};
  all.only_to_customer = Asn{64500};
  REQUIRE(writer.announce(kTime, kPeer, all, prefixes({"175.45.176.0/24"})));
  CHECK(
      bgpdump(writer.view()) ==
      "BGP4MP_ET|1506848871.250000|A|192.0.2.1|64500|175.45.176.0/24|64500 20485 {1,2}|INCOMPLETE|"
      "192.0.2.1|100|7|64500:42|131279:1:2|AG|131279 10.0.0.1|\n");
}

TEST_CASE("IPv6 goes by MP_REACH and MP_UNREACH") {
  MrtWriter writer{kOwner};
  RouteAttributes all = attributes("131073 131279");
  const auto nets = prefixes({"2001:db8:1::/48", "2001:db8:2::/48"});
  REQUIRE(writer.announce(kTime, kPeer6, all, nets));
  REQUIRE(writer.withdraw(kTime, kPeer6, nets));
  const std::string text = bgpdump(writer.view());
  CHECK(text.find("|A|2001:db8::1|131073|2001:db8:1::/48|131073 131279|IGP|2001:db8::1|") !=
        std::string::npos);
  CHECK(text.find("|W|2001:db8::1|131073|2001:db8:2::/48") != std::string::npos);
  CHECK(lines(text) == 4);
}

TEST_CASE("sessions and withdrawals are read back") {
  MrtWriter writer{kOwner};
  const Prefix net = *Prefix::parse("175.45.176.0/24");
  Route route{.kind = RouteKind::PeerUp, .time = kTime, .vantage = &kPeer};
  REQUIRE(writer.append(route));
  route.kind = RouteKind::PeerDown;
  REQUIRE(writer.append(route));
  route.kind = RouteKind::Withdraw;
  route.prefix = net;
  REQUIRE(writer.append(route));
  CHECK(bgpdump(writer.view()) ==
        "BGP4MP_ET|1506848871.250000|STATE|192.0.2.1|64500|5|6\n"
        "BGP4MP_ET|1506848871.250000|STATE|192.0.2.1|64500|6|1\n"
        "BGP4MP_ET|1506848871.250000|W|192.0.2.1|64500|175.45.176.0/24\n");
}

TEST_CASE("a RIB of both families is read back") {
  MrtWriter writer{kOwner};
  REQUIRE(writer.peer_index_table(kTime, std::vector{kPeer, kPeer6}));
  RouteAttributes one = attributes("64500 4837 131279");
  one.next_hop = kPeer.address;
  RouteAttributes two = attributes("131073 4837 131279");
  two.next_hop = kPeer6.address;
  REQUIRE(writer.rib(kTime, *Prefix::parse("175.45.176.0/24"),
                     std::vector{MrtWriter::RibEntry{0, kTime, &one}}));
  REQUIRE(writer.rib(kTime, *Prefix::parse("2001:db8:1::/48"),
                     std::vector{MrtWriter::RibEntry{1, kTime, &two}}));
  CHECK(bgpdump(writer.view()) ==
        "TABLE_DUMP2|1506848871|B|192.0.2.1|64500|175.45.176.0/24|64500 4837 131279|IGP|192.0.2.1|"
        "0|0|||NAG||\n"
        "TABLE_DUMP2|1506848871|B|2001:db8::1|131073|2001:db8:1::/48|131073 4837 131279|IGP|"
        "2001:db8::1|0|0|||NAG||\n");
}

TEST_CASE("many prefixes are spread over messages of at most 4096 octets") {
  MrtWriter writer{kOwner};
  std::vector<Prefix> nets;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    nets.push_back(Prefix::covering(IpAddress::v4(0x0a000000 + (i << 8)), 24));
    nets.push_back(
        Prefix::covering(IpAddress::v6(0x2001'0db8'0000'0000 + (std::uint64_t{i} << 16), 0), 48));
  }
  REQUIRE(writer.announce(kTime, kPeer, attributes("64500 131279"), nets));
  REQUIRE(writer.withdraw(kTime, kPeer, nets));
  std::size_t records = 0;
  for (ByteReader in{writer.view()}; !in.empty(); ++records) {
    in.skip(8);
    const Bytes record = in.take(in.u32());
    REQUIRE(in.ok());
    ByteReader message{record};
    message.skip(4 + 12 + 8 + 16);
    CHECK(message.u16() == record.size() - 4 - 12 - 8);
    CHECK(record.size() - 4 - 12 - 8 <= 4096);
  }
  CHECK(records == 2 * (3 + 6));
  CHECK(lines(bgpdump(writer.view())) == 12'000);
}

TEST_CASE("a path of more than 255 ASNs becomes several segments") {
  MrtWriter writer{kOwner};
  const std::vector<Asn> path(600, Asn{64500});
  RouteAttributes all;
  all.origin = Origin::Igp;
  all.as_path = AsPath{path};
  REQUIRE(writer.announce(kTime, kPeer, all, prefixes({"10.0.0.0/8"})));
  const std::string text = bgpdump(writer.view());
  std::size_t count = 0;
  for (auto at = text.find("64500 "); at != std::string::npos; at = text.find("64500 ", at + 1)) {
    ++count;
  }
  CHECK(count == 599);  // and the last, which a bar follows
}

TEST_CASE("what cannot be written leaves the buffer as it was") {
  MrtWriter writer{kOwner};
  RouteAttributes all = attributes("64500 131279");
  const auto nets = prefixes({"10.0.0.0/8", "2001:db8::/32"});
  CHECK_FALSE(writer.announce(*parse_utc("1969-12-31T23:59:59Z"), kPeer, all, nets));
  CHECK_FALSE(writer.withdraw(*parse_utc("2106-02-07T06:28:16Z"), kPeer, nets));
  all.communities.assign(1005, 1);  // fits beside a NEXT_HOP, not beside an MP_REACH_NLRI
  REQUIRE(writer.announce(kTime, kPeer, all, std::span{nets}.first(1)));
  writer.clear();
  CHECK_FALSE(writer.announce(kTime, kPeer, all, nets));
  Route route{.kind = RouteKind::Withdraw, .time = kTime, .vantage = &kPeer};
  route.path_id = 1;
  CHECK_FALSE(writer.append(route));
  route = {.kind = RouteKind::Table, .time = kTime, .vantage = &kPeer};
  CHECK_FALSE(writer.append(route));
  CHECK(writer.view().empty());
}
