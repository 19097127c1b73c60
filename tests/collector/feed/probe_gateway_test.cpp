#include "collector/feed/probe_gateway.hpp"

#include <sys/resource.h>

#include <deque>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "collector/feed/authority.hpp"
#include "core/runtime/http_client.hpp"
#include "core/wire/session_message.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace std::chrono_literals;
using isthmus::testing::ScratchFolder;

namespace {

/// Keeps what it is given, and says at once that it is stored.
struct FakeSink : TraceSink {
  bool try_push(TraceBatch& batch) override {
    if (full) {
      return false;
    }
    batches.push_back(std::move(batch));
    batches.back().done(verdict);
    return true;
  }
  std::deque<TraceBatch> batches;
  Stored verdict{.ok = true};
  bool full = false;
};

void rethrow(const std::exception_ptr& failure) {
  if (failure) {
    std::rethrow_exception(failure);
  }
}

TimePoint utc_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// A probe's key and certificate.
struct Identity {
  std::string key;
  std::string certificate;
};

struct Stage {
  ScratchFolder scratch;
  net::io_context io;
  FakeSink sink;
  TimePoint now = utc_now();
  std::unique_ptr<ProbeGateway> gateway;

  Stage() {
    GatewaySettings settings;
    settings.listen = {"127.0.0.1:0"};
    settings.folder = scratch.path() + "/authority";
    settings.names = {"127.0.0.1"};
    GatewayHooks hooks;
    hooks.sink = &sink;
    hooks.now = [this] { return now; };
    gateway =
        std::make_unique<ProbeGateway>(io.get_executor(), settings, HttpServerLimits{}, hooks);
    REQUIRE(gateway->start());
    net::co_spawn(io, gateway->run(), rethrow);
  }

  void play(Task<> act) {
    const auto then_stop = [](Task<> its_act, ProbeGateway& its_gateway) -> Task<> {
      co_await std::move(its_act);
      its_gateway.stop(100ms);
    };
    net::co_spawn(io, then_stop(std::move(act), *gateway), rethrow);
    io.run_for(110s);
    REQUIRE(io.stopped());
  }

  /// A certificate as the gateway's own authority would sign it, but never noted.
  Identity issue(const std::string& name, Duration lifetime = 24h) {
    const auto authority = CertificateAuthority::open(scratch.path() + "/authority", now);
    REQUIRE(authority);
    const auto asked = make_key_and_request(name);
    REQUIRE(asked);
    const auto issued = authority->issue_probe(asked->request, name, now, lifetime);
    REQUIRE(issued);
    return {asked->key, issued->certificate};
  }

  HttpClientOptions client(const Identity& identity) {
    TlsClientOptions tls;
    tls.authorities_pem = gateway->authority();
    tls.certificate_pem = identity.certificate;
    tls.private_key_pem = identity.key;
    HttpClientOptions options;
    options.server = *Url::parse("https://127.0.0.1:" + std::to_string(gateway->ports().at(0)));
    auto context = TlsContext::client(std::move(tls));
    REQUIRE(context);
    options.tls = std::move(*context);
    return options;
  }

  [[nodiscard]] std::uint64_t handshakes_failed(const std::string& reason) const {
    const auto& failed = gateway->server_counters().handshakes_failed;
    const auto found = failed.find(reason);
    return found == failed.end() ? 0 : found->second;
  }
};

/// Joins with a token, as `isthmus-probe enroll` does: only the pinned fingerprint is known.
Task<Identity> enrol(Stage& stage, std::string name) {
  const auto token = stage.gateway->add_probe({.name = name}, 1h);
  REQUIRE(token);
  const auto asked = make_key_and_request(name);
  REQUIRE(asked);
  TlsClientOptions tls;
  tls.pinned_authority = token->fingerprint;
  HttpClientOptions options;
  options.server = *Url::parse("https://127.0.0.1:" + std::to_string(stage.gateway->ports().at(0)));
  options.tls = *TlsContext::client(std::move(tls));
  HttpClient client{stage.io.get_executor(), std::move(options)};
  EnrolRequest request{.token = token->to_string(), .request = asked->request};
  HttpCall call{.method = "POST", .target = "/probe/v1/enroll", .body = encode(request)};
  const auto reply = co_await client.call(std::move(call), 30s);
  REQUIRE(reply);
  REQUIRE(reply->status == 200);
  const auto answer = decode_enrol_answer(as_bytes(reply->body));
  REQUIRE(answer);
  CHECK(answer->probe == name);
  co_return Identity{asked->key, answer->certificate};
}

HttpCall results_of(const std::string& probe, std::vector<std::uint64_t> sequences, TimePoint now) {
  ResultBatch batch{.probe = probe, .boot = 7, .software = "test"};
  for (const std::uint64_t each : sequences) {
    SequencedTraceroute traced{.sequence = each};
    traced.trace.vantage = {.plane = Plane::Data, .source = "someone-else"};
    traced.trace.start = now - 2s;
    traced.trace.end = now - 1s;
    traced.trace.destination = IpAddress::v4(0xaf2db001);
    batch.traces.push_back(std::move(traced));
  }
  return HttpCall{.method = "POST", .target = "/probe/v1/results", .body = encode_batch(batch)};
}

}  // namespace

TEST_CASE("a probe joins with a token and delivers what it measured") {
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const Identity identity = co_await enrol(its_stage, "tokyo-1");
    HttpClient client{its_stage.io.get_executor(), its_stage.client(identity)};
    HttpCall call = results_of("tokyo-1", {1, 2, 3}, its_stage.now);
    const auto reply = co_await client.call(std::move(call), 30s);
    REQUIRE(reply);
    REQUIRE(reply->status == 200);
    const auto answer = decode_result_answer(as_bytes(reply->body));
    REQUIRE(answer);
    CHECK(answer->boot == 7);
    CHECK(answer->stored == 3);
  };
  stage.play(act(stage));
  REQUIRE(stage.sink.batches.size() == 1);
  CHECK(stage.sink.batches[0].results.traces[0].trace.vantage.source == "tokyo-1");
  CHECK(stage.sink.batches[0].results.traces[0].trace.vantage.address == IpAddress::v4(0x7f000001));
  const auto status = stage.gateway->status();
  REQUIRE(status.size() == 1);
  CHECK(status[0].up);
  CHECK(status[0].results.at("completed") == 3);
}

TEST_CASE("who has no good certificate is refused before anything is parsed") {
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const Identity good = co_await enrol(its_stage, "tokyo-1");
    const Identity revoked = co_await enrol(its_stage, "paris-1");
    REQUIRE(its_stage.gateway->revoke_probe("paris-1") == true);
    const ScratchFolder elsewhere;
    const auto foreign_authority =
        CertificateAuthority::open(elsewhere.path() + "/a", its_stage.now);
    REQUIRE(foreign_authority);
    const auto foreign_key = make_key_and_request("tokyo-1");
    const auto foreign =
        foreign_authority->issue_probe(foreign_key->request, "tokyo-1", its_stage.now);
    REQUIRE(foreign);
    std::vector<std::pair<std::string, Identity>> cases;
    cases.emplace_back("no_certificate", Identity{});
    cases.emplace_back("expired", its_stage.issue("tokyo-1", -1s));
    cases.emplace_back("revoked", revoked);
    cases.emplace_back("unknown_authority", Identity{foreign_key->key, foreign->certificate});
    cases.emplace_back("unknown_probe", its_stage.issue("nobody"));
    for (const auto& [reason, identity] : cases) {
      INFO(reason);
      HttpClient client{its_stage.io.get_executor(), its_stage.client(identity)};
      HttpCall call = results_of("tokyo-1", {1}, its_stage.now);
      const auto reply = co_await client.call(std::move(call), 30s);
      CHECK_FALSE(reply);
      CHECK(its_stage.handshakes_failed(reason) == 1);
    }
    CHECK(its_stage.gateway->server_counters().bytes_received < 10'000);  // the enrolments
  };
  stage.play(act(stage));
  CHECK(stage.sink.batches.empty());
}

TEST_CASE("a probe cannot speak in another probe's name") {
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const Identity identity = co_await enrol(its_stage, "tokyo-1");
    HttpClient client{its_stage.io.get_executor(), its_stage.client(identity)};
    HttpCall call = results_of("paris-1", {1}, its_stage.now);
    const auto reply = co_await client.call(std::move(call), 30s);
    REQUIRE(reply);
    CHECK(reply->status == 403);
  };
  stage.play(act(stage));
  CHECK(stage.sink.batches.empty());
  CHECK(stage.gateway->refusals().at("other_name") == 1);
}

TEST_CASE("a token joins once") {
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const auto token = its_stage.gateway->add_probe({.name = "tokyo-1"}, 1h);
    REQUIRE(token);
    for (const unsigned status : {200U, 403U}) {
      // A second token keeps the door open for those without a certificate.
      REQUIRE(its_stage.gateway->add_probe({.name = "paris-1"}, 1h));
      HttpClient client{its_stage.io.get_executor(), its_stage.client({})};
      const auto asked = make_key_and_request("x");
      EnrolRequest request{.token = token->to_string(), .request = asked->request};
      HttpCall call{.method = "POST", .target = "/probe/v1/enroll", .body = encode(request)};
      const auto reply = co_await client.call(std::move(call), 30s);
      REQUIRE(reply);
      CHECK(reply->status == status);
    }
    HttpClient bare{its_stage.io.get_executor(), its_stage.client({})};
    HttpCall call = results_of("tokyo-1", {1}, its_stage.now);
    const auto reply = co_await bare.call(std::move(call), 30s);
    REQUIRE(reply);
    CHECK(reply->status == 401);
  };
  stage.play(act(stage));
  CHECK(stage.sink.batches.empty());
}

TEST_CASE("a certificate is renewed with the old one, and both are good") {
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const Identity identity = co_await enrol(its_stage, "tokyo-1");
    const auto asked = make_key_and_request("tokyo-1");
    HttpClient client{its_stage.io.get_executor(), its_stage.client(identity)};
    EnrolRequest request{.request = asked->request};
    HttpCall call{.method = "POST", .target = "/probe/v1/enroll", .body = encode(request)};
    const auto reply = co_await client.call(std::move(call), 30s);
    REQUIRE(reply);
    REQUIRE(reply->status == 200);
    const auto answer = decode_enrol_answer(as_bytes(reply->body));
    REQUIRE(answer);
    std::vector<Identity> both;
    both.push_back(identity);
    both.push_back({asked->key, answer->certificate});
    for (const Identity& each : both) {
      HttpClient next{its_stage.io.get_executor(), its_stage.client(each)};
      HttpCall time{.target = "/probe/v1/time"};
      const auto told = co_await next.call(std::move(time), 30s);
      REQUIRE(told);
      CHECK(told->status == 200);
    }
  };
  stage.play(act(stage));
}

TEST_CASE("a plan is waited for, and revoking ends the wait at once") {
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const Identity identity = co_await enrol(its_stage, "tokyo-1");
    HttpClient client{its_stage.io.get_executor(), its_stage.client(identity)};
    HttpCall first{.target = "/probe/v1/plan"};
    const auto plan = co_await client.call(std::move(first), 30s);
    REQUIRE(plan);
    REQUIRE(plan->status == 200);
    const std::string etag{plan->headers.find("ETag")};

    HttpCall unchanged{.target = "/probe/v1/plan?wait=0"};
    unchanged.headers.add("If-None-Match", etag);
    const auto same = co_await client.call(std::move(unchanged), 30s);
    REQUIRE(same);
    CHECK(same->status == 304);

    const auto change = [](Stage& the_stage) -> Task<> {
      co_await sleep_for(50ms);
      PlanSweep sweep{.id = 5, .destinations = {IpAddress::v4(1)}};
      the_stage.gateway->sweep(sweep, the_stage.now + 60s);
      co_await sleep_for(200ms);
      CHECK(the_stage.gateway->revoke_probe("tokyo-1") == true);
    };
    net::co_spawn(its_stage.io, change(its_stage), rethrow);
    HttpCall wait{.target = "/probe/v1/plan?wait=60"};
    wait.headers.add("If-None-Match", etag);
    const auto swept = co_await client.call(std::move(wait), 50s);
    REQUIRE(swept);
    REQUIRE(swept->status == 200);
    const auto message = decode_plan(as_bytes(swept->body));
    REQUIRE(message);
    REQUIRE(message->sweeps.size() == 1);
    CHECK(message->sweeps[0].id == 5);

    const auto started = std::chrono::steady_clock::now();
    HttpCall again{.target = "/probe/v1/plan?wait=60"};
    again.headers.add("If-None-Match", std::string{swept->headers.find("ETag")});
    const auto ended = co_await client.call(std::move(again), 50s);
    CHECK_FALSE(ended);
    CHECK(std::chrono::steady_clock::now() - started < 20s);
  };
  stage.play(act(stage));
}

TEST_CASE("a collector that is full, or cannot store, asks to come again") {
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const Identity identity = co_await enrol(its_stage, "tokyo-1");
    HttpClient client{its_stage.io.get_executor(), its_stage.client(identity)};
    for (const bool full : {true, false}) {
      its_stage.sink.full = full;
      its_stage.sink.verdict.ok = false;
      HttpCall call = results_of("tokyo-1", {1}, its_stage.now);
      const auto reply = co_await client.call(std::move(call), 30s);
      REQUIRE(reply);
      CHECK(reply->status == 503);
      CHECK(reply->headers.has("Retry-After"));
    }
  };
  stage.play(act(stage));
}

TEST_CASE("a trace that a person asked for comes back through the probe's plan") {
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const Identity identity = co_await enrol(its_stage, "tokyo-1");
    HttpClient client{its_stage.io.get_executor(), its_stage.client(identity)};
    HttpCall hello{.target = "/probe/v1/time"};
    REQUIRE(co_await client.call(std::move(hello), 30s));
    PlanTrace wanted{.destination = IpAddress::v4(0xaf2db001), .until = its_stage.now + 60s};
    auto source = its_stage.gateway->trace(
        "tokyo-1", wanted, [](const Traceroute& /*trace*/) { return std::string{"{}"}; });
    REQUIRE(source);
    const auto asked = co_await source();
    CHECK(asked == "{\"state\":\"asked\"}\n");
    HttpCall fetch{.target = "/probe/v1/plan"};
    const auto plan = co_await client.call(std::move(fetch), 30s);
    REQUIRE(plan);
    const auto message = decode_plan(as_bytes(plan->body));
    REQUIRE(message);
    REQUIRE(message->traces.size() == 1);
    const auto taken = co_await source();
    CHECK(taken == "{\"state\":\"taken\"}\n");
    ResultBatch batch{.probe = "tokyo-1", .boot = 7};
    SequencedTraceroute traced{.sequence = 1, .request = message->traces[0].id};
    traced.trace.start = its_stage.now;
    traced.trace.end = its_stage.now;
    batch.traces.push_back(traced);
    HttpCall deliver{.method = "POST", .target = "/probe/v1/results", .body = encode_batch(batch)};
    const auto delivered = co_await client.call(std::move(deliver), 30s);
    REQUIRE(delivered);
    const auto result = co_await source();
    CHECK(result == "{\"state\":\"result\",\"trace\":{}}\n");
    const auto end = co_await source();
    CHECK_FALSE(end);
  };
  stage.play(act(stage));
}

TEST_CASE("two thousand slow connections do not hold up an honest probe") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  Stage stage;
  const auto act = [](Stage& its_stage) -> Task<> {
    const Identity identity = co_await enrol(its_stage, "tokyo-1");
    const net::ip::tcp::endpoint there{net::ip::address_v4::loopback(),
                                       its_stage.gateway->ports().at(0)};
    std::vector<net::ip::tcp::socket> slow;
    for (int i = 0; i < 2'000; ++i) {
      slow.emplace_back(its_stage.io.get_executor());
      ErrorCode ignored;
      slow.back().open(net::ip::tcp::v4(), ignored);
      // Loopback has many addresses: a crowd, not one client that its own limit would stop.
      const net::ip::address_v4 source{0x7f000002U + static_cast<std::uint32_t>(i / 500)};
      slow.back().bind({source, 0}, ignored);
      const auto [error] = co_await slow.back().async_connect(there, kAsTuple);
      REQUIRE_FALSE(error);
      const std::string byte = "\x16";
      slow.back().send(net::buffer(byte), 0, ignored);
    }
    const auto started = std::chrono::steady_clock::now();
    HttpClient client{its_stage.io.get_executor(), its_stage.client(identity)};
    HttpCall call = results_of("tokyo-1", {1}, its_stage.now);
    const auto reply = co_await client.call(std::move(call), 30s);
    const auto passed = std::chrono::steady_clock::now() - started;
    REQUIRE(reply);
    CHECK(reply->status == 200);
    CHECK(passed < 1s);
  };
  stage.play(act(stage));
}
