#include "collector/feed/ris_live_client.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <catch2/catch.hpp>

#include "tests/support/scene_server.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace std::chrono_literals;

namespace {

namespace websocket = boost::beast::websocket;
using tcp = boost::asio::ip::tcp;

struct Sink final : RouteSink {
  bool try_push(RouteBatch& batch) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Route route = batch[i];
      static constexpr std::string_view kKinds = "TAWUD";
      lines.push_back(std::string{kKinds[static_cast<std::size_t>(route.kind)]} + ' ' +
                      route.vantage->source + ' ' + route.prefix.to_string());
    }
    batch.clear();
    return true;
  }
  void when_room(std::function<void()> wake) override { wake(); }
  std::vector<std::string> lines;
};

/// Speaks RIS Live's protocol on a port of loopback. For each connection it plays the next scene:
/// texts to be sent once as many subscriptions have come as the client owes; then it closes.
struct Server {
  struct Scene {
    std::vector<std::string> texts;
    bool is_http = true;  ///< false: it answers no WebSocket at all
    bool closes = true;
  };

  explicit Server(boost::asio::io_context& io) : acceptor{io, {tcp::v4(), 0}} {}

  static Task<> play(Server& self, tcp::socket socket, Scene scene) {
    if (!scene.is_http) {
      co_return;
    }
    websocket::stream<tcp::socket> stream{std::move(socket)};
    const auto [error] = co_await stream.async_accept(kAsTuple);
    boost::beast::flat_buffer buffer;
    for (std::size_t i = 0; !error && i < self.owed; ++i) {
      const auto [broken, count] = co_await stream.async_read(buffer, kAsTuple);
      if (broken) {
        co_return;
      }
      self.subscriptions.emplace_back(static_cast<const char*>(buffer.cdata().data()), count);
      buffer.consume(count);
    }
    for (const std::string& text : scene.texts) {
      const auto part = boost::asio::buffer(text);
      const auto [broken, count] = co_await stream.async_write(part, kAsTuple);
      if (broken) {
        co_return;
      }
    }
    if (!scene.closes) {
      // Until the client goes.
      const auto [broken, count] = co_await stream.async_read(buffer, kAsTuple);
      static_cast<void>(broken);
    }
  }

  tcp::acceptor acceptor;
  std::vector<Scene> scenes;
  std::vector<std::string> subscriptions;
  std::size_t owed = 3;
  std::size_t connections = 0;
};

std::string update(const std::string& prefix, const std::string& path = "4837,131279") {
  return R"({"type":"ris_message","data":{"timestamp":1553627987.89,"peer":"192.0.2.1",)"
         R"("peer_asn":"4837","id":"x","host":"rrc00.ripe.net","type":"UPDATE","path":[)" +
         path + R"(],"origin":"igp","announcements":[{"next_hop":"192.0.2.1","prefixes":[")" +
         prefix + R"("]}]}})";
}

struct Fixture {
  boost::asio::io_context io;
  WatchFilter watch{{*Prefix::parse("175.45.176.0/22")}, {Asn{131279}}};
  LiveRib rib{LiveRib::Options{.watch = watch}};
  Sink sink;
  FeedOutlet outlet{rib, sink};
  Server server{io};
  std::unique_ptr<RisLiveClient> client;

  void start(std::vector<Server::Scene> scenes) {
    server.scenes = std::move(scenes);
    boost::asio::co_spawn(io, isthmus::testing::serve_scenes(server), boost::asio::detached);
    RisLiveClient::Options options;
    options.host = "127.0.0.1";
    options.port = std::to_string(server.acceptor.local_endpoint().port());
    options.use_tls = false;
    options.first_retry = 20ms;
    options.longest_retry = 100ms;
    client = std::make_unique<RisLiveClient>(io.get_executor(), std::move(options), outlet, watch);
    REQUIRE(client->start());
  }
  Fixture() = default;
  ~Fixture() {
    if (client) {
      client->stop();
    }
    server.acceptor.close();
    io.run_for(5s);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  bool until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!holds() && std::chrono::steady_clock::now() < end) {
      io.run_one_for(100ms);
    }
    return holds();
  }
  FeedStatus status() {
    return client->status(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()))
        .at(0);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "it subscribes to prefixes, ASes and sessions, and hands over",
                 "[ris-live-client]") {
  start(
      {{.texts = {update("175.45.176.0/24"), update("10.0.0.0/8", "4837,3356")}, .closes = false}});
  REQUIRE(until([&] { return status().counters.messages == 2; }));
  CHECK(server.subscriptions == ris_live_subscriptions(watch, {}));
  CHECK(server.subscriptions.at(0).find(R"("prefix":"175.45.176.0/22","moreSpecific":true)") !=
        std::string::npos);
  CHECK(server.subscriptions.at(1).find(R"("path":"131279")") != std::string::npos);
  CHECK(sink.lines == std::vector<std::string>{"A rrc00 175.45.176.0/24"});
  CHECK(status().state == FeedState::Live);
  CHECK_FALSE(status().blind);
  CHECK(status().peers.at(0).routes == 1);
}

TEST_CASE_METHOD(Fixture, "a lost connection withdraws nothing, and the gap is told",
                 "[ris-live-client]") {
  start({{.texts = {update("175.45.176.0/24")}},
         {.texts = {update("175.45.177.0/24")}, .closes = false}});
  REQUIRE(until([&] { return status().counters.messages == 2; }));
  CHECK(sink.lines ==
        std::vector<std::string>{"A rrc00 175.45.176.0/24", "A rrc00 175.45.177.0/24"});
  CHECK(status().counters.gaps == 1);
  CHECK(status().counters.connections == 2);
  CHECK(status().detail.find("nothing was heard from") != std::string::npos);
  CHECK(rib.rib().size() == 2);
}

TEST_CASE_METHOD(Fixture, "a server that misbehaves is tried again, and does no harm",
                 "[ris-live-client]") {
  const Server::Scene bad = GENERATE(
      values<Server::Scene>({{.is_http = false},
                             {.texts = {}},
                             {.texts = {"garbage", "[1,2,3]", std::string(1000, '{')}},
                             {.texts = {std::string(2U << 20, 'x')}},
                             {.texts = {R"({"type":"ris_error","data":{"message":"no"}})"}}}));
  start({bad, {.texts = {update("175.45.176.0/24")}, .closes = false}});
  REQUIRE(until([&] { return sink.lines.size() == 1; }));
  CHECK(status().state == FeedState::Live);
  const auto skipped = status().counters.skipped;
  if (!bad.texts.empty() && bad.texts[0] == "garbage") {
    CHECK(skipped.at("malformed") == 3);
  }
}

TEST_CASE_METHOD(Fixture, "a client that is behind sheds only what cannot be watched",
                 "[ris-live-client]") {
  std::vector<std::string> texts{update("175.45.176.0/24")};  // years behind
  for (unsigned i = 0; i < 300; ++i) {
    texts.push_back(update("10.0.0.0/8", "4837,3356"));
  }
  texts.push_back(update("175.45.179.0/24"));
  start({{.texts = texts, .closes = false}});
  REQUIRE(until([&] { return status().counters.messages == 302; }));
  CHECK(sink.lines ==
        std::vector<std::string>{"A rrc00 175.45.176.0/24", "A rrc00 175.45.179.0/24"});
  CHECK(status().counters.skipped.at("shed") == 300);
}
