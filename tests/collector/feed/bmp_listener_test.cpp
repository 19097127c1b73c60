#include "collector/feed/bmp_listener.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "tests/support/bmp_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

struct Sink final : RouteSink {
  bool try_push(RouteBatch& batch) override {
    if (is_full) {
      return false;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Route route = batch[i];
      paths.push_back(route.attributes == nullptr ? std::string{}
                                                  : route.attributes->as_path.to_string());
    }
    batch.clear();
    return true;
  }
  void when_room(std::function<void()> wake) override {
    if (is_full) {
      waiting.push_back(std::move(wake));
    } else {
      wake();
    }
  }
  void open() {
    is_full = false;
    for (const auto& wake : std::exchange(waiting, {})) {
      wake();
    }
  }

  bool is_full = false;
  std::vector<std::function<void()>> waiting;
  std::vector<std::string> paths;
};

struct Fixture {
  boost::asio::io_context io;
  boost::asio::io_context clients_io;
  LiveRib rib{
      LiveRib::Options{.watch = WatchFilter{{*Prefix::parse("175.45.176.0/22")}, {Asn{131279}}}}};
  Sink sink;
  FeedOutlet outlet{rib, sink};
  std::unique_ptr<BmpListener> listener;

  explicit Fixture() { listen({}); }
  ~Fixture() {
    listener->stop();
    io.run_for(10s);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  void listen(BmpListener::Options options) {
    if (listener) {
      listener->stop();
      io.run_for(100ms);
      io.restart();
    }
    options.listen = {*ListenAddress::parse("127.0.0.1:0")};
    if (options.routers.empty()) {
      options.routers = {{"edge", *Prefix::parse("127.0.0.1/32")}};
    }
    options.origins = {Asn{131279}};
    listener = std::make_unique<BmpListener>(io.get_executor(), std::move(options), outlet);
    REQUIRE(listener->start());
  }
  tcp::socket connect(const char* from = "127.0.0.1") {
    tcp::socket socket{clients_io, tcp::v4()};
    socket.bind({boost::asio::ip::make_address(from), 0});
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), listener->ports().front()});
    return socket;
  }
  static void send(tcp::socket& socket, const std::string& bytes) {
    boost::asio::write(socket, boost::asio::buffer(bytes));
  }
  /// Lets the listener work until something holds, for ten seconds at most.
  bool until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!holds() && std::chrono::steady_clock::now() < end) {
      io.run_one_for(100ms);
    }
    return holds();
  }
  FeedStatus status(const std::string& name = "edge") {
    const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    for (const FeedStatus& each : listener->status(now)) {
      if (each.name == name) {
        return each;
      }
    }
    return {};
  }
};

const std::string kRoute = announcement(nlri("175.45.176.0/24"), {4837, 131279});

/// Whether the other side has closed.
bool is_closed(tcp::socket& socket) {
  char byte = 0;
  boost::system::error_code error;
  socket.non_blocking(true);
  socket.read_some(boost::asio::buffer(&byte, 1), error);
  return error && error != boost::asio::error::would_block;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a router's routes reach the sink, and its status tells how it is",
                 "[bmp-listener]") {
  CHECK(status().state == FeedState::Waiting);
  CHECK(status().blind);
  tcp::socket router = connect();
  send(router, initiation() + peer_up({}) + monitoring({}, kRoute));
  REQUIRE(until([&] { return sink.paths.size() == 2; }));
  CHECK(sink.paths[1] == "4837 131279");
  CHECK(status().state == FeedState::CatchingUp);
  send(router, monitoring({}, end_of_rib()));
  REQUIRE(until([&] { return status().state == FeedState::Live; }));
  const FeedStatus live = status();
  CHECK_FALSE(live.blind);
  CHECK(live.counters.messages == 4);
  REQUIRE(live.peers.size() == 1);
  CHECK(live.peers[0].routes == 1);
  router.close();
  REQUIRE(until([&] { return status().state == FeedState::Lost; }));
  CHECK(status().blind);
  CHECK(status().counters.gaps == 1);
  CHECK(status().peers.at(0).state == PeerState::Stale);
  // Nothing was withdrawn: to be blind is not to see that a route is gone.
  CHECK(sink.paths.size() == 2);
  CHECK(rib.rib().size() == 1);

  tcp::socket again = connect();
  send(again, initiation() + peer_up({}) + monitoring({}, kRoute) + monitoring({}, end_of_rib()));
  REQUIRE(until([&] { return status().state == FeedState::Live; }));
  CHECK(sink.paths.size() == 2);
}

TEST_CASE_METHOD(Fixture, "who is not on the access list is not let in", "[bmp-listener]") {
  tcp::socket stranger = connect("127.0.0.2");
  REQUIRE(until([&] { return listener->refusals().access_list == 1; }));
  CHECK(until([&] { return is_closed(stranger); }));
  CHECK(listener->connections() == 0);
}

TEST_CASE_METHOD(Fixture, "each router of a range has a name of its own", "[bmp-listener]") {
  BmpListener::Options options;
  options.routers = {{"lab", *Prefix::parse("127.0.0.0/8")}};
  listen(std::move(options));
  tcp::socket first = connect("127.0.0.5");
  tcp::socket second = connect("127.0.0.6");
  send(first, initiation() + peer_up({}));
  send(second, initiation() + peer_up({}));
  REQUIRE(until([&] { return sink.paths.size() == 2; }));
  CHECK(status("lab-127.0.0.5").counters.messages == 2);
  CHECK(status("lab-127.0.0.6").counters.messages == 2);
}

TEST_CASE_METHOD(Fixture, "garbage ends its own session only", "[bmp-listener]") {
  BmpListener::Options options;
  options.routers = {{"lab", *Prefix::parse("127.0.0.0/8")}};
  listen(std::move(options));
  tcp::socket good = connect("127.0.0.5");
  send(good, initiation() + peer_up({}));
  const std::string bytes = GENERATE(std::string(100'000, 'x'), u8(3) + u32(0xffffffff) + u8(0),
                                     initiation() + std::string(50, '\0'));
  tcp::socket bad = connect("127.0.0.6");
  boost::system::error_code ignored;
  boost::asio::write(bad, boost::asio::buffer(bytes), ignored);
  REQUIRE(until([&] { return status("lab-127.0.0.6").state == FeedState::Refused; }));
  CHECK(until([&] { return is_closed(bad); }));
  send(good, monitoring({}, kRoute));
  CHECK(until([&] { return !sink.paths.empty() && sink.paths.back() == "4837 131279"; }));
}

TEST_CASE_METHOD(Fixture, "sessions that stay half open make room for others", "[bmp-listener]") {
  BmpListener::Options options;
  options.max_connections = 50;
  options.routers = {{"lab", *Prefix::parse("127.0.0.0/8")}};
  listen(std::move(options));
  tcp::socket good = connect("127.0.0.5");
  send(good, initiation() + peer_up({}));
  REQUIRE(until([&] { return sink.paths.size() == 1; }));
  std::vector<tcp::socket> idle;
  for (unsigned i = 0; i < 300; ++i) {
    idle.push_back(connect("127.0.0.6"));
    io.poll();
  }
  REQUIRE(until([&] { return listener->refusals().connections >= 250; }));
  CHECK(listener->connections() <= 50);
  send(good, monitoring({}, kRoute));
  CHECK(until([&] { return sink.paths.size() == 2; }));
}

TEST_CASE_METHOD(Fixture, "a session that says nothing is closed in time", "[bmp-listener]") {
  BmpListener::Options options;
  options.opening_time = 200ms;
  listen(std::move(options));
  tcp::socket idle = connect();
  CHECK(until([&] { return listener->refusals().opening == 1; }));
  CHECK(until([&] { return listener->connections() == 0; }));
}

TEST_CASE_METHOD(Fixture, "a full sink holds the router back, and nothing is lost",
                 "[bmp-listener]") {
  sink.is_full = true;
  tcp::socket router = connect();
  std::string bytes = initiation() + peer_up({});
  for (unsigned i = 0; i < 256; ++i) {
    const std::string prefix =
        Prefix::covering(IpAddress::v4(0xaf2db000U + (i << 2)), 30).to_string();
    bytes += monitoring({}, announcement(nlri(prefix), {4837, 131279}));
  }
  send(router, bytes);
  REQUIRE(until([&] { return !sink.waiting.empty(); }));
  io.run_for(50ms);
  CHECK(sink.paths.empty());
  sink.open();
  CHECK(until([&] { return sink.paths.size() == 257; }));
}

TEST_CASE_METHOD(Fixture, "a router that calls again replaces its old session", "[bmp-listener]") {
  tcp::socket old = connect();
  send(old, initiation() + peer_up({}) + monitoring({}, kRoute));
  REQUIRE(until([&] { return sink.paths.size() == 2; }));
  tcp::socket fresh = connect();
  send(fresh, initiation() + peer_up({}) + monitoring({}, kRoute));
  CHECK(until([&] { return is_closed(old); }));
  CHECK(until([&] { return status().counters.connections == 2; }));
  CHECK(status().counters.messages == 6);
}

TEST_CASE_METHOD(Fixture, "a router that tells too much is held back, and no other",
                 "[bmp-listener]") {
  BmpListener::Options options;
  options.routers = {{"lab", *Prefix::parse("127.0.0.0/8")}};
  options.changes_per_second = 200;
  options.changes_at_once = 10;
  listen(std::move(options));
  tcp::socket loud = connect("127.0.0.6");
  std::string bytes = initiation() + peer_up({});
  for (unsigned i = 0; i < 100; ++i) {
    const std::string prefix =
        Prefix::covering(IpAddress::v4(0xaf2db000U + (i << 2)), 30).to_string();
    bytes += monitoring({}, announcement(nlri(prefix), {4837, 131279}));
  }
  send(loud, bytes);
  REQUIRE(until([&] { return sink.paths.size() == 101; }));
  CHECK(until([&] { return status("lab-127.0.0.6").detail.starts_with("held back"); }));
  // What it says now waits; what another one says does not.
  const auto begun = std::chrono::steady_clock::now();
  send(loud, monitoring({}, announcement(nlri("175.45.176.0/24"), {4837, 131279})));
  tcp::socket good = connect("127.0.0.5");
  send(good, initiation() + peer_up({}));
  REQUIRE(until([&] { return sink.paths.size() >= 102; }));
  CHECK(status("lab-127.0.0.5").counters.messages == 2);
  REQUIRE(until([&] { return sink.paths.size() == 103; }));
  CHECK(std::chrono::steady_clock::now() - begun > 200ms);
}
