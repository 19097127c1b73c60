#include "collector/feed/archive_fetch.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "core/base/sha256.hpp"
#include "tests/support/archive_site.hpp"
#include "tests/support/compress.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;
using Kind = FetchTrouble::Kind;

namespace {

const std::string kPath = "/rrc00/2017.10/updates.20171001.0905.gz";

std::string digest(const std::string& text) {
  Sha256 hash;
  hash.update(text);
  return hash.hex();
}

std::string read(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

struct World {
  ArchiveSite site;
  ScratchFolder folder;
  std::string content = sample_noise(100'000, 7);

  World() { site.put(kPath, content); }

  /// One attempt, with a fetcher of its own, as after a restart.
  Result<FetchedArchive, FetchTrouble> fetch(std::uint64_t piece_bytes = 30'000) {
    net::io_context context;
    ArchiveFetcherOptions options;
    options.server = Url::parse(site.url()).value();
    options.folder = folder.path();
    options.piece_bytes = piece_bytes;
    options.limit = std::chrono::seconds{20};
    options.silence = std::chrono::seconds{3};
    ArchiveFetcher fetcher{context.get_executor(), options};
    std::optional<Result<FetchedArchive, FetchTrouble>> result;
    const auto work = [](ArchiveFetcher& its_fetcher, auto& its_result) -> Task<> {
      its_result = co_await its_fetcher.fetch(kPath);
    };
    net::co_spawn(context, work(fetcher, result), net::detached);
    context.run();
    return result.value();
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{folder.path()}, {}));
  }
};

}  // namespace

TEST_CASE("a file is fetched piece by piece and is what the server has") {
  World world;
  const auto fetched = world.fetch();
  REQUIRE(fetched);
  CHECK(fetched->bytes == world.content.size());
  CHECK(fetched->sha256 == digest(world.content));
  CHECK(read(fetched->path) == world.content);
  CHECK(world.files() == 1);
  CHECK(world.site.count("GET") == 4);
}

TEST_CASE("what was cut off goes on where it ended, after a restart as well") {
  World world;
  int cuts = 2;
  world.site.misbehave([&](const std::string& head) {
    if (head.find("Range: bytes=30000-") == std::string::npos || cuts-- <= 0) {
      return std::string{};
    }
    return std::string{
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 30000\r\n"
        "Content-Range: bytes 30000-59999/100000\r\n\r\nonly so much"};
  });
  CHECK(world.fetch().error().kind == Kind::Later);
  CHECK(world.fetch().error().kind == Kind::Later);
  const auto fetched = world.fetch();
  REQUIRE(fetched);
  CHECK(fetched->sha256 == digest(world.content));
  // The first piece was asked for once.
  CHECK(world.site.count("GET") == 1 + 2 + 3);
}

TEST_CASE("a file that changes meanwhile is begun anew") {
  World world;
  world.site.misbehave([&](const std::string& head) {
    return head.find("Range: bytes=60000-") == std::string::npos ? "" : std::string{"nonsense"};
  });
  CHECK(world.fetch().error().kind == Kind::Later);
  ArchiveSite::File other;
  other.content = sample_noise(100'000, 8);
  other.etag = "\"2\"";
  world.site.misbehave({});
  world.site.put(kPath, other);
  const auto fetched = world.fetch();
  REQUIRE(fetched);
  CHECK(fetched->sha256 == digest(other.content));
}

TEST_CASE("a change between two pieces is noticed") {
  World world;
  bool has_changed = false;
  ArchiveSite::File other;
  other.content = sample_noise(100'000, 9);
  other.etag = "\"2\"";
  world.site.misbehave([&](const std::string& head) {
    if (head.find("Range: bytes=30000-") == std::string::npos || std::exchange(has_changed, true)) {
      return std::string{};
    }
    return ArchiveSite::reply("200 OK", "ETag: \"2\"\r\n", other.content);
  });
  const auto refused = world.fetch();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == Kind::Later);
  world.site.put(kPath, other);
  CHECK(world.fetch()->sha256 == digest(other.content));
}

TEST_CASE("a server without ranges is read at once") {
  World world;
  ArchiveSite::File file;
  file.content = world.content;
  file.has_ranges = false;
  world.site.put(kPath, file);
  CHECK(world.fetch()->sha256 == digest(world.content));
  CHECK(world.site.count("GET") == 1);
  world.site.misbehave([&](const std::string& head) {
    return head.starts_with("HEAD") ? ""
                                    : "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" +
                                          world.content.substr(0, 50'000);
  });
  CHECK(world.fetch().error().kind == Kind::Later);
}

TEST_CASE("a digest that the server tells is compared") {
  World world;
  ArchiveSite::File file;
  file.content = "The quick brown fox jumps over the lazy dog";
  const std::string right = "16j7swfXgJRpypq8sAguT41WUeRtPNt2LQLQvzfJ5ZI=";
  const auto* form = GENERATE("Repr-Digest: sha-256=:{}:\r\n", "Digest: md5=AA==,SHA-256={}\r\n");
  file.more_headers = fmt::format(fmt::runtime(form), right);
  world.site.put(kPath, file);
  CHECK(world.fetch());
  file.content[0] = 't';
  world.site.put(kPath, file);
  const auto refused = world.fetch();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == Kind::Invalid);
  CHECK(refused.error().message.find("digest") != std::string::npos);
}

TEST_CASE("what a server answers decides what is tried next") {
  struct Row {
    const char* reply;
    Kind kind;
    Duration wait;
  };
  const auto row =
      GENERATE(Row{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Kind::Absent, {}},
               Row{"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", Kind::Absent, {}},
               Row{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", Kind::Refused, {}},
               Row{"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 90\r\n\r\n", Kind::Later,
                   std::chrono::seconds{90}},
               Row{"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nRetry-After: "
                   "99999999999999\r\n\r\n",
                   Kind::Later, std::chrono::hours{1}},
               Row{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Kind::Invalid, {}},
               Row{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\nAccept-Ranges: "
                   "bytes\r\n\r\n",
                   Kind::Invalid,
                   {}},
               Row{"I am no web server\r\n\r\n", Kind::Later, {}}, Row{"", Kind::Later, {}});
  CAPTURE(row.reply);
  World world;
  world.site.misbehave([&](const std::string& /*head*/) {
    return std::string{row.reply}.empty() ? std::string{"\r"} : std::string{row.reply};
  });
  const auto refused = world.fetch();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == row.kind);
  CHECK(refused.error().wait == row.wait);
  CHECK_FALSE(refused.error().message.empty());
}

TEST_CASE("a range that was not asked for is thrown away") {
  World world;
  const auto* range = GENERATE("bytes 0-29999/100000", "bytes 30001-60000/100000",
                               "bytes 30000-59999/99999", "bytes */100000", "lines 1-2/3", "");
  CAPTURE(range);
  world.site.misbehave([&](const std::string& head) {
    return head.find("Range: bytes=30000-") == std::string::npos
               ? ""
               : ArchiveSite::reply("206 Partial Content",
                                    fmt::format("Content-Range: {}\r\n", range),
                                    std::string(30'000, 'x'));
  });
  CHECK(world.fetch().error().kind == Kind::Invalid);
  world.site.misbehave({});
  CHECK(world.fetch()->sha256 == digest(world.content));
}

TEST_CASE("a folder that cannot be written is our own trouble") {
  World world;
  std::filesystem::remove_all(world.folder.path());
  CHECK(world.fetch().error().kind == Kind::Local);
}
