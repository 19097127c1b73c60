#include "collector/detect/trace_upstream.hpp"

#include <algorithm>
#include <string>

#include "tests/support/trace_story.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using isthmus::testing::make_labeller;
using isthmus::testing::make_trace;

namespace {

/// The target AS900 with 30.0.0.0/24; what a test knows of the world around it.
struct World {
  Target target{.name = "t",
                .origins = {Asn{900}},
                .prefixes = {*Prefix::parse("30.0.0.0/24")},
                .siblings = {},
                .known_upstreams = {}};
  std::vector<Asn> known;
  std::vector<Asn> established;
  PathEdges edges;
  AsRelations relations;
  Labeller labeller = make_labeller();

  Observation read(std::string_view hops, Asn vantage = Asn{64500}) const {
    TraceContext context{.target = target, .prefix = target.prefixes.front()};
    context.relations = &relations;
    context.edges = &edges;
    context.known = known;
    context.established = established;
    const LabelledTrace trace = labeller.label_trace(make_trace(hops, "30.0.0.80", vantage));
    const auto seen = read_trace(trace, context);
    REQUIRE(seen);
    REQUIRE(seen->trace);
    for (const std::string& reason : seen->reasons) {
      const auto all = trace_reasons();
      CHECK(std::find(all.begin(), all.end(), reason) != all.end());
    }
    CHECK((seen->verdict == Verdict::Upstream) == (seen->grade != Grade::X));
    CHECK(seen->upstreams.empty() == (seen->grade == Grade::X));
    return *seen;
  }
  /// "AS101 B long_gap,tail" or "- X moas".
  std::string tell(std::string_view hops, Asn vantage = Asn{64500}) const {
    const Observation seen = read(hops, vantage);
    std::string text;
    for (const Asn asn : seen.upstreams) {
      text += (text.empty() ? "" : "+") + asn.to_string();
    }
    text = (text.empty() ? "-" : text) + ' ' + std::string{to_string(seen.grade)};
    for (std::size_t i = 0; i < seen.reasons.size(); ++i) {
      text += (i == 0 ? " " : ",") + seen.reasons[i];
    }
    return text;
  }
};

}  // namespace

TEST_CASE("two routers of one AS before the target prove transit through it") {
  const World world;
  CHECK(world.tell("10.0.0.1 20.0.0.1 20.1.0.1 20.1.0.2 30.0.0.1 30.0.0.80!") == "AS101 A");
  CHECK(world.tell("20.1.0.1 20.1.0.2 30.0.0.80!") == "AS101 A");
  const Observation seen = world.read("10.0.0.1 20.0.0.1 20.1.0.1 20.1.0.2 30.0.0.1 30.0.0.80!");
  CHECK(seen.path == std::vector<Asn>{Asn{64500}, Asn{100}, Asn{101}, Asn{900}});
  CHECK(seen.trace->run_length == 2);
  CHECK(seen.trace->gap == 0);
  CHECK(seen.trace->reached);
  CHECK(seen.trace->rtt == std::chrono::milliseconds{60});
  CHECK(seen.trace->gap_rtt == std::chrono::milliseconds{20});
  CHECK(seen.trace->upstream_addresses ==
        std::vector<IpAddress>{*IpAddress::parse("20.1.0.1"), *IpAddress::parse("20.1.0.2")});
  CHECK(seen.vantage.plane == Plane::Data);
}

TEST_CASE("a hop of the target is enough where the destination is silent") {
  const World world;
  CHECK(world.tell("20.1.0.1 20.1.0.2 30.0.0.1 * *") == "AS101 A");
  CHECK_FALSE(world.read("20.1.0.1 20.1.0.2 30.0.0.1 *").trace->rtt);
}

TEST_CASE("silent hops before the target lower the grade with their number") {
  const World world;
  const std::string run = "20.1.0.1 20.1.0.2 ";
  CHECK(world.tell(run + "* 30.0.0.80!") == "AS101 A silent_gap");
  CHECK(world.tell(run + "* * 30.0.0.80!") == "AS101 B silent_gap");
  CHECK(world.tell(run + "* * * 30.0.0.80!") == "AS101 B silent_gap");
  CHECK(world.tell(run + "* * * * * * 30.0.0.80!") == "AS101 B silent_gap");
  CHECK(world.tell(run + "* * * * * * * 30.0.0.80!") == "- X long_gap,silent_gap");
  World knowing;
  knowing.known = {Asn{101}};
  CHECK(knowing.tell(run + "* * * * * * * * 30.0.0.80!") == "AS101 C long_gap,silent_gap");
}

TEST_CASE("one silent hop may stand within a block, two may not") {
  const World world;
  CHECK(world.tell("20.1.0.1 * 20.1.0.2 30.0.0.80!") == "AS101 A");
  CHECK(world.tell("20.0.0.1 20.1.0.1 * * 20.1.0.2 30.0.0.80!") == "AS101 C");
}

TEST_CASE("private and unannounced links between provider and target change nothing") {
  const World world;
  CHECK(world.tell("20.1.0.1 20.1.0.2 10.1.2.3 30.0.0.80!") == "AS101 A special");
  CHECK(world.tell("20.1.0.1 20.1.0.2 100.64.0.1 30.0.0.80!") == "AS101 A special");
  CHECK(world.tell("20.1.0.1 20.1.0.2 60.1.2.3 30.0.0.80!") == "AS101 A unannounced");
}

TEST_CASE("a single address needs neighbours that make sense") {
  World world;
  const std::string_view hops = "20.0.0.1 20.0.0.2 20.1.0.1 30.0.0.80!";
  CHECK(world.tell(hops) == "AS101 C");
  world.known = {Asn{101}};
  CHECK(world.tell(hops) == "AS101 C");
  world.edges.add(std::vector<Asn>{Asn{100}, Asn{101}, Asn{900}});
  CHECK(world.tell(hops) == "AS101 B");
  world.known.clear();
  CHECK(world.tell(hops) == "AS101 B");
}

TEST_CASE("a single foreign address behind an established upstream is a third party's") {
  World world;
  world.known = world.established = {Asn{100}};
  const std::string_view hops = "20.0.0.1 20.0.0.2 20.1.0.1 30.0.0.80!";
  CHECK(world.tell(hops) == "AS100 C third_party");
  CHECK(world.read(hops).path == std::vector<Asn>{Asn{64500}, Asn{100}, Asn{101}, Asn{900}});
  SECTION("even if files relate the two, and the third party is known") {
    world.known = world.established = {Asn{100}, Asn{101}};
    AsRelationsBuilder relations;
    relations.add_relationships("100|101|0\n");
    world.relations = relations.build();
    CHECK(world.tell(hops) == "AS100 C third_party");
  }
  SECTION("but not if BGP shows the two in a row towards the target") {
    world.edges.add(std::vector<Asn>{Asn{100}, Asn{101}, Asn{900}});
    CHECK(world.tell(hops) == "AS101 B");
  }
  SECTION("and two of its addresses are transit") {
    CHECK(world.tell("20.0.0.1 20.0.0.2 20.1.0.1 20.1.0.2 30.0.0.80!") == "AS101 A");
  }
}

TEST_CASE("where nobody in the target answers, only a known neighbour is named") {
  World world;
  const std::string_view hops = "20.0.0.1 20.1.0.1 20.1.0.2 * * *";
  CHECK(world.tell(hops) == "- X tail_unknown");
  CHECK_FALSE(world.read(hops).trace->reached);
  world.known = {Asn{101}};
  CHECK(world.tell(hops) == "AS101 C tail");
  world.known.clear();
  world.edges.add(std::vector<Asn>{Asn{101}, Asn{900}});
  CHECK(world.tell(hops) == "AS101 C tail");
}

TEST_CASE("an AS without answers is repaired from BGP if only one fits") {
  World world;
  const std::string_view hops = "20.2.0.1 20.2.0.2 * * 30.0.0.80!";
  CHECK(world.tell(hops) == "AS102 B silent_gap");
  world.edges.add(std::vector<Asn>{Asn{102}, Asn{101}, Asn{900}});
  CHECK(world.tell(hops) == "AS101 C hidden_as,silent_gap");
  CHECK(world.read(hops).path == std::vector<Asn>{Asn{64500}, Asn{102}, Asn{101}, Asn{900}});
  SECTION("not where nothing can be hidden") {
    CHECK(world.tell("20.2.0.1 20.2.0.2 30.0.0.80!") == "AS102 A");
  }
  SECTION("not where two fit") {
    world.edges.add(std::vector<Asn>{Asn{102}, Asn{103}, Asn{900}});
    CHECK(world.tell(hops) == "AS102 B silent_gap");
  }
  SECTION("not where the AS stands next to the target itself") {
    world.edges.add(std::vector<Asn>{Asn{102}, Asn{900}});
    CHECK(world.tell(hops) == "AS102 B silent_gap");
  }
}

TEST_CASE("the target's own port at an exchange makes the network before it a peer") {
  const World world;
  const Observation seen = world.read("20.1.0.1 20.1.0.2 40.0.0.90 30.0.0.80!");
  CHECK(seen.upstreams == std::vector<Asn>{Asn{101}});
  CHECK(seen.grade == Grade::C);
  CHECK(seen.trace->via_ixp);
  CHECK(world.tell("20.1.0.1 20.1.0.2 40.0.0.90 30.0.0.80!") == "AS101 C exchange");
}

TEST_CASE("a port of another network at an exchange is that network") {
  const World world;
  CHECK(world.tell("20.0.0.1 40.0.0.1 20.1.0.2 30.0.0.80!") == "AS101 A");
  CHECK(world.tell("20.0.0.1 40.0.0.1 30.0.0.80!") == "AS101 C exchange");
  CHECK_FALSE(world.read("20.0.0.1 40.0.0.1 20.1.0.2 30.0.0.80!").trace->via_ixp);
}

TEST_CASE("an unknown port before the target counts if the target is at that exchange") {
  World world;
  CHECK(world.tell("20.1.0.1 20.1.0.2 40.0.0.77 30.0.0.80!") == "AS101 C ixp_port_unknown");
  IxpTableBuilder ixps;
  ixps.add_caida(R"({"ix_id":1,"name":"Test-IX","prefixes":{"ipv4":["40.0.0.0/24"]}})");
  world.labeller.set_ixps(*ixps.build(), "bare");
  CHECK(world.tell("20.1.0.1 20.1.0.2 40.0.0.77 30.0.0.80!") == "AS101 D ixp_port_unknown");
  world.known = {Asn{101}};
  CHECK(world.tell("20.1.0.1 20.1.0.2 40.0.0.77 30.0.0.80!") == "AS101 C ixp_port_unknown");
}

TEST_CASE("space of several origins is what stands next to it") {
  World world;
  CHECK(world.tell("20.1.0.1 21.1.0.2 30.0.0.80!") == "AS101 A");
  CHECK(world.tell("20.0.0.1 21.1.0.2 30.0.0.80!") == "- X moas");
  CHECK(world.tell("20.0.0.1 21.1.0.2 20.1.0.3 30.0.0.80!") == "AS101 A");
  world.target.origins.push_back(Asn{201});
  CHECK(world.tell("20.0.0.1 20.0.0.2 21.1.0.2 30.0.0.80!") == "AS100 A");
}

TEST_CASE("a loop ends the trace and spoils the grade") {
  World world;
  world.known = {Asn{101}};
  const std::string_view hops = "20.0.0.1 20.1.0.1 20.1.0.2 20.1.0.1 20.1.0.2 30.0.0.80!";
  CHECK(world.tell(hops) == "AS101 D loop,tail");
  world.known.clear();
  CHECK(world.tell(hops) == "- X loop,tail_unknown");
  // Forwarding with a TTL of zero shows a router twice in a row.
  CHECK(world.tell("20.1.0.1 20.1.0.2 20.1.0.2 30.0.0.80!") == "AS101 A");
  // The target answers at several TTLs: what stands behind the first is left alone.
  CHECK(world.tell("20.1.0.1 20.1.0.2 30.0.0.80! 30.0.0.80!") == "AS101 A");
}

TEST_CASE("a foreign address within the target is a third party's; two are another way") {
  const World world;
  CHECK(world.tell("20.1.0.1 20.1.0.2 30.0.0.1 20.5.0.1 30.0.0.80!") ==
        "AS101 A third_party_inside");
  CHECK(world.tell("20.1.0.1 20.1.0.2 30.0.0.1 20.5.0.1 20.5.0.2 30.0.0.80!") ==
        "- X target_in_path,third_party_inside");
  CHECK(world.tell("20.1.0.1 30.0.0.1 20.5.0.1 20.5.0.2") ==
        "- X target_in_path,third_party_inside");
}

TEST_CASE("a trace that comes home, or begins in the target, says nothing") {
  const World world;
  CHECK(world.tell("20.0.0.1 20.1.0.1 20.0.0.2 20.2.0.1 20.2.0.2 30.0.0.80!", Asn{100}) ==
        "- X start_as_in_path");
  CHECK(world.tell("20.0.0.1 20.1.0.1 20.1.0.2 30.0.0.80!", Asn{100}) == "AS101 A");
  CHECK(world.tell("20.0.0.1 20.1.0.1 20.1.0.2 30.0.0.80!", Asn{900}) == "- X own_route");
  CHECK(world.tell("* * * *") == "- X silent");
  CHECK(world.tell("10.0.0.1 * * 30.0.0.80!") == "- X no_as_label");
}

TEST_CASE("answers of several networks to one TTL are worth nothing") {
  const World world;
  CHECK(world.tell("20.0.0.1 20.0.0.2,20.1.0.2 30.0.0.80!") == "AS100 D several_networks");
  CHECK(world.tell("20.5.0.1 20.0.0.2,20.1.0.2 30.0.0.80!") == "AS100+AS101 D several_networks");
  // Branches within one network are what load balancers make.
  CHECK(world.tell("20.1.0.1,20.1.0.2 20.1.0.3,20.1.0.4 30.0.0.80!") == "AS101 A");
}

TEST_CASE("siblings belong to the target: the network before them is its upstream") {
  World world;
  const std::string_view hops = "20.0.0.1 20.0.0.2 20.1.0.1 20.1.0.2 30.0.0.80!";
  CHECK(world.tell(hops) == "AS101 A");
  SECTION("by configuration") {
    world.target.siblings = {Asn{101}};
  }
  SECTION("by organisation") {
    AsRelationsBuilder relations;
    relations.add_siblings("101 900\n");
    world.relations = relations.build();
  }
  CHECK(world.tell(hops) ==
        (world.relations.empty() && world.target.siblings.empty() ? "AS101 A" : "AS100 A sibling"));
}

TEST_CASE("registered space stands in where nobody announces") {
  const World world;
  CHECK(world.tell("20.0.0.1 50.1.0.1 * * * 30.0.0.80!") == "AS101 C registered,silent_gap");
  CHECK(world.tell("50.1.0.1 50.1.0.2 30.0.0.80!") == "AS101 B registered");
}

TEST_CASE("answers that are none are dropped") {
  World world;
  world.known = {Asn{101}};
  // A filter answers to every TTL; its place is unknown.
  CHECK(world.tell("20.1.0.1 20.1.0.2 * 20.1.0.9^ * 20.1.0.9^") == "AS101 C filtered,tail");
  std::string far = "20.1.0.1 20.1.0.2 30.0.0.1 ";
  for (int ttl = 4; ttl < 70; ++ttl) {
    far += "* ";
  }
  CHECK(world.tell(far + "30.0.0.80!") == "AS101 A ttl_above_64");
}

TEST_CASE("label stacks and quoted TTLs hint at MPLS") {
  const World world;
  CHECK(world.tell("20.1.0.1 20.1.0.2~ 30.0.0.80!") == "AS101 A mpls");
}

TEST_CASE("another host that answers for the destination is noticed") {
  const World world;
  TraceContext context{.target = world.target, .prefix = world.target.prefixes.front()};
  const LabelledTrace trace =
      world.labeller.label_trace(make_trace("20.1.0.1 20.1.0.2 30.0.0.80!", "30.0.0.80"));
  context.initial_ttl = std::uint8_t{64};
  CHECK(read_trace(trace, context)->reasons.empty());
  context.initial_ttl = std::uint8_t{255};
  CHECK(read_trace(trace, context)->reasons == std::vector<std::string>{"other_host"});
  context.initial_ttl.reset();
  context.rtt_floor = std::chrono::milliseconds{31};
  CHECK(read_trace(trace, context)->reasons == std::vector<std::string>{"rtt_too_short"});
}

TEST_CASE("a trace to somewhere else is none of this prefix") {
  const World world;
  const TraceContext context{.target = world.target, .prefix = world.target.prefixes.front()};
  CHECK_FALSE(read_trace(world.labeller.label_trace(make_trace("20.1.0.1", "30.0.1.1")), context));
}

TEST_CASE("the closed vocabulary of reasons is sorted") {
  const auto all = trace_reasons();
  CHECK(std::is_sorted(all.begin(), all.end()));
}
