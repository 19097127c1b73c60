#include "collector/feed/archive_name.hpp"

#include <string>

using namespace isthmus;
using namespace isthmus::collector;

namespace {

TimePoint at(const char* text) {
  return parse_utc(text).value();
}

}  // namespace

TEST_CASE("the name of an archive says what is in it and from when") {
  struct Row {
    const char* path;
    ArchiveKind kind;
    const char* start;
  };
  const auto row = GENERATE(
      Row{"https://data.ris.ripe.net/rrc00/2017.10/updates.20171001.0905.gz", ArchiveKind::Updates,
          "2017-10-01T09:05:00Z"},
      Row{"rrc00/2017.10/bview.20171001.0800.gz", ArchiveKind::Table, "2017-10-01T08:00:00Z"},
      Row{"https://archive.routeviews.org/bgpdata/2017.10/RIBS/rib.20171001.0800.bz2",
          ArchiveKind::Table, "2017-10-01T08:00:00Z"},
      Row{"updates.20171001.0000.bz2", ArchiveKind::Updates, "2017-10-01T00:00:00Z"},
      Row{"rrc00.updates.20171001.2359.mrt", ArchiveKind::Updates, "2017-10-01T23:59:00Z"},
      Row{"route-views.linx.rib.20171001.0000", ArchiveKind::Table, "2017-10-01T00:00:00Z"},
      Row{"routeviews.route-views.jinx.ribs.1401487200.bz2", ArchiveKind::Table,
          "2014-05-30T22:00:00Z"},
      Row{"updates.20240229.1200.zst?download=1", ArchiveKind::Updates, "2024-02-29T12:00:00Z"});
  CAPTURE(row.path);
  const auto name = parse_archive_name(row.path);
  REQUIRE(name);
  CHECK(name->kind == row.kind);
  CHECK(name->start == at(row.start));
}

TEST_CASE("other names are no archives") {
  const auto* path =
      GENERATE("", "latest-bview.gz", "updates.gz", "updates.20171001.gz",
               "updates.20171301.0000.gz", "updates.20170230.0000.gz", "updates.20171001.2400.gz",
               "updates.2017100.0000.gz", "updates.20171001.0000.gz/", "ribs", "updates",
               "index.html", "rib.17000000000.bz2", "updates.+2017100.0000");
  CAPTURE(path);
  CHECK_FALSE(parse_archive_name(path));
}

TEST_CASE("a layout names the folders of all months in question") {
  const auto ris = ArchiveLayout::named("ris").value();
  const auto views = ArchiveLayout::named("routeviews").value();
  const auto flat = ArchiveLayout::named("flat").value();
  const TimePoint from = at("2017-12-31T23:50:00Z");
  const TimePoint to = at("2018-01-01T00:05:00Z");
  CHECK(ris.between(from, to) == std::vector<std::string>{"2017.12/", "2018.01/"});
  CHECK(ris.between(from, from) == std::vector<std::string>{"2017.12/"});
  CHECK(views.between(to, to) ==
        std::vector<std::string>{"bgpdata/2018.01/RIBS/", "bgpdata/2018.01/UPDATES/"});
  CHECK(flat.between(from, to) == std::vector<std::string>{""});
  CHECK(ArchiveLayout{{"{year}/{month}/{year}{month}/"}}.between(to, to) ==
        std::vector<std::string>{"2018/01/201801/"});
  CHECK_FALSE(ArchiveLayout::named("elsewhere"));
}

TEST_CASE("a page of a folder is read for the names in it alone") {
  // What Apache and nginx write, and what a page of another kind may hold.
  const std::string page = R"(<html><head><title>Index of /rrc00/2017.10</title></head><body>
<a href="?C=N;O=D">Name</a> <a href="/rrc00/">Parent Directory</a> <a href="../">../</a>
<a href="bview.20171001.0000.gz">bview.20171001.0000.gz</a>  2017-10-01 00:12  95M
<A HREF="updates.20171001.0000.gz">in capitals</A> <a data-x="updates.20171001.0001.gz">no link</a>
<a href='updates.20171001.0005.gz'>updates</a><a href="./updates.20171001.0010.gz">updates</a>
<a href="updates.20171001.0005.gz">again</a> <a href="updates%2E20171001%2e0015.gz">encoded</a>
<a href="https://example.net/updates.20171001.0020.gz">elsewhere</a>
<a href="..%2f..%2fetc%2fpasswd">out</a> <a href=".hidden">dot</a> <a href="a b">space</a>
<a href=bare>bare</a> <a href="open)";
  CHECK(read_folder_page(page) ==
        std::vector<std::string>{"bview.20171001.0000.gz", "updates.20171001.0000.gz",
                                 "updates.20171001.0005.gz", "updates.20171001.0010.gz",
                                 "updates.20171001.0015.gz"});
  CHECK(read_folder_page("").empty());
  CHECK(read_folder_page("href=").empty());
  CHECK(read_folder_page("href=\"%\"").empty());
}
