#include "core/wire/plan_message.hpp"

#include <probe.pb.h>

using namespace isthmus;

namespace {

PlanMessage sample() {
  PlanMessage plan{.etag = "7", .limits = {.rate = 100, .destination_rate = 2.5}};
  plan.targets.push_back({.name = "star-jv",
                          .prefixes = {{.prefix = *Prefix::parse("175.45.176.0/24"),
                                        .destinations = {*IpAddress::parse("175.45.176.1"),
                                                         *IpAddress::parse("175.45.176.81")}},
                                       {.prefix = *Prefix::parse("2001:db8::/32"),
                                        .destinations = {*IpAddress::parse("2001:db8::1")}}},
                          .interval = std::chrono::seconds{30},
                          .methods = {ProbeMethod::Udp, ProbeMethod::TcpSyn},
                          .flows = 8});
  plan.sweeps.push_back({.id = 9,
                         .destinations = {*IpAddress::parse("175.45.177.1")},
                         .flows = 3,
                         .method = ProbeMethod::Icmp,
                         .at = TimePoint{Duration{1'506'848'871'000'000}},
                         .spacing = std::chrono::seconds{2}});
  plan.traces.push_back({.id = 10,
                         .destination = *IpAddress::parse("175.45.178.1"),
                         .flow = 4,
                         .max_ttl = 20,
                         .until = TimePoint{Duration{5}}});
  return plan;
}

template <typename F>
std::string error_after(const F& spoil) {
  wire::v1::Plan message;
  message.ParseFromString(encode_plan(sample()));
  spoil(message);
  const auto decoded = decode_plan(as_bytes(message.SerializeAsString()));
  return decoded ? "accepted" : decoded.error().message;
}

}  // namespace

TEST_CASE("a plan comes back as it was") {
  CHECK(decode_plan(as_bytes(encode_plan(sample()))) == sample());
  CHECK(decode_plan(as_bytes(encode_plan({}))) == PlanMessage{});
}

TEST_CASE("a plan with something wrong in it is refused by its place") {
  CHECK(error_after([](wire::v1::Plan&) {}) == "accepted");
  CHECK(error_after([](wire::v1::Plan& plan) { plan.set_version(2); }) ==
        "version 2 of the plan; known is 1");
  CHECK(error_after([](wire::v1::Plan& plan) { plan.mutable_targets(0)->set_interval_us(5); }) ==
        "target 0: an interval outside of one second to one day");
  CHECK(error_after([](wire::v1::Plan& plan) { plan.mutable_targets(0)->clear_name(); }) ==
        "target 0: needs a name of at most 64 bytes");
  CHECK(error_after([](wire::v1::Plan& plan) { plan.mutable_targets(0)->set_methods(0, 4); }) ==
        "target 0: unknown method 4");
  CHECK(error_after([](wire::v1::Plan& plan) { plan.mutable_targets(0)->set_flows(65'536); }) ==
        "target 0: 65536 flows");
  CHECK(error_after([](wire::v1::Plan& plan) {
          plan.mutable_targets(0)->mutable_prefixes(0)->set_length(33);
        }) == "target 0: a prefix that is none");
  CHECK(error_after([](wire::v1::Plan& plan) {
          plan.mutable_targets(0)->mutable_prefixes(0)->set_destinations_v4("abc");
        }) == "target 0: destinations do not come out even");
  CHECK(error_after([](wire::v1::Plan& plan) {
          plan.mutable_targets(0)->mutable_prefixes(0)->set_destinations_v4("\1\2\3\4");
        }) == "target 0: 1.2.3.4 is not in 175.45.176.0/24");
  CHECK(error_after([](wire::v1::Plan& plan) { plan.mutable_sweeps(0)->set_flows(0); }) ==
        "sweep 0: 0 flows");
  CHECK(error_after([](wire::v1::Plan& plan) { plan.mutable_traces(0)->set_destination("x"); }) ==
        "trace 0: a destination that is none");
  CHECK(error_after([](wire::v1::Plan& plan) { plan.mutable_limits()->set_rate(-1); }) ==
        "limits: a rate that is none");
  CHECK(error_after([](wire::v1::Plan& plan) {
          plan.mutable_sweeps(0)->mutable_destinations_v4()->assign(4 * 65'536, 'a');
        }) == "sweep 0: more than 65536 destinations");
}

TEST_CASE("a plan that is torn or no protobuf is refused") {
  const std::string whole = encode_plan(sample());
  CHECK_FALSE(decode_plan(as_bytes("")));
  CHECK_FALSE(decode_plan(as_bytes("\xff\xff\xff")));
  CHECK_FALSE(decode_plan(as_bytes(whole).first(whole.size() - 1)));
}
