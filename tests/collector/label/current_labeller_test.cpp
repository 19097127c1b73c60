#include "collector/label/current_labeller.hpp"

#include <thread>

#include "tests/support/trace_story.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using isthmus::testing::make_labeller;
using isthmus::testing::make_trace;

namespace {

Labeller with_origin(Asn asn) {
  Labeller labeller = make_labeller();
  OriginTableBuilder origins;
  origins.add(*Prefix::parse("20.1.0.0/16"), asn);
  labeller.set_table(LabelSource::Override, *origins.build(), asn.to_string());
  return labeller;
}

}  // namespace

TEST_CASE("a table takes the place of another while people ask") {
  CurrentLabeller current{with_origin(Asn{1})};
  const auto held = current.get();
  std::thread asker{[&] {
    for (int i = 0; i < 2000; ++i) {
      const auto labeller = current.get();
      const Label label = labeller->label(*IpAddress::parse("20.1.0.1"));
      if (Asn::parse(label.version) != label.origins.front()) {
        std::abort();
      }
    }
  }};
  for (std::uint32_t i = 2; i < 20; ++i) {
    CHECK(current.replace(with_origin(Asn{i})) != nullptr);
  }
  asker.join();
  CHECK(held->label(*IpAddress::parse("20.1.0.1")).origins.front() == Asn{1});
  CHECK(current.get()->label(*IpAddress::parse("20.1.0.1")).origins.front() == Asn{19});
}

TEST_CASE("a trace that is named again says whether a name changed") {
  const Labeller one = with_origin(Asn{1});
  const Labeller same = with_origin(Asn{1});
  const Labeller two = with_origin(Asn{2});
  LabelledTrace trace = one.label_trace(make_trace("20.0.0.1 20.1.0.1", "30.0.0.80"));
  CHECK_FALSE(relabel(trace, same));
  CHECK(trace.version == one.version());
  CHECK(relabel(trace, two));
  CHECK(trace.version == two.version());
  CHECK(trace.version != one.version());
  CHECK(trace.find(*IpAddress::parse("20.1.0.1")).origins.front() == Asn{2});
  LabelledTrace elsewhere = one.label_trace(make_trace("20.0.0.1", "30.0.0.80"));
  CHECK_FALSE(relabel(elsewhere, two));
  CHECK(elsewhere.version == two.version());
}

TEST_CASE("a vantage point without an AS gets that of its address") {
  Traceroute trace = make_trace("20.0.0.1", "30.0.0.80", Asn{});
  trace.vantage.address = *IpAddress::parse("20.3.0.9");
  CHECK(make_labeller().label_trace(trace).trace.vantage.asn == Asn{103});
  trace.vantage.address = *IpAddress::parse("10.0.0.9");
  CHECK(make_labeller().label_trace(trace).trace.vantage.asn == Asn{});
}
