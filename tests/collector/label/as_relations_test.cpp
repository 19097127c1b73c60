#include "collector/label/as_relations.hpp"

#include <string>
#include <vector>

using namespace isthmus;
using namespace isthmus::collector;

namespace {

void check_account(const LineAccount& account, std::uint64_t used, std::uint64_t refused) {
  CHECK(account.used == used);
  CHECK(account.refused == refused);
  CHECK(account.used + account.passed + account.refused == account.lines);
}

std::vector<Asn> list(std::span<const Asn> asns) {
  return {asns.begin(), asns.end()};
}

}  // namespace

TEST_CASE("as-rel and as-rel2 lines say who pays whom") {
  AsRelationsBuilder builder;
  check_account(builder.add_relationships("# input clique: 174 3356\n"
                                          "# IXP ASes: 6777 1200\n"
                                          "4837|131279|-1\n"
                                          "20485|131279|-1|bgp\n"
                                          "4837|20485|0|mlp\n"),
                3, 0);
  const AsRelations relations = builder.build();
  CHECK(relations.links() == 3);
  CHECK(relations.relationship(Asn{131279}, Asn{4837}) == Relationship::Provider);
  CHECK(relations.relationship(Asn{4837}, Asn{131279}) == Relationship::Customer);
  CHECK(relations.relationship(Asn{20485}, Asn{4837}) == Relationship::Peer);
  CHECK(relations.relationship(Asn{4837}, Asn{20485}) == Relationship::Peer);
  CHECK(relations.relationship(Asn{4837}, Asn{1}) == Relationship::Unknown);
  CHECK(list(relations.providers(Asn{131279})) == std::vector<Asn>{Asn{4837}, Asn{20485}});
  CHECK(relations.customer_count(Asn{4837}) == 1);
  CHECK(list(relations.peers(Asn{4837})) == std::vector<Asn>{Asn{20485}});
  CHECK(list(relations.exchange_ases()) == std::vector<Asn>{Asn{1200}, Asn{6777}});
  CHECK(list(relations.clique()) == std::vector<Asn>{Asn{174}, Asn{3356}});
  CHECK(relations.are_related(Asn{20485}, Asn{4837}));
  CHECK_FALSE(relations.are_related(Asn{20485}, Asn{1}));
}

TEST_CASE("of two lines for one pair of ASes the later one counts") {
  AsRelationsBuilder builder;
  builder.add_relationships("2|1|0\n1|2|-1\n3|4|-1\n4|3|0\n5|6|-1\n6|5|-1\n");
  const AsRelations relations = builder.build();
  CHECK(relations.links() == 3);
  CHECK(relations.relationship(Asn{2}, Asn{1}) == Relationship::Provider);
  CHECK(relations.relationship(Asn{3}, Asn{4}) == Relationship::Peer);
  CHECK(relations.relationship(Asn{5}, Asn{6}) == Relationship::Provider);
}

TEST_CASE("lines that are no relationship are refused, each by itself") {
  AsRelationsBuilder builder;
  const LineAccount account =
      builder.add_relationships("1|2\n1|1|0\nx|2|0\n1|2|7\n\n-1|2|0\n1|2|-1");
  check_account(account, 1, 5);
  CHECK(account.first_errors.front().message.starts_with("line 1: "));
}

TEST_CASE("a customer cone holds customers of customers, and the provider itself") {
  AsRelationsBuilder builder;
  builder.add_relationships("1|2|-1\n2|3|-1\n2|4|-1\n5|4|-1\n1|5|0\n");
  AsRelations relations = builder.build();
  CHECK(relations.is_in_cone(Asn{4}, Asn{1}));
  CHECK(relations.is_in_cone(Asn{1}, Asn{1}));
  CHECK(relations.is_in_cone(Asn{4}, Asn{5}));
  CHECK_FALSE(relations.is_in_cone(Asn{5}, Asn{1}));
  CHECK_FALSE(relations.is_in_cone(Asn{1}, Asn{4}));
  CHECK(relations.cone_size(Asn{1}) == 4);
  CHECK(relations.cone_size(Asn{4}) == 1);
  SECTION("and what a file of cones says goes first") {
    builder.add_relationships("1|2|-1\n2|3|-1\n");
    check_account(builder.add_cones("# a comment\n1 1 2\n5 6,7\nx\n"), 2, 1);
    relations = builder.build();
    CHECK(relations.is_in_cone(Asn{2}, Asn{1}));
    CHECK_FALSE(relations.is_in_cone(Asn{3}, Asn{1}));
    CHECK(relations.is_in_cone(Asn{3}, Asn{2}));
    CHECK(relations.cone_size(Asn{1}) == 2);
    CHECK(relations.cone_size(Asn{5}) == 3);
  }
}

TEST_CASE("a circle of providers ends") {
  AsRelationsBuilder builder;
  builder.add_relationships("1|2|-1\n2|3|-1\n3|1|-1\n9|8|-1\n");
  const AsRelations relations = builder.build();
  CHECK(relations.is_in_cone(Asn{1}, Asn{2}));
  CHECK_FALSE(relations.is_in_cone(Asn{1}, Asn{9}));
  CHECK(relations.cone_size(Asn{1}) == 3);
}

TEST_CASE("as2org knows siblings, as text and as JSON lines") {
  AsRelationsBuilder builder;
  SECTION("text") {
    check_account(
        builder.add_organisations("# format:org_id|changed|org_name|country|source\n"
                                  "A|2017|One|CN|APNIC\n"
                                  "# format:aut|changed|aut_name|org_id|opaque_id|source\n"
                                  "4837|2017|CHINA169|A|x|APNIC\n"
                                  "9929|2017|CUII|A|x|APNIC\n"
                                  "20485|2017|TTK|B|y|RIPE\n"
                                  "broken|2017|TTK|B|y|RIPE\n"),
        3, 1);
  }
  SECTION("JSON lines") {
    check_account(builder.add_organisations(
                      R"({"organizationId":"A","name":"One","country":"CN","type":"Organization"})"
                      "\n"
                      R"({"asn":"4837","organizationId":"A","name":"CHINA169","type":"ASN"})"
                      "\n"
                      R"({"asn":"9929","organizationId":"A","type":"ASN"})"
                      "\n"
                      R"({"asn":"20485","organizationId":"B","type":"ASN"})"
                      "\n{\"asn\":[]}\n{"),
                  3, 2);
  }
  const AsRelations relations = builder.build();
  CHECK(relations.organised() == 3);
  CHECK(relations.are_siblings(Asn{4837}, Asn{9929}));
  CHECK_FALSE(relations.are_siblings(Asn{4837}, Asn{20485}));
  CHECK_FALSE(relations.are_siblings(Asn{1}, Asn{2}));
  CHECK(relations.are_siblings(Asn{1}, Asn{1}));
  CHECK(list(relations.siblings(Asn{4837})) == std::vector<Asn>{Asn{4837}, Asn{9929}});
  CHECK(relations.siblings(Asn{1}).empty());
}

TEST_CASE("configured siblings join organisations, whichever is read first") {
  const bool first = GENERATE(true, false);
  AsRelationsBuilder builder;
  const auto configure = [&] {
    check_account(builder.add_siblings("# ours\n4837 AS134544, 64500 # the front\n7\n"), 1, 1);
  };
  if (first) {
    configure();
  }
  builder.add_organisations(
      "# format:aut|changed|aut_name|org_id|opaque_id|source\n"
      "4837|2017|CHINA169|A|x|APNIC\n9929|2017|CUII|A|x|APNIC\n134544|2017|CENBONG|C|z|APNIC\n");
  if (!first) {
    configure();
  }
  const AsRelations relations = builder.build();
  CHECK(relations.are_siblings(Asn{134544}, Asn{9929}));
  CHECK(relations.are_siblings(Asn{64500}, Asn{4837}));
  CHECK(relations.siblings(Asn{9929}).size() == 4);
}
