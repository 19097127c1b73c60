#include "collector/feed/mrt_reader.hpp"

#include "tests/support/mrt_builder.hpp"
#include "tests/support/mrt_lines.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

using Lines = std::vector<std::string>;

const std::string kPath =
    origin() + as_path(std::vector<std::uint32_t>{64500, 4837}) + next_hop("192.0.2.1");
const std::string kRoute = "64500 4837|IGP|192.0.2.1|0|0||NAG||";
const std::string kTime_ = "1506848871";

/// The lines of an archive that must be read without loss.
Lines whole(const std::string& bytes) {
  const ArchiveText text = read_archive(bytes);
  CHECK_FALSE(text.account.lossy());
  CHECK(text.accounted() == bytes.size());
  return text.lines;
}

std::string four(unsigned subtype, const std::string& prefixes, unsigned width = 4) {
  const std::string attributes = origin() + as_path({64500, 4837}, width) + next_hop("192.0.2.1");
  return record(16, subtype,
                session(64500, "192.0.2.1", width) + bgp(update({}, attributes, prefixes)));
}

}  // namespace

TEST_CASE("BGP4MP messages of every subtype are read") {
  const std::string plain = nlri("10.0.0.0/8");
  const std::string with_id = nlri("10.0.0.0/8", 7);
  const std::string tail = "10.0.0.0/8|" + kRoute;
  const std::string id_tail = "10.0.0.0/8|7|" + kRoute;
  CHECK(whole(four(1, plain, 2)) == Lines{"BGP4MP|" + kTime_ + "|A|192.0.2.1|64500|" + tail});
  CHECK(whole(four(4, plain)) == Lines{"BGP4MP|" + kTime_ + "|A|192.0.2.1|64500|" + tail});
  CHECK(whole(four(8, with_id, 2)) ==
        Lines{"BGP4MP_AP|" + kTime_ + "|A|192.0.2.1|64500|" + id_tail});
  CHECK(whole(four(9, with_id)) == Lines{"BGP4MP_AP|" + kTime_ + "|A|192.0.2.1|64500|" + id_tail});
}

TEST_CASE("of a message that the collector sent itself the second address is named") {
  const std::string plain = nlri("10.0.0.0/8");
  const std::string with_id = nlri("10.0.0.0/8", 7);
  const std::string head = "|" + kTime_ + "|A|192.0.2.254|12654|10.0.0.0/8|";
  CHECK(whole(four(6, plain, 2)) == Lines{"BGP4MP_LOCAL" + head + kRoute});
  CHECK(whole(four(7, plain)) == Lines{"BGP4MP_LOCAL" + head + kRoute});
  CHECK(whole(four(10, with_id, 2)) == Lines{"BGP4MP_LOCAL_AP" + head + "7|" + kRoute});
  CHECK(whole(four(11, with_id)) == Lines{"BGP4MP_LOCAL_AP" + head + "7|" + kRoute});
}

TEST_CASE("an extended time is printed with its microseconds") {
  const std::string bytes = record(
      17, 4, u32(1234) + session(64500, "192.0.2.1") + bgp(update(nlri("10.0.0.0/8"), {}, {})));
  CHECK(whole(bytes) == Lines{"BGP4MP_ET|" + kTime_ + ".001234|W|192.0.2.1|64500|10.0.0.0/8"});
}

TEST_CASE("the elements of one UPDATE come as bgpdump prints them: withdrawals first") {
  const std::string attributes = kPath + mp_unreach(2, 1, nlri("2001:db8:1::/48")) +
                                 mp_reach(2, 1, address("2001:db8::1"), nlri("2001:db8::/32"));
  const std::string bytes = message(update(nlri("10.0.0.0/8"), attributes, nlri("11.0.0.0/8")));
  const std::string head = "|192.0.2.1|64500|";
  CHECK(whole(bytes) == Lines{"BGP4MP|" + kTime_ + "|W" + head + "10.0.0.0/8",
                              "BGP4MP|" + kTime_ + "|W" + head + "2001:db8:1::/48",
                              "BGP4MP|" + kTime_ + "|A" + head + "11.0.0.0/8|" + kRoute,
                              "BGP4MP|" + kTime_ + "|A" + head +
                                  "2001:db8::/32|64500 4837|IGP|2001:db8::1|0|0||NAG||"});
}

TEST_CASE("state changes are read in every form") {
  CHECK(whole(record(16, 0, session(64500, "192.0.2.1", 2) + u16(3) + u16(6))) ==
        Lines{"BGP4MP|" + kTime_ + "|STATE|192.0.2.1|64500|3|6"});
  CHECK(whole(record(16, 5, session(200000, "2001:db8::1") + u16(6) + u16(1))) ==
        Lines{"BGP4MP|" + kTime_ + "|STATE|2001:db8::1|200000|6|1"});
  // The short form of Zebra and its children has no addresses.
  CHECK(whole(record(16, 0, asn(64500, 2) + asn(12654, 2) + u16(1) + u16(2))) ==
        Lines{"BGP4MP|" + kTime_ + "|STATE|0.0.0.0|64500|1|2"});
  CHECK(whole(record(16, 5, asn(64500) + asn(12654) + u16(1) + u16(2))) ==
        Lines{"BGP4MP|" + kTime_ + "|STATE|0.0.0.0|64500|1|2"});
  CHECK(whole(record(5, 3, u16(3333) + address("193.0.0.56") + u16(1) + u16(6))) ==
        Lines{"BGP|" + kTime_ + "|STATE|193.0.0.56|3333|1|6"});
}

TEST_CASE("a session that comes up or goes down is a route without a prefix") {
  const std::string bytes = record(16, 5, session(64500, "192.0.2.1") + u16(3) + u16(6)) +
                            record(16, 5, session(64500, "192.0.2.1") + u16(6) + u16(1));
  MrtReader reader{memory_input(as_bytes(bytes)), "test", {}};
  const Route* route = reader.next();
  REQUIRE(route != nullptr);
  CHECK(route->kind == RouteKind::PeerUp);
  CHECK(route->attributes == nullptr);
  route = reader.next();
  REQUIRE(route != nullptr);
  CHECK(route->kind == RouteKind::PeerDown);
  CHECK(reader.next() == nullptr);
}

TEST_CASE("messages that are no UPDATE hold no routes and lose none") {
  for (const unsigned type : {1U, 3U, 4U, 5U}) {
    const std::string bytes = record(16, 4, session(64500, "192.0.2.1") + bgp("anything", type));
    CHECK(whole(bytes).empty());
    CHECK(read_archive(bytes).skipped("not_routes") == bytes.size());
  }
}

TEST_CASE("type 5 records of before 2001 are read") {
  const std::string body =
      u16(3333) + address("193.0.0.56") + u16(12654) + address("193.0.0.1") +
      update(nlri("10.0.0.0/8"), origin() + as_path({3333, 1}, 2) + next_hop("193.0.0.56"),
             nlri("11.0.0.0/8"));
  CHECK(whole(record(5, 1, body)) ==
        Lines{"BGP|" + kTime_ + "|W|193.0.0.56|3333|10.0.0.0/8",
              "BGP|" + kTime_ + "|A|193.0.0.56|3333|11.0.0.0/8|3333 1|IGP|193.0.0.56|0|0|NAG||"});
}

TEST_CASE("a RIB of TABLE_DUMP_V2 names its peers by their place in the index") {
  const std::string bytes =
      peer_index({{64500, "192.0.2.1", false}, {200000, "2001:db8::1", true}}) +
      rib("10.0.0.0/8", {rib_entry(1, kPath), rib_entry(0, kPath)}) +
      rib("2001:db8::/32",
          {rib_entry(0, origin() + as_path({64500, 4837}) +
                            attribute(0x80, 14, u8(16) + address("2001:db8::9")))},
          4);
  CHECK(whole(bytes) ==
        Lines{"TABLE_DUMP2|" + kTime_ + "|B|2001:db8::1|200000|10.0.0.0/8|" + kRoute,
              "TABLE_DUMP2|" + kTime_ + "|B|192.0.2.1|64500|10.0.0.0/8|" + kRoute,
              "TABLE_DUMP2|" + kTime_ +
                  "|B|192.0.2.1|64500|2001:db8::/32|64500 4837|IGP|2001:db8::9|0|0||NAG||"});
}

TEST_CASE("a RIB entry tells when its route was received") {
  const std::string bytes =
      peer_index({{64500, "192.0.2.1"}}) + rib("10.0.0.0/8", {rib_entry(0, kPath, kTime - 3600)});
  MrtReader reader{memory_input(as_bytes(bytes)), "test", {.source = "rrc00"}};
  const MrtElement* const element = reader.next_element();
  REQUIRE(element != nullptr);
  CHECK(element->route.kind == RouteKind::Table);
  CHECK(element->route.vantage->source == "rrc00");
  CHECK(element->route.time - element->originated == std::chrono::hours{1});
}

TEST_CASE("RIBs with path identifiers are read in both families (RFC 8050)") {
  const std::string index = peer_index({{64500, "192.0.2.1"}});
  CHECK(whole(index + rib("10.0.0.0/8",
                          {rib_entry_add_path(0, 1, kPath), rib_entry_add_path(0, 2, kPath)}, 8)) ==
        Lines{"TABLE_DUMP2_AP|" + kTime_ + "|B|192.0.2.1|64500|10.0.0.0/8|1|" + kRoute,
              "TABLE_DUMP2_AP|" + kTime_ + "|B|192.0.2.1|64500|10.0.0.0/8|2|" + kRoute});
  CHECK(whole(index + rib("2001:db8::/32", {rib_entry_add_path(0, 3, kPath)}, 10)) ==
        Lines{"TABLE_DUMP2_AP|" + kTime_ + "|B|192.0.2.1|64500|2001:db8::/32|3|" + kRoute});
}

TEST_CASE("a generic RIB record names its own family; others than IP lose nothing") {
  const std::string index = peer_index({{64500, "192.0.2.1"}});
  const auto generic = [](unsigned afi, unsigned safi, const std::string& rest) {
    return record(13, 6, u32(0) + u16(afi) + u8(safi) + rest);
  };
  const std::string entry = u16(1) + rib_entry(0, kPath);
  CHECK(whole(index + generic(1, 1, nlri("10.0.0.0/8") + entry)).size() == 1);
  CHECK(whole(index + generic(2, 1, nlri("2001:db8::/32") + entry)).size() == 1);
  const std::string vpn = index + generic(1, 128, u8(112) + std::string(14, 'x') + entry);
  CHECK(whole(vpn).empty());
  CHECK(read_archive(vpn).skipped("other_family") > 0);
}

TEST_CASE("an entry of a peer that the index does not have is skipped, the others are not") {
  const std::string bytes =
      peer_index({{64500, "192.0.2.1"}}) +
      rib("10.0.0.0/8", {rib_entry(0, kPath), rib_entry(1, kPath), rib_entry(0, kPath)});
  const ArchiveText text = read_archive(bytes);
  CHECK(text.lines.size() == 2);
  CHECK(text.skipped("unknown_peer") == rib_entry(1, kPath).size());
  CHECK(text.account.lossy());
}

TEST_CASE("bytes behind the entries of a RIB record are not called decoded") {
  std::string bad = rib("10.0.0.0/8", {rib_entry(0, kPath)}) + "behind";
  bad.replace(8, 4, u32(bad.size() - 12));
  const ArchiveText text = read_archive(peer_index({{64500, "192.0.2.1"}}) + bad);
  CHECK(text.lines.size() == 1);
  CHECK(text.skipped("trailing_bytes") == 6);
}

TEST_CASE("a TABLE_DUMP record has one route, those of RIS until 2001 many") {
  const std::string attributes = origin() + as_path({64500, 4837}, 2) + next_hop("192.0.2.1");
  const auto route = [&](const char* prefix, unsigned bits) {
    return address(prefix) + u8(bits) + u8(1) + u32(kTime - 9) + address("192.0.2.1") + u16(64500) +
           u16(attributes.size()) + attributes;
  };
  const std::string head = "TABLE_DUMP|" + kTime_ + "|B|192.0.2.1|64500|";
  CHECK(whole(record(12, 1, u16(0) + u16(1) + route("10.0.0.0", 8))) ==
        Lines{head + "10.0.0.0/8|" + kRoute});
  // Their length is some bytes short.
  std::string packed = record(
      12, 1, u16(0) + u16(1) + route("10.0.0.0", 8) + route("11.0.0.0", 9) + route("12.0.0.0", 10));
  packed.replace(8, 4, u32(packed.size() - 12 - 12));
  CHECK(whole(packed + packed) ==
        Lines{head + "10.0.0.0/8|" + kRoute, head + "11.0.0.0/9|" + kRoute,
              head + "12.0.0.0/10|" + kRoute, head + "10.0.0.0/8|" + kRoute,
              head + "11.0.0.0/9|" + kRoute, head + "12.0.0.0/10|" + kRoute});
  const std::string six =
      origin() + as_path({64500, 4837}, 2) + attribute(0x80, 14, u8(16) + address("2001:db8::1"));
  CHECK(whole(record(12, 2,
                     u16(0) + u16(1) + address("2001:db8::") + u8(32) + u8(1) + u32(kTime) +
                         address("2001:db8::1") + u16(64500) + u16(six.size()) + six)) ==
        Lines{"TABLE_DUMP|" + kTime_ +
              "|B|2001:db8::1|64500|2001:db8::/32|64500 4837|IGP|2001:db8::1|0|0||NAG||"});
}

TEST_CASE("BGP4MP_ENTRY, which OpenBGPD's table-mp writes, is read") {
  const std::string attributes = origin() + as_path({64500, 4837}, 2);
  const std::string body = u16(64500) + u16(12654) + u16(0) + u16(1) + address("192.0.2.1") +
                           address("192.0.2.254") + u16(0) + u16(1) + u32(kTime - 5) + u16(1) +
                           u8(1) + u8(4) + address("192.0.2.1") + nlri("10.0.0.0/8") +
                           u16(attributes.size()) + attributes;
  CHECK(whole(record(16, 2, body)) ==
        Lines{"BGP4MP|" + kTime_ + "|B|192.0.2.1|64500|10.0.0.0/8|" + kRoute});
  const ArchiveText cut = read_archive(record(16, 2, body.substr(0, body.size() - 1)) +
                                       message(announcement(nlri("10.0.0.0/8"))));
  CHECK(cut.lines.size() == 1);
  CHECK(cut.account.lossy());
}

TEST_CASE("routes whose attributes are malformed are withdrawn (RFC 7606 section 2)") {
  const std::string bad = origin() + as_path_of(segment(9, {1})) + next_hop("192.0.2.1") +
                          mp_reach(2, 1, address("2001:db8::1"), nlri("2001:db8::/32"));
  const ArchiveText text =
      read_archive(message(update(nlri("10.0.0.0/8"), bad, nlri("11.0.0.0/8"))));
  const std::string head = "BGP4MP|" + kTime_ + "|W|192.0.2.1|64500|";
  CHECK(text.lines == Lines{head + "10.0.0.0/8", head + "11.0.0.0/8", head + "2001:db8::/32"});
  CHECK(text.skipped("treat_as_withdraw") == bad.size());
  CHECK(text.account.lossy());
}

TEST_CASE("an announcement without ORIGIN or AS_PATH is withdrawn, an End-of-RIB needs neither") {
  for (const std::string& attributes : {origin(), as_path(std::vector<std::uint32_t>{1})}) {
    const ArchiveText text = read_archive(message(update({}, attributes, nlri("10.0.0.0/8"))));
    CHECK(text.lines == Lines{"BGP4MP|" + kTime_ + "|W|192.0.2.1|64500|10.0.0.0/8"});
    CHECK(text.account.lossy());
  }
  CHECK(whole(message(update({}, {}, {}))).empty());
  CHECK(whole(message(update({}, mp_unreach(2, 1, {}), {}))).empty());
}

TEST_CASE("a malformed RIB entry is left out and counted") {
  const std::string bad = origin(7);
  const ArchiveText text =
      read_archive(peer_index({{64500, "192.0.2.1"}}) +
                   rib("10.0.0.0/8", {rib_entry(0, bad), rib_entry(0, kPath)}));
  CHECK(text.lines.size() == 1);
  CHECK(text.skipped("malformed_attributes") == bad.size());
}

TEST_CASE("routes of other families are counted apart and lose nothing") {
  const std::string bytes = message(
      update({}, kPath + mp_reach(25, 70, address("192.0.2.1"), "evpn"), nlri("10.0.0.0/8")));
  CHECK(whole(bytes).size() == 1);
  CHECK(read_archive(bytes).skipped("other_family") == 4);
}

TEST_CASE("multicast is an element of the archive and no route to an address") {
  const std::string bytes = message(update(
      {}, kPath + mp_reach(1, 2, address("192.0.2.1"), nlri("10.0.0.0/8")), nlri("11.0.0.0/8")));
  CHECK(whole(bytes).size() == 2);
  MrtReader reader{memory_input(as_bytes(bytes)), "test", {}};
  const Route* const route = reader.next();
  REQUIRE(route != nullptr);
  CHECK(route->prefix.to_string() == "11.0.0.0/8");
  CHECK(reader.next() == nullptr);
}

TEST_CASE("who wants certain prefixes gets these alone, from updates and tables") {
  const Prefix wanted = *Prefix::parse("10.0.0.0/8");
  const std::string bytes = message(update(nlri("9.0.0.0/8") + nlri("10.1.0.0/16"), kPath,
                                           nlri("10.2.0.0/16") + nlri("11.0.0.0/8"))) +
                            peer_index({{64500, "192.0.2.1"}}) +
                            rib("10.3.0.0/16", {rib_entry(0, kPath)}) +
                            rib("11.3.0.0/16", {rib_entry(0, kPath)}) +
                            record(16, 5, session(64500, "192.0.2.1") + u16(3) + u16(6));
  MrtReader::Options options;
  options.wanted = [&](const Prefix& prefix) { return wanted.contains(prefix); };
  const ArchiveText text = read_archive(bytes, options);
  REQUIRE(text.lines.size() == 4);
  CHECK(text.lines[0].find("10.1.0.0/16") != std::string::npos);
  CHECK(text.lines[1].find("10.2.0.0/16") != std::string::npos);
  CHECK(text.lines[2].find("10.3.0.0/16") != std::string::npos);
  CHECK(text.lines[3].find("STATE") != std::string::npos);
  CHECK(text.account.decoded == bytes.size());
}

TEST_CASE("a BGP message that is longer or shorter than its record is accounted for") {
  const std::string good = bgp(announcement(nlri("10.0.0.0/8")));
  const ArchiveText trailing =
      read_archive(record(16, 4, session(64500, "192.0.2.1") + good + "12345") +
                   message(announcement(nlri("11.0.0.0/8"))));
  CHECK(trailing.lines.size() == 2);
  CHECK(trailing.skipped("trailing_bytes") == 5);
  const ArchiveText cut =
      read_archive(record(16, 4, session(64500, "192.0.2.1") + good.substr(0, good.size() - 1)) +
                   message(announcement(nlri("11.0.0.0/8"))));
  CHECK(cut.lines.size() == 1);
  CHECK(cut.account.lossy());
}

TEST_CASE("an archive's path tells the route collector's name") {
  CHECK(collector_name("data/rrc06/2014.05/updates.20140531.0000.gz") == "rrc06");
  CHECK(collector_name("ris.rrc06.updates.1401488100.gz") == "rrc06");
  CHECK(collector_name("routeviews.route-views.jinx.ribs.1401487200.bz2") == "route-views.jinx");
  CHECK(collector_name("/x/route-views.sg/bgpdata/rib.20171001.0000.bz2") == "route-views.sg");
  CHECK(collector_name("/x/route-views4/rib.20171001.0000.bz2") == "route-views4");
  CHECK(collector_name("route-views2.updates.1427846400.bz2") == "route-views2");
  CHECK(collector_name("mine/lab-1.all.mrt") == "lab-1");
  CHECK(collector_name("plain") == "plain");
  CHECK(collector_name("rib.20171001.0000.bz2") == "archive");
  CHECK(collector_name("2017.10/updates.20171001.0015.bz2") == "archive");
  CHECK(collector_name("latest-bview.gz") == collector_name("updates.20171001.0000.gz"));
  CHECK(collector_name("ribbon.mrt") == "ribbon");
}

TEST_CASE("an archive on disk is opened under its collector's name") {
  const ScratchFolder folder;
  const auto reader =
      open_mrt(folder.file("rrc25.updates.mrt", message(announcement(nlri("10.0.0.0/8")))), {});
  REQUIRE(reader);
  const Route* const route = (*reader)->next();
  REQUIRE(route != nullptr);
  CHECK(route->vantage->source == "rrc25");
  CHECK_FALSE(open_mrt(folder.path() + "/missing", {}));
}
