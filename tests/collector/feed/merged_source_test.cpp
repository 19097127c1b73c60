#include "collector/feed/merged_source.hpp"

#include "collector/feed/mrt_reader.hpp"
#include "tests/support/mrt_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

/// An archive of announcements at these seconds, each of a prefix that names archive and place.
std::string archive(unsigned number, const std::vector<std::uint32_t>& seconds) {
  std::string bytes;
  for (unsigned i = 0; i < seconds.size(); ++i) {
    const std::string prefix = std::to_string(number) + "." + std::to_string(i) + ".0.0/16";
    bytes += message(announcement(nlri(prefix)), kTime + seconds[i]);
  }
  return bytes;
}

std::vector<std::string> merged(const std::vector<std::string>& archives, ByteAccount& account) {
  std::vector<std::unique_ptr<RouteSource>> sources;
  for (const std::string& bytes : archives) {
    sources.push_back(
        std::make_unique<MrtReader>(memory_input(as_bytes(bytes)), "test", MrtReader::Options{}));
  }
  MergedSource source{std::move(sources)};
  std::vector<std::string> prefixes;
  while (const Route* route = source.next()) {
    REQUIRE(route->attributes != nullptr);
    prefixes.push_back(route->prefix.to_string());
  }
  CHECK(source.next() == nullptr);
  account = source.account();
  return prefixes;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("archives are merged by time, and among equal times in the order of their naming") {
  ByteAccount account;
  const std::string one = archive(1, {0, 5, 5, 9});
  const std::string two = archive(2, {1, 5, 20});
  CHECK(merged({one, two, {}}, account) == Texts{"1.0.0.0/16", "2.0.0.0/16", "1.1.0.0/16",
                                                 "1.2.0.0/16", "2.1.0.0/16", "1.3.0.0/16",
                                                 "2.2.0.0/16"});
  CHECK(account.total == one.size() + two.size());
  CHECK(account.decoded == account.total);
  CHECK(account.elements == 7);
}

TEST_CASE("what is out of order in its archive comes as late as it stands there, and is not lost") {
  ByteAccount account;
  CHECK(merged({archive(1, {9, 1}), archive(2, {5})}, account) ==
        Texts{"2.0.0.0/16", "1.0.0.0/16", "1.1.0.0/16"});
}

TEST_CASE("loss in one archive is loss in the sum") {
  ByteAccount account;
  const std::string good = archive(1, {0, 1});
  CHECK(merged({good, archive(2, {0, 1}) + "torn"}, account).size() == 4);
  CHECK(account.lossy());
  CHECK(account.left_over == 4);
  CHECK(account.first_errors.size() == 1);
}

TEST_CASE("merging nothing yields nothing") {
  ByteAccount account;
  CHECK(merged({}, account).empty());
  CHECK(account.total == 0);
}
