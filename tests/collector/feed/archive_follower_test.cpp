#include "collector/feed/archive_follower.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "collector/feed/archive_ledger.hpp"
#include "tests/support/archive_site.hpp"
#include "tests/support/compress.hpp"
#include "tests/support/mrt_builder.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

/// What came, in order; full after so many routes until it is emptied.
class Collected final : public RouteSink {
 public:
  bool try_push(RouteBatch& batch) override {
    if (refusals_ > 0) {
      --refusals_;
      return false;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Route route = batch[i];
      routes_.push_back(route.vantage->source + " " + route.prefix.to_string());
      times_.push_back(route.time);
    }
    batch.clear();
    if (on_routes) {
      on_routes();
    }
    return true;
  }
  void when_room(std::function<void()> wake) override { wake(); }
  void refuse(int times) { refusals_ = times; }

  [[nodiscard]] const std::vector<std::string>& routes() const { return routes_; }
  [[nodiscard]] const std::vector<TimePoint>& times() const { return times_; }
  std::function<void()> on_routes;

 private:
  std::vector<std::string> routes_;
  std::vector<TimePoint> times_;
  int refusals_ = 0;
};

/// Names of today, so that nothing lies too far back: minute 0 is an hour ago.
std::string stamp(int minute) {
  const auto time = std::chrono::floor<std::chrono::hours>(std::chrono::system_clock::now()) -
                    std::chrono::hours{1} + std::chrono::minutes{minute};
  const std::string text = format_utc(time);
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) + "." + text.substr(11, 2) +
         text.substr(14, 2);
}
std::string month_folder() {
  const std::string text = stamp(0);
  return "/rrc00/" + text.substr(0, 4) + "." + text.substr(4, 2) + "/";
}
std::string updates(int minute) {
  return "updates." + stamp(minute) + ".gz";
}
std::string table(int minute) {
  return "bview." + stamp(minute) + ".gz";
}
/// An archive that announces one prefix.
std::string announcing(const std::string& prefix) {
  return gzip(message(announcement(nlri(prefix))));
}

struct World {
  ArchiveSite site;
  ScratchFolder folder;
  Collected sink;
  std::vector<ArchiveSource> sources;
  std::vector<FeedStatus> last_status;
  Duration give_up = std::chrono::minutes{30};

  World() { sources.push_back(server("rrc00")); }
  [[nodiscard]] ArchiveSource server(const std::string& name) const {
    ArchiveSource source;
    source.location = site.url() + "/" + name;
    source.layout = *ArchiveLayout::named("ris");
    source.interval = std::chrono::milliseconds{50};
    return source;
  }
  /// Follows until so many routes have come in all, and a little of the work
  /// behind them is done.
  void follow_until(const std::function<bool(const Collected&, const ArchiveFollower&)>& enough) {
    net::io_context context;
    ArchiveFollowerOptions options;
    options.sources = sources;
    options.folder = folder.path() + "/state";
    options.patience = std::chrono::seconds{5};
    options.give_up = give_up;
    options.limit = std::chrono::seconds{10};
    ArchiveFollower follower{context.get_executor(), options, sink};
    REQUIRE(follower.start());
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!enough(sink, follower) && std::chrono::steady_clock::now() < end) {
      context.run_one_for(std::chrono::milliseconds{200});
    }
    last_status = follower.status(std::chrono::floor<Duration>(std::chrono::system_clock::now()));
    CHECK(enough(sink, follower));
    follower.stop();
    context.run_for(std::chrono::seconds{5});
  }
  void follow_until(std::size_t routes) {
    follow_until([&](const Collected& collected, const ArchiveFollower& follower) {
      return collected.routes().size() >= routes &&
             follower.status({}).front().state == FeedState::Live;
    });
  }
  [[nodiscard]] std::size_t done() const {
    return ArchiveLedger::open(folder.path() + "/state/ledger", TimePoint{})->size();
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "the first start begins with the newest table, and what is done is "
    "not read again") {
  World world;
  const std::string at = month_folder();
  world.site.put(at + updates(0), announcing("10.0.0.0/8"));
  const std::string prefix =
      rib("11.0.0.0/8", {rib_entry(0, origin() + as_path({64500, 4837}) + next_hop("192.0.2.1"))});
  world.site.put(at + table(5), gzip(peer_index({{64500, "192.0.2.1"}}) + prefix));
  world.site.put(at + updates(5), announcing("12.0.0.0/8"));
  world.site.put(at + updates(10), announcing("13.0.0.0/8"));
  world.follow_until(3);
  CHECK(world.sink.routes() == Lines{"rrc00 11.0.0.0/8", "rrc00 12.0.0.0/8", "rrc00 13.0.0.0/8"});
  CHECK(world.done() == 3);
  CHECK(world.last_status.front().name == "rrc00");
  CHECK(world.last_status.front().counters.gaps == 0);
  CHECK_FALSE(world.last_status.front().blind);

  world.site.put(at + updates(15), announcing("14.0.0.0/8"));
  world.follow_until(4);
  CHECK(world.sink.routes().back() == "rrc00 14.0.0.0/8");
  CHECK(world.sink.routes().size() == 4);
  CHECK(world.site.count("GET " + at + updates(10)) == 1);
}

TEST_CASE("archives of several route collectors go in the order of time") {
  World world;
  world.sources.push_back(world.server("rrc01"));
  const std::string at = month_folder();
  std::string other = at;
  other.replace(1, 5, "rrc01");
  world.site.put(at + updates(0), gzip(message(announcement(nlri("10.0.0.0/8")), kTime) +
                                       message(announcement(nlri("12.0.0.0/8")), kTime + 20)));
  world.site.put(other + updates(0), gzip(message(announcement(nlri("11.0.0.0/8")), kTime + 10) +
                                          message(announcement(nlri("13.0.0.0/8")), kTime + 30)));
  world.follow_until(4);
  CHECK(world.sink.routes() ==
        Lines{"rrc00 10.0.0.0/8", "rrc01 11.0.0.0/8", "rrc00 12.0.0.0/8", "rrc01 13.0.0.0/8"});
  CHECK(std::is_sorted(world.sink.times().begin(), world.sink.times().end()));
  CHECK(world.sink.times().front() > TimePoint{std::chrono::seconds{kTime}} + std::chrono::days{1});
}

TEST_CASE(
    "a server that cuts off and is busy is tried again, and what is "
    "behind it waits") {
  World world;
  const std::string at = month_folder();
  const std::string first = announcing("10.0.0.0/8");
  world.site.put(at + updates(0), first);
  world.site.put(at + updates(5), announcing("11.0.0.0/8"));
  int times = 0;
  world.site.misbehave([&](const std::string& head) {
    if (head.find(updates(0)) == std::string::npos || ++times > 2) {
      return std::string{};
    }
    return times == 1 ? ArchiveSite::reply("503 Busy", "", "")
                      : "HTTP/1.1 206 Partial Content\r\nContent-Length: 90\r\n\r\n" + first;
  });
  world.follow_until(2);
  CHECK(world.sink.routes() == Lines{"rrc00 10.0.0.0/8", "rrc00 11.0.0.0/8"});
}

TEST_CASE(
    "a damaged archive is fetched again, and read as far as it goes if "
    "it stays so") {
  World world;
  const std::string at = month_folder();
  const std::string whole = gzip(message(announcement(nlri("10.0.0.0/8"))) + Dice{1}.bytes(4000));
  world.site.put(at + updates(0), whole.substr(0, whole.size() - 8));
  world.site.put(at + updates(5), announcing("11.0.0.0/8"));
  world.follow_until(2);
  CHECK(world.sink.routes() == Lines{"rrc00 10.0.0.0/8", "rrc00 11.0.0.0/8"});
  CHECK(world.site.count("GET " + at + updates(0)) == 2);
  CHECK(world.last_status.front().counters.skipped.at("damaged_archive") == 1);
}

TEST_CASE("a page in place of an archive is refused in the end") {
  World world;
  const std::string at = month_folder();
  world.site.put(at + updates(0), "<html>We have moved</html>");
  world.site.put(at + updates(5), announcing("11.0.0.0/8"));
  world.follow_until(1);
  CHECK(world.sink.routes() == Lines{"rrc00 11.0.0.0/8"});
  CHECK(world.last_status.front().counters.skipped.at("refused_archive") == 1);
  CHECK(world.last_status.front().counters.gaps == 0);
}

TEST_CASE(
    "an archive that is listed and never there is passed over after a "
    "time, as a gap") {
  World world;
  world.give_up = std::chrono::milliseconds{100};
  const std::string at = month_folder();
  for (const int minute : {0, 5, 10}) {
    world.site.put(at + updates(minute), announcing("1" + std::to_string(minute) + ".0.0.0/8"));
  }
  world.site.misbehave([&](const std::string& head) {
    return head.find(updates(5)) == std::string::npos ? ""
                                                      : ArchiveSite::reply("404 Not Found", "", "");
  });
  world.follow_until(2);
  CHECK(world.sink.routes() == Lines{"rrc00 10.0.0.0/8", "rrc00 110.0.0.0/8"});
  CHECK(world.last_status.front().counters.gaps == 1);
}

TEST_CASE("a sink that is full is waited for") {
  World world;
  world.site.put(month_folder() + updates(0), announcing("10.0.0.0/8"));
  world.sink.refuse(5);
  world.follow_until(1);
  CHECK(world.sink.routes() == Lines{"rrc00 10.0.0.0/8"});
}

TEST_CASE(
    "a folder is followed: what is still being written waits, what has "
    "grown is read again") {
  World world;
  const std::string inbox = world.folder.path() + "/rrc05";
  std::filesystem::create_directories(inbox);
  ArchiveSource source;
  source.location = inbox;
  source.interval = std::chrono::milliseconds{50};
  world.sources = {source};
  const auto write = [&](const std::string& name, const std::string& content) {
    std::ofstream{inbox + "/" + name, std::ios::binary} << content;
  };
  const std::string first = message(announcement(nlri("10.0.0.0/8")));
  write("updates." + stamp(0), first);
  write("updates." + stamp(5) + ".part", first);
  write(".updates." + stamp(5), first);
  write("notes.txt", "not ours");
  world.follow_until(1);
  CHECK(world.sink.routes() == Lines{"rrc05 10.0.0.0/8"});
  CHECK(std::filesystem::exists(inbox + "/updates." + stamp(0)));
  write("updates." + stamp(0), first + message(announcement(nlri("11.0.0.0/8"))));
  world.follow_until(3);
  CHECK(world.sink.routes() == Lines{"rrc05 10.0.0.0/8", "rrc05 10.0.0.0/8", "rrc05 11.0.0.0/8"});
}

TEST_CASE("a server that does not let us in makes its feed blind, and no other") {
  World world;
  world.sources.push_back(world.server("rrc01"));
  world.site.put(month_folder() + updates(0), announcing("10.0.0.0/8"));
  world.site.misbehave([](const std::string& head) {
    return head.find("/rrc01/") == std::string::npos ? ""
                                                     : ArchiveSite::reply("403 Forbidden", "", "");
  });
  world.follow_until([](const Collected& sink, const ArchiveFollower& follower) {
    const auto status = follower.status({});
    return sink.routes().size() == 1 && status[0].state == FeedState::Live &&
           status[1].state == FeedState::Refused;
  });
  CHECK_FALSE(world.last_status[0].blind);
  CHECK(world.last_status[1].blind);
  CHECK(world.last_status[1].detail.find("403") != std::string::npos);
}

TEST_CASE("a ledger that is none of ours, or a missing folder, stops the start") {
  World world;
  net::io_context context;
  ArchiveFollowerOptions options;
  options.folder = world.folder.path();
  options.sources = world.sources;
  std::ofstream{world.folder.path() + "/ledger"} << "precious\n";
  ArchiveFollower one{context.get_executor(), options, world.sink};
  CHECK_FALSE(one.start());
  options.folder = world.folder.path() + "/other";
  options.sources[0].location = world.folder.path() + "/missing";
  ArchiveFollower other{context.get_executor(), options, world.sink};
  CHECK_FALSE(other.start());
}
