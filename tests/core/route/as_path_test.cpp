#include "core/route/as_path.hpp"

using isthmus::Asn;
using isthmus::AsPath;
using isthmus::SegmentType;

TEST_CASE("a path is read and written alike") {
  const auto text = GENERATE(as<std::string>{}, "", "4837 131279", "6939 4837 {1,2}",
                             "(65001 65002) 4837 131279", "[65001,65002] 1", "1 {2} 3 {4,5}");
  const auto path = AsPath::parse(text);
  REQUIRE(path);
  CHECK(path->to_string() == text);
}

TEST_CASE("what is no path is refused") {
  for (const auto* text : {"a", "1 {2", "1 2}", "1 {2,x}", "4294967296"}) {
    CAPTURE(text);
    CHECK_FALSE(AsPath::parse(text));
  }
}

TEST_CASE("the origin is the last AS, unless that is a set") {
  CHECK(AsPath::parse("6939 4837 131279")->origin() == Asn{131279});
  CHECK_FALSE(AsPath::parse("6939 {4837,131279}")->origin());
  CHECK_FALSE(AsPath{}.origin());
  AsPath empty_segment;
  empty_segment.begin_segment(SegmentType::Sequence);
  CHECK_FALSE(empty_segment.origin());
}

TEST_CASE("paths that read alike but are built otherwise are different") {
  AsPath two;
  two.append(SegmentType::Sequence, std::vector{Asn{1}});
  two.append(SegmentType::Sequence, std::vector{Asn{2}});
  const AsPath one{std::vector{Asn{1}, Asn{2}}};
  CHECK_FALSE(one == two);
  CHECK(hash_value(one) != hash_value(two));
  two.clear();
  two.append(SegmentType::Sequence, std::vector{Asn{1}, Asn{2}});
  CHECK(one == two);
  CHECK(hash_value(one) == hash_value(two));
}
