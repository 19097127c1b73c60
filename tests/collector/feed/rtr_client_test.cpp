#include "collector/feed/rtr_client.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "core/runtime/task.hpp"
#include "tests/support/mrt_builder.hpp"
#include "tests/support/scene_server.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

std::string pdu(unsigned type, unsigned field, const std::string& body, unsigned version = 1) {
  return u8(version) + u8(type) + u16(field) + u32(body.size() + 8) + body;
}
std::string vrp(const char* text, unsigned max_length, std::uint32_t asn, bool announced = true) {
  const Prefix prefix = *Prefix::parse(text);
  return pdu(4, 0,
             u8(announced ? 1 : 0) + u8(prefix.length()) + u8(max_length) + u8(0) +
                 address(prefix.address().to_string()) + u32(asn));
}
std::string answer(const std::string& vrps, std::uint32_t serial, unsigned refresh = 3600,
                   unsigned retry = 600, unsigned expire = 7200) {
  return pdu(3, 7, "") + vrps + pdu(7, 7, u32(serial) + u32(refresh) + u32(retry) + u32(expire));
}

const std::string kResetQuery = pdu(2, 0, "");
std::string serial_query(std::uint32_t serial) {
  return pdu(1, 7, u32(serial));
}

/// A cache on a port of loopback. For each connection it plays the next scene: it waits for a query
/// before each reply, and closes when there is none left, or stays.
struct Cache {
  struct Scene {
    std::vector<std::string> replies;
    bool stays = false;
  };

  explicit Cache(boost::asio::io_context& io) : acceptor{io, {tcp::v4(), 0}} {}

  static Task<> play(Cache& self, tcp::socket socket, Scene scene) {
    for (const std::string& reply : scene.replies) {
      std::string query(8, '\0');
      const auto head = boost::asio::buffer(query);
      const auto [broken, count] = co_await boost::asio::async_read(socket, head, kAsTuple);
      if (broken) {
        co_return;
      }
      if (query[1] == 1) {
        std::string serial(4, '\0');
        const auto rest = boost::asio::buffer(serial);
        const auto [cut, more] = co_await boost::asio::async_read(socket, rest, kAsTuple);
        query += cut || more < 4 ? std::string{} : serial;
      }
      self.queries.push_back(query);
      const auto part = boost::asio::buffer(reply);
      const auto [unsent, written] = co_await boost::asio::async_write(socket, part, kAsTuple);
      if (unsent) {
        co_return;
      }
    }
    if (scene.stays) {
      char byte = 0;
      const auto one = boost::asio::buffer(&byte, 1);
      const auto [ended, count] = co_await socket.async_read_some(one, kAsTuple);
      static_cast<void>(ended);
      static_cast<void>(count);
    }
  }

  tcp::acceptor acceptor;
  std::vector<Scene> scenes;
  std::size_t connections = 0;
  std::vector<std::string> queries;
};

struct Fixture {
  boost::asio::io_context io;
  Cache cache{io};
  std::size_t changes = 0;
  std::unique_ptr<RtrClient> client;

  void start(std::vector<Cache::Scene> scenes) {
    cache.scenes = std::move(scenes);
    boost::asio::co_spawn(io, serve_scenes(cache), boost::asio::detached);
    RtrClient::Options options;
    options.server = {.scheme = "tcp",
                      .host = "127.0.0.1",
                      .port = cache.acceptor.local_endpoint().port(),
                      .target = "/"};
    options.first_retry = 10ms;
    options.tick = 20ms;
    options.changed = [this] { ++changes; };
    client = std::make_unique<RtrClient>(io.get_executor(), std::move(options));
    client->start();
  }
  ~Fixture() {
    client->stop();
    cache.acceptor.close();
    io.run_for(10s);
  }
  explicit Fixture() = default;
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  bool until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds() && std::chrono::steady_clock::now() < end) {
      io.run_one_for(100ms);
    }
    return holds();
  }
  [[nodiscard]] std::size_t size() const { return client->table() ? client->table()->size() : 0; }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a cache is asked for all, and after a lost connection for what is new",
                 "[rtr-client]") {
  start({{{answer(vrp("175.45.176.0/22", 24, 131279), 5)}},
         {{answer(vrp("192.0.2.0/24", 24, 65001), 6)}, true}});
  CHECK(client->table() == nullptr);
  CHECK(client->status().state == FeedState::Waiting);
  REQUIRE(until([&] { return size() == 1; }));
  const auto first = client->table();
  CHECK(first->validate(*Prefix::parse("175.45.176.0/24"), Asn{131279}) == RpkiState::Valid);
  REQUIRE(until([&] { return size() == 2; }));
  CHECK(cache.queries == std::vector{kResetQuery, serial_query(5)});
  CHECK(changes == 2);
  CHECK(client->version() == "serial 6");
  const FeedStatus status = client->status();
  CHECK(status.state == FeedState::Live);
  CHECK_FALSE(status.blind);
  CHECK(status.counters.connections == 2);
  CHECK(status.counters.messages == 6);
  // A table that others hold does not change under their hands.
  CHECK(first->size() == 1);
}

TEST_CASE_METHOD(Fixture, "a cache is asked again at its own refresh interval", "[rtr-client]") {
  start({{{answer(vrp("175.45.176.0/22", 24, 131279), 5, 1),
           answer(vrp("175.45.176.0/22", 24, 131279, false), 6, 1)},
          true}});
  REQUIRE(until([&] { return size() == 1; }));
  REQUIRE(until([&] { return client->table() && size() == 0; }));
  CHECK(cache.connections == 1);
  CHECK(cache.queries.at(1) == serial_query(5));
}

TEST_CASE_METHOD(Fixture, "a notify is answered by a question at once", "[rtr-client]") {
  start({{{answer({}, 5) + pdu(0, 7, u32(6)), answer(vrp("192.0.2.0/24", 24, 65001), 6)}, true}});
  REQUIRE(until([&] { return size() == 1; }));
  CHECK(client->status().counters.connections == 1);
}

TEST_CASE_METHOD(Fixture, "a cache that answers nonsense is left alone, and its table stays in use",
                 "[rtr-client]") {
  start({{{answer(vrp("175.45.176.0/22", 24, 131279), 5, 3600, 1)}},
         {{std::string(200, 'x')}},
         {{answer(vrp("192.0.2.0/24", 24, 65001), 6)}, true}});
  REQUIRE(until([&] { return cache.connections == 2; }));
  REQUIRE(until([&] { return client->status().state == FeedState::Lost; }));
  CHECK(client->status().blind);
  CHECK_FALSE(client->status().detail.empty());
  CHECK(size() == 1);
  // Its own retry interval is a second.
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE(until([&] { return size() == 2; }));
  CHECK(std::chrono::steady_clock::now() - begun > 700ms);
}

TEST_CASE_METHOD(Fixture, "without a cache there is no table, and it is tried for ever",
                 "[rtr-client]") {
  start({{{}}});
  REQUIRE(until([&] { return cache.connections >= 4; }));
  CHECK(client->table() == nullptr);
  CHECK(changes == 0);
  CHECK(client->status().blind);
}
