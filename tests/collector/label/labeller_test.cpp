#include "collector/label/labeller.hpp"

#include <utility>

using namespace isthmus;
using namespace isthmus::collector;

namespace {

OriginTable table(std::string_view overrides) {
  OriginTableBuilder builder;
  REQUIRE_FALSE(parse_overrides(overrides, builder).lossy());
  auto built = builder.build();
  REQUIRE(built);
  return std::move(*built);
}

Label label(const Labeller& labeller, const char* address) {
  return labeller.label(IpAddress::parse(address).value());
}

}  // namespace

TEST_CASE("without tables an address is special or not announced") {
  const Labeller labeller;
  const Label local = label(labeller, "10.1.2.3");
  CHECK(local.kind == LabelKind::Special);
  CHECK(local.prefix.to_string() == "10.0.0.0/8");
  CHECK(local.source == "special");
  CHECK_FALSE(local.version.empty());
  const Label v4 = label(labeller, "8.8.8.8");
  CHECK(v4.kind == LabelKind::Unannounced);
  CHECK(v4.prefix.to_string() == "0.0.0.0/0");
  CHECK(v4.source.empty());
  CHECK(label(labeller, "2a00::1").prefix.to_string() == "::/0");
}

TEST_CASE("one origin makes an AS label, several a sorted MOAS label") {
  Labeller labeller;
  labeller.set_table(LabelSource::Pfx2as, table("20.0.0.0/16,7\n20.1.0.0/16,9_8\n"), "2021-12-01");
  const Label as = label(labeller, "20.0.1.1");
  CHECK(as.kind == LabelKind::As);
  CHECK(as.origins == std::vector<Asn>{Asn{7}});
  CHECK(as.prefix.to_string() == "20.0.0.0/16");
  CHECK(as.source == "pfx2as");
  CHECK(as.version == "2021-12-01");
  const Label moas = label(labeller, "20.1.1.1");
  CHECK(moas.kind == LabelKind::Moas);
  CHECK(moas.origins == std::vector<Asn>{Asn{8}, Asn{9}});
}

TEST_CASE("the first source with a covering route answers") {
  Labeller labeller;
  labeller.set_table(LabelSource::Csv, table("20.0.0.0/8,1\n20.1.1.0/24,1\n"), "c");
  CHECK(label(labeller, "20.1.1.1").source == "csv");
  labeller.set_table(LabelSource::Pfx2as, table("20.0.0.0/9,2\n"), "p");
  CHECK(label(labeller, "20.1.1.1").source == "pfx2as");
  labeller.set_table(LabelSource::Mrt, table("20.1.0.0/16,3\n"), "m");
  CHECK(label(labeller, "20.1.1.1").source == "mrt");
  labeller.set_table(LabelSource::Override, table("20.1.1.1/32,4\n"), "o");
  CHECK(label(labeller, "20.1.1.1").source == "override");
  CHECK(label(labeller, "20.1.1.1").origins == std::vector<Asn>{Asn{4}});
  CHECK(label(labeller, "20.1.1.2").source == "mrt");
  CHECK(label(labeller, "20.2.1.2").source == "pfx2as");
  CHECK(label(labeller, "20.200.1.2").source == "csv");
  CHECK(label(labeller, "21.0.0.0").kind == LabelKind::Unannounced);
}

TEST_CASE("special-purpose space stays special in spite of tables, but not of overrides") {
  Labeller labeller;
  for (const LabelSource source : {LabelSource::Mrt, LabelSource::Pfx2as, LabelSource::Csv}) {
    labeller.set_table(source, table("10.0.0.0/8,1\n100.64.0.0/24,1\n2002::/16,1\n"), "x");
  }
  CHECK(label(labeller, "10.0.0.1").kind == LabelKind::Special);
  CHECK(label(labeller, "100.64.0.1").kind == LabelKind::Special);
  CHECK(label(labeller, "2002::1").kind == LabelKind::Special);
  labeller.set_table(LabelSource::Override, table("10.0.0.0/24,64500\n"), "o");
  CHECK(label(labeller, "10.0.0.1").origins == std::vector<Asn>{Asn{64500}});
  CHECK(label(labeller, "10.0.1.1").kind == LabelKind::Special);
}

TEST_CASE("a special-purpose service that may be announced has its origin, if one is known") {
  Labeller labeller;
  CHECK(label(labeller, "192.175.48.1").kind == LabelKind::Special);
  labeller.set_table(LabelSource::Mrt, table("192.175.48.0/24,112\n"), "m");
  CHECK(label(labeller, "192.175.48.1").origins == std::vector<Asn>{Asn{112}});
}

TEST_CASE("the versions name each source that has data, in order of precedence") {
  Labeller labeller;
  labeller.set_table(LabelSource::Pfx2as, table("20.0.0.0/8,2\n"), "p");
  labeller.set_table(LabelSource::Override, table("20.0.0.0/8,2\n"), "o");
  AsNamesBuilder names;
  CHECK(names.add("2 TWO\n").used == 1);
  labeller.set_names(names.build(), "n");
  const auto versions = labeller.versions();
  REQUIRE(versions.size() == 4);
  CHECK(versions[0] == NamedValue{"override", "o"});
  CHECK(versions[1].name == "special");
  CHECK(versions[2] == NamedValue{"pfx2as", "p"});
  CHECK(versions[3] == NamedValue{"as_names", "n"});
  CHECK(labeller.as_name(Asn{2}) == "TWO");
  CHECK(labeller.as_name(Asn{3}).empty());
  CHECK(labeller.table(LabelSource::Mrt) == nullptr);
  CHECK(labeller.table(LabelSource::Pfx2as)->size() == 1);
  CHECK(labeller.bytes() > 0);
}

TEST_CASE("a label outlives the move of its labeller") {
  Labeller labeller;
  labeller.set_table(LabelSource::Csv, table("20.0.0.0/8,1\n"), "v1");
  const Label before = label(labeller, "20.0.0.1");
  const Labeller moved = std::move(labeller);
  CHECK(before.version == "v1");
  CHECK(before.version.data() == label(moved, "20.0.0.1").version.data());
}

TEST_CASE("kinds and sources have their names") {
  CHECK(to_string(LabelKind::As) == "as");
  CHECK(to_string(LabelKind::Moas) == "moas");
  CHECK(to_string(LabelKind::Special) == "special");
  CHECK(to_string(LabelKind::Unannounced) == "unannounced");
  CHECK(to_string(LabelSource::Override) == "override");
  CHECK(to_string(LabelSource::Csv) == "csv");
}
