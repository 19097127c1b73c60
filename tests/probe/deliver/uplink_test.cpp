#include "probe/deliver/uplink.hpp"

#include <sys/stat.h>

#include <deque>
#include <set>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "core/runtime/http_router.hpp"
#include "core/runtime/http_server.hpp"
#include "core/wire/result_batch.hpp"
#include "core/wire/session_message.hpp"
#include "probe/daemon/measurements.hpp"
#include "tests/support/random_traceroutes.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::probe;
using namespace std::chrono_literals;
using isthmus::testing::RandomTraceroutes;
using isthmus::testing::ScratchFolder;

namespace {

Clocks clocks() {
  return {.wall = std::chrono::floor<Duration>(std::chrono::system_clock::now()),
          .monotonic = std::chrono::duration_cast<Duration>(
              std::chrono::steady_clock::now().time_since_epoch())};
}

/// A collector that stores in memory, and answers the next requests as it is told to.
struct Collector {
  explicit Collector(net::io_context& io) {
    router.add("POST", "/probe/v1/results",
               [this](HttpRequest request) { return take(std::move(request)); });
    router.add("GET", "/probe/v1/time", [](HttpRequest) { return time(); });
    router.add("GET", "/probe/v1/plan",
               [this](HttpRequest request) { return plan_for(std::move(request)); });
    HttpServerOptions options;
    options.listen.push_back(ListenAddress::parse("127.0.0.1:0").value());
    options.limits.body_bytes = std::size_t{4} << 20;
    server = std::make_unique<HttpServer>(
        io.get_executor(), std::move(options),
        [this](HttpRequest request) { return router.handle(std::move(request)); });
    REQUIRE(server->listen());
    net::co_spawn(io, server->run(), net::detached);
  }

  Task<HttpResponse> take(HttpRequest request) {
    if (!answers.empty()) {
      HttpResponse answer = std::move(answers.front());
      answers.pop_front();
      co_return answer;
    }
    const auto batch = decode_batch(as_bytes(request.body));
    if (!batch) {
      co_return text_response(400, batch.error().message);
    }
    ResultAnswer answer{.boot = batch->boot};
    for (const SequencedTraceroute& each : batch->traces) {
      if (poisoned.contains(each.sequence)) {
        co_return text_response(422, "poisoned");
      }
    }
    for (const SequencedTraceroute& each : batch->traces) {
      answer.duplicates += seen.insert(each.sequence).second ? 0U : 1U;
      order.push_back(each.sequence);
      answer.stored = std::max(answer.stored, each.sequence);
    }
    offsets.push_back(batch->clock_offset);
    HttpResponse response;
    response.body = encode(answer);
    co_return response;
  }

  static Task<HttpResponse> time() {
    HttpResponse response;
    const TimePoint now = clocks().wall + 90s;
    response.body = encode(TimeAnswer{.received = now, .sent = now});
    co_return response;
  }

  Task<HttpResponse> plan_for(HttpRequest request) {
    if (request.headers.find("If-None-Match") == plan.etag) {
      co_await sleep_for(20ms);
      HttpResponse unchanged{.status = 304};
      co_return unchanged;
    }
    HttpResponse response;
    response.headers.add("ETag", plan.etag);
    response.body = encode_plan(plan);
    co_return response;
  }

  HttpRouter router;
  std::unique_ptr<HttpServer> server;
  std::deque<HttpResponse> answers;
  std::set<std::uint64_t> poisoned;
  std::set<std::uint64_t> seen;
  std::vector<std::uint64_t> order;
  std::vector<std::optional<Duration>> offsets;
  PlanMessage plan{.etag = "v1"};
};

/// A probe with its spool, a collector, and the loop that both live in.
struct World {
  World()
      : collector{io},
        spool{Spool::open({.folder = folder.path() + "/spool"}, {"main"}, clocks()).value()} {}

  void measure(std::size_t entries, std::size_t traces = 2) {
    for (std::size_t i = 0; i < entries; ++i) {
      for (std::size_t k = 0; k < traces; ++k) {
        measurements.add(random.plausible(), 0);
      }
      spool->append(measurements.take(), clocks());
    }
    REQUIRE(spool->flush(clocks()));
  }

  /// Runs until `done`, at most for a minute.
  template <typename F>
  void run_until(const F& done) {
    UplinkOptions options{
        .name = "main",
        .server =
            Url::parse("http://127.0.0.1:" + std::to_string(collector.server->ports()[0])).value(),
        .folder = folder.path(),
        .software = "test",
        .first_retry = 10ms,
        .longest_retry = 50ms};
    Uplink::Hooks hooks{.clocks = clocks,
                        .on_plan = [this](const PlanMessage& plan) { plans.push_back(plan); },
                        .on_stored = [] {}};
    Uplink uplink{io.get_executor(), std::move(options), *spool, 0, std::move(hooks)};
    net::cancellation_signal cancel;
    bool ended = false;
    net::co_spawn(io, uplink.run(),
                  net::bind_cancellation_slot(cancel.slot(),
                                              [&](const std::exception_ptr&) { ended = true; }));
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!done(uplink) && std::chrono::steady_clock::now() < end) {
      io.run_one_for(100ms);
    }
    status = uplink.status();
    cancel.emit(net::cancellation_type::terminal);
    while (!ended && std::chrono::steady_clock::now() < end) {
      io.run_one_for(100ms);
    }
    REQUIRE(ended);
  }

  ScratchFolder folder;
  net::io_context io{1};
  Collector collector;
  std::unique_ptr<Spool> spool;
  Measurements measurements{77, "test"};
  RandomTraceroutes random{5};
  std::vector<PlanMessage> plans;
  UplinkStatus status;
};

bool is_done(const Uplink& uplink) {
  return uplink.is_done();
}

}  // namespace

TEST_CASE("an hour's backlog arrives whole, the newest minute first, with the clock's offset") {
  World world;
  world.measure(3'600);
  world.run_until(is_done);
  Collector& collector = world.collector;
  REQUIRE(collector.seen.size() == 7'200);
  CHECK(collector.order.size() == 7'200);
  CHECK(world.status.stored == 7'200);
  CHECK(world.status.duplicates == 0);
  CHECK(collector.order[0] == 7'200 - 127);
  CHECK(collector.order[128] == 1);
  for (std::size_t i = 129; i < collector.order.size(); ++i) {
    REQUIRE(collector.order[i] == collector.order[i - 1] + 1);
  }
  REQUIRE(collector.offsets[0]);
  CHECK(std::chrono::abs(*collector.offsets[0] - 90s) < 2s);
}

TEST_CASE("what the collector puts off comes again, and nothing is lost or doubled") {
  World world;
  world.measure(5);
  HttpResponse later = text_response(503, "busy");
  later.headers.add("Retry-After", "0");
  world.collector.answers.push_back(std::move(later));
  world.collector.answers.push_back(text_response(500, "broken"));
  world.collector.answers.push_back(text_response(200, "\xff\xff no answer"));
  HttpResponse nothing;
  nothing.body = encode(ResultAnswer{.boot = 77, .stored = 0});
  world.collector.answers.push_back(std::move(nothing));
  HttpResponse part;
  part.body = encode(ResultAnswer{.boot = 77, .stored = 4});
  world.collector.answers.push_back(std::move(part));
  world.run_until(is_done);
  // The collector said that it had stored four; the rest came.
  CHECK(world.collector.order == std::vector<std::uint64_t>{5, 6, 7, 8, 9, 10});
  CHECK(world.status.failures >= 5);
}

TEST_CASE("a traceroute that the collector will never take costs itself only") {
  World world;
  world.measure(20);
  world.collector.poisoned = {9};
  world.run_until(is_done);
  CHECK(world.collector.seen.size() == 38);
  CHECK_FALSE(world.collector.seen.contains(9));
  CHECK(world.status.refused == 2);
}

TEST_CASE("a plan is taken when it changes, and remembered") {
  World world;
  PlanTarget target{.name = "t"};
  target.prefixes.push_back({.prefix = *Prefix::parse("175.45.176.0/24"),
                             .destinations = {*IpAddress::parse("175.45.176.1")}});
  world.collector.plan.targets.push_back(target);
  world.run_until([&](const Uplink&) { return !world.plans.empty(); });
  REQUIRE(world.plans.size() == 1);
  CHECK(world.plans[0].targets == world.collector.plan.targets);
  world.run_until([&](const Uplink&) { return world.plans.size() == 2; });
  world.plans.clear();

  Uplink::Hooks hooks{.clocks = clocks,
                      .on_plan = [&](const PlanMessage& plan) { world.plans.push_back(plan); },
                      .on_stored = [] {}};
  Uplink later{world.io.get_executor(),
               {.name = "main", .folder = world.folder.path()},
               *world.spool,
               0,
               std::move(hooks)};
  later.load_last_plan();
  REQUIRE(world.plans.size() == 1);
  CHECK(world.plans[0].targets == world.collector.plan.targets);
}

TEST_CASE("credentials are kept for their owner only") {
  const ScratchFolder folder;
  const std::string place = folder.path() + "/main";
  const Credentials credentials{.certificate = "c", .key = "k", .authority = "a"};
  REQUIRE(save_credentials(place, credentials));
  const auto loaded = load_credentials(place);
  REQUIRE(loaded);
  CHECK(loaded->certificate == "c");
  CHECK(loaded->key == "k");
  CHECK(loaded->authority == "a");
  struct stat status {};
  REQUIRE(::stat((place + "/key.pem").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::chmod((place + "/key.pem").c_str(), 0644) == 0);
  CHECK_FALSE(load_credentials(place));
}

TEST_CASE("a key is made with a request that it has signed") {
  const auto made = make_key_and_request("ams-1");
  REQUIRE(made);
  CHECK(made->key.starts_with("-----BEGIN PRIVATE KEY-----"));
  CHECK(made->request.starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
  CHECK(make_key_and_request("ams-1")->key != made->key);
}

TEST_CASE("a join token is read, a damaged one refused") {
  const std::string print(64, 'a');
  const auto token = JoinToken::parse("isthmus1.ams.x-1." + print + ".secret");
  REQUIRE(token);
  CHECK(token->probe == "ams.x-1");
  CHECK(token->fingerprint == print);
  for (const std::string& bad : {std::string{}, "isthmus1." + print + ".secret",
                                 std::string{"isthmus1.a.b.c"}, "other1.a." + print + ".secret"}) {
    INFO(bad);
    CHECK_FALSE(JoinToken::parse(bad));
  }
}
