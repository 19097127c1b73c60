#include "collector/feed/route_batch.hpp"

#include <memory>

#include <catch2/catch.hpp>

using namespace isthmus;
using collector::RouteBatch;

TEST_CASE("a batch outlives what its elements pointed at", "[batch]") {
  RouteBatch batch;
  {
    const VantagePoint vantage{Plane::Control, "router-1", *IpAddress::parse("192.0.2.1"),
                               Asn{64500}};
    RouteAttributes attributes;
    attributes.as_path = *AsPath::parse("64500 20485 131279");
    Route route;
    route.vantage = &vantage;
    route.prefix = *Prefix::parse("175.45.176.0/24");
    route.attributes = &attributes;
    batch.add(route);
    route.prefix = *Prefix::parse("175.45.177.0/24");
    batch.add(route);
    route.kind = RouteKind::Withdraw;
    route.attributes = nullptr;
    batch.add(route);
    route.kind = RouteKind::Announce;
    attributes.as_path = *AsPath::parse("64500 4837 131279");
    route.attributes = &attributes;
    batch.add(route, std::make_shared<const VantagePoint>(vantage));
  }
  REQUIRE(batch.size() == 4);
  CHECK(batch[0].vantage->source == "router-1");
  CHECK(batch[0].attributes->as_path.to_string() == "64500 20485 131279");
  CHECK(batch[0].attributes == batch[1].attributes);
  CHECK(batch[1].prefix.to_string() == "175.45.177.0/24");
  CHECK(batch[2].kind == RouteKind::Withdraw);
  CHECK(batch[2].attributes == nullptr);
  CHECK(batch[3].attributes->as_path.to_string() == "64500 4837 131279");
  CHECK(*batch[3].vantage == *batch[0].vantage);

  RouteBatch moved = std::move(batch);
  CHECK(moved[3].vantage->asn == Asn{64500});
  moved.clear();
  CHECK(moved.empty());
}
