#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "core/runtime/http_client.hpp"
#include "core/runtime/http_router.hpp"
#include "core/runtime/http_server.hpp"

using namespace isthmus;
using namespace std::chrono_literals;
using net::ip::tcp;

namespace {

HttpServerOptions on_loopback() {
  HttpServerOptions options;
  options.listen.push_back(*ListenAddress::parse("127.0.0.1:0"));
  return options;
}

void rethrow(const std::exception_ptr& failure) {
  if (failure) {
    std::rethrow_exception(failure);
  }
}

/// A server, and a client's coroutine that is run against it to its end.
struct Stage {
  net::io_context io;
  HttpServer server;

  explicit Stage(HttpHandler handler, HttpServerOptions options = on_loopback())
      : server{io.get_executor(), std::move(options), std::move(handler)} {
    REQUIRE(server.listen());
    net::co_spawn(io, server.run(), rethrow);
  }

  void play(Task<> act) {
    const auto then_stop = [](Task<> its_act, HttpServer& its_server) -> Task<> {
      co_await std::move(its_act);
      its_server.stop(100ms);
    };
    net::co_spawn(io, then_stop(std::move(act), server), rethrow);
    io.run_for(60s);
    REQUIRE(io.stopped());
  }

  HttpClientOptions client() {
    HttpClientOptions options;
    options.server = *Url::parse("http://127.0.0.1:" + std::to_string(server.ports().at(0)));
    return options;
  }
};

/// Sends raw bytes and returns all that comes back until the server closes.
Task<std::string> talk(std::uint16_t port, std::string bytes) {
  tcp::socket socket{co_await net::this_coro::executor};
  const tcp::endpoint there{net::ip::address_v4::loopback(), port};
  co_await socket.async_connect(there, net::use_awaitable);
  co_await net::async_write(socket, net::buffer(bytes), kAsTuple);
  std::string answer;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto [error, count] = co_await socket.async_read_some(net::buffer(piece), kAsTuple);
    answer.append(piece.data(), count);
    if (error) {
      co_return answer;
    }
  }
}

Task<HttpResponse> echo(HttpRequest request) {
  co_return text_response(200, request.method + " " + request.target + " " + request.body);
}

}  // namespace

TEST_CASE("a client's calls share a connection") {
  Stage stage{echo};
  const auto act = [](Stage& its_stage) -> Task<> {
    HttpClient client{co_await net::this_coro::executor, its_stage.client()};
    for (int i = 0; i < 3; ++i) {
      HttpCall call{.method = "POST", .target = "/x", .body = std::string(100'000, 'b')};
      const auto reply = co_await client.call(std::move(call), 30s);
      REQUIRE(reply);
      CHECK(reply->status == 200);
      CHECK(reply->body == "POST /x " + std::string(100'000, 'b'));
    }
  };
  stage.play(act(stage));
  CHECK(stage.server.counters().accepted == 1);
  CHECK(stage.server.counters().responses.at(200) == 3);
}

TEST_CASE("a router finds handlers by method and path") {
  HttpRouter router;
  router.add("GET", "/a/{name}", [](HttpRequest request) -> Task<HttpResponse> {
    co_return text_response(200, request.parameters.at("name"));
  });
  router.add("POST", "/a/{name}", echo);
  router.add("GET", "/files/{path...}", [](HttpRequest request) -> Task<HttpResponse> {
    co_return text_response(200, request.parameters.at("path"));
  });
  Stage stage{[&router](HttpRequest request) { return router.handle(std::move(request)); }};
  const auto act = [](Stage& its_stage) -> Task<> {
    HttpClient client{co_await net::this_coro::executor, its_stage.client()};
    const std::vector<std::pair<std::string, std::string>> expected{{"/a/x%2Fy", "x/y"},
                                                                    {"/files/a/b.js", "a/b.js"}};
    for (const auto& [target, body] : expected) {
      HttpCall call{.target = target};
      const auto reply = co_await client.call(std::move(call), 30s);
      REQUIRE(reply);
      CHECK(reply->body == body);
    }
    HttpCall wrong{.method = "DELETE", .target = "/a/x"};
    const auto refused = co_await client.call(std::move(wrong), 30s);
    REQUIRE(refused);
    CHECK(refused->status == 405);
    CHECK(refused->headers.find("allow") == "GET, POST");
    HttpCall none{.target = "/b"};
    const auto unknown = co_await client.call(std::move(none), 30s);
    REQUIRE(unknown);
    CHECK(unknown->status == 404);
    HttpCall head{.method = "HEAD", .target = "/a/x"};
    const auto headless = co_await client.call(std::move(head), 30s);
    REQUIRE(headless);
    CHECK(headless->status == 200);
    CHECK(headless->body.empty());
  };
  stage.play(act(stage));
}

TEST_CASE("a stream reaches the client piece by piece") {
  Stage stage{[](HttpRequest /*request*/) -> Task<HttpResponse> {
    HttpResponse response;
    response.stream = [left = 5]() mutable -> Task<std::optional<std::string>> {
      const int number = left--;
      co_return number > 0 ? std::optional{std::to_string(number) + "\n"} : std::nullopt;
    };
    co_return response;
  }};
  const auto act = [](Stage& its_stage) -> Task<> {
    HttpClient client{co_await net::this_coro::executor, its_stage.client()};
    std::string body;
    HttpBodySink sink = [&body](std::string_view piece) {
      body += piece;
      return true;
    };
    HttpCall call;
    const auto reply = co_await client.stream(std::move(call), std::move(sink), 30s, 30s);
    REQUIRE(reply);
    CHECK(body == "5\n4\n3\n2\n1\n");
  };
  stage.play(act(stage));
}

TEST_CASE("a handler is cancelled when its client goes away") {
  bool cancelled = false;
  Stage stage{[&cancelled](HttpRequest /*request*/) -> Task<HttpResponse> {
    try {
      co_await sleep_for(1h);
    } catch (const boost::system::system_error&) {
      cancelled = true;
      throw;
    }
    co_return HttpResponse{};
  }};
  const auto act = [](Stage& its_stage) -> Task<> {
    HttpClient client{co_await net::this_coro::executor, its_stage.client()};
    HttpCall call;
    const auto reply = co_await client.call(std::move(call), 50ms);
    CHECK_FALSE(reply);
  };
  stage.play(act(stage));
  CHECK(cancelled);
}

TEST_CASE("what a handler throws is a 500 and no more") {
  Stage stage{[](HttpRequest /*request*/) -> Task<HttpResponse> {
    throw std::runtime_error{"broken"};
    co_return HttpResponse{};
  }};
  const auto act = [](Stage& its_stage) -> Task<> {
    HttpClient client{co_await net::this_coro::executor, its_stage.client()};
    HttpCall call;
    const auto reply = co_await client.call(std::move(call), 30s);
    REQUIRE(reply);
    CHECK(reply->status == 500);
    CHECK(reply->body.find("broken") == std::string::npos);
  };
  stage.play(act(stage));
}

TEST_CASE("what is too large or no HTTP is refused") {
  auto options = on_loopback();
  options.limits.header_bytes = 1000;
  options.limits.body_bytes = 10;
  Stage stage{echo, std::move(options)};
  const auto act = [](Stage& its_stage) -> Task<> {
    const std::uint16_t port = its_stage.server.ports().at(0);
    const std::vector<std::pair<std::string, std::string>> expected{
        {"GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n", "HTTP/1.1 431"},
        {"POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n12345678901", "HTTP/1.1 413"},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n",
         "HTTP/1.1 413"},
        {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "HTTP/1.1 400"},
        {"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400"}};
    for (const auto& [bytes, status] : expected) {
      const std::string answer = co_await talk(port, bytes);
      INFO(bytes.substr(0, 60));
      CHECK(answer.substr(0, status.size()) == status);
    }
  };
  stage.play(act(stage));
}

TEST_CASE("a gate refuses before the body is sent") {
  auto options = on_loopback();
  options.gate = [](const HttpRequest& head) {
    HttpAdmission admission{.body_bytes = 1000};
    if (head.target == "/closed") {
      admission.refusal = error_response(503, "unavailable", "full");
    }
    return admission;
  };
  int asked = 0;
  Stage stage{[&asked](HttpRequest request) {
                ++asked;
                return echo(std::move(request));
              },
              std::move(options)};
  const auto act = [](Stage& its_stage) -> Task<> {
    HttpClient client{co_await net::this_coro::executor, its_stage.client()};
    HttpCall call{.method = "POST", .target = "/closed", .body = std::string(900, 'b')};
    const auto reply = co_await client.call(std::move(call), 30s);
    REQUIRE(reply);
    CHECK(reply->status == 503);
  };
  stage.play(act(stage));
  CHECK(asked == 0);
}

TEST_CASE("trickled heads, trickled bodies and slow readers are cut off") {
  auto options = on_loopback();
  options.limits.header_time = 100ms;
  options.limits.body_time = 100ms;
  options.limits.write_time = 100ms;
  const std::string huge(std::size_t{64} << 20, 'x');
  Stage stage{[&huge](HttpRequest request) -> Task<HttpResponse> {
                co_return text_response(200, request.target == "/huge" ? huge : "small");
              },
              std::move(options)};
  const auto act = [](Stage& its_stage) -> Task<> {
    const std::uint16_t port = its_stage.server.ports().at(0);
    const std::string head = co_await talk(port, "GET / HT");
    CHECK(head.empty());
    const std::string body = co_await talk(port, "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n1");
    CHECK(body.empty());
    tcp::socket socket{co_await net::this_coro::executor};
    const tcp::endpoint there{net::ip::address_v4::loopback(), port};
    co_await socket.async_connect(there, net::use_awaitable);
    const std::string bytes = "GET /huge HTTP/1.1\r\n\r\n";
    co_await net::async_write(socket, net::buffer(bytes), net::use_awaitable);
    while (its_stage.server.counters().cut_off.count("slow_reader") == 0) {
      co_await sleep_for(20ms);
    }
  };
  stage.play(act(stage));
  CHECK(stage.server.counters().cut_off.at("header_time") == 1);
  CHECK(stage.server.counters().cut_off.at("body_time") == 1);
}

TEST_CASE("one address gets only so many connections, and newcomers push out the silent") {
  auto options = on_loopback();
  options.limits.connections = 2;
  Stage stage{echo, std::move(options)};
  const auto act = [](Stage& its_stage) -> Task<> {
    const auto executor = co_await net::this_coro::executor;
    const tcp::endpoint there{net::ip::address_v4::loopback(), its_stage.server.ports().at(0)};
    std::vector<tcp::socket> silent;
    for (int i = 0; i < 5; ++i) {
      silent.emplace_back(executor);
      co_await silent.back().async_connect(there, net::use_awaitable);
    }
    HttpClient client{executor, its_stage.client()};
    HttpCall call;
    const auto reply = co_await client.call(std::move(call), 30s);
    REQUIRE(reply);
    CHECK(reply->status == 200);
  };
  stage.play(act(stage));
  CHECK(stage.server.counters().cut_off.at("made_room") >= 4);

  auto narrow = on_loopback();
  narrow.limits.connections_per_address = 0;
  Stage closed{echo, std::move(narrow)};
  const auto knock = [](Stage& its_stage) -> Task<> {
    const std::string answer =
        co_await talk(its_stage.server.ports().at(0), "GET / HTTP/1.1\r\n\r\n");
    CHECK(answer.empty());
  };
  closed.play(knock(closed));
  CHECK(closed.server.counters().refused.at("address_limit") == 1);
}

TEST_CASE("a stopping server answers what it is asked and ends") {
  Stage stage{[](HttpRequest /*request*/) -> Task<HttpResponse> {
    co_await sleep_for(50ms);
    co_return text_response(200, "late");
  }};
  const auto act = [](Stage& its_stage) -> Task<> {
    const auto executor = co_await net::this_coro::executor;
    HttpClient client{executor, its_stage.client()};
    const auto stop_soon = [](HttpServer& server) -> Task<> {
      co_await sleep_for(10ms);
      server.stop(30s);
    };
    net::co_spawn(executor, stop_soon(its_stage.server), rethrow);
    HttpCall call;
    const auto reply = co_await client.call(std::move(call), 30s);
    REQUIRE(reply);
    CHECK(reply->body == "late");
    CHECK(reply->headers.find("connection") == "close");
  };
  stage.play(act(stage));
}

TEST_CASE("with_deadline cancels what takes too long") {
  net::io_context io;
  bool done = true;
  std::optional<int> quick;
  const auto act = [](bool& its_done, std::optional<int>& its_quick) -> Task<> {
    its_done = co_await with_deadline(sleep_for(1h), 5ms);
    const auto seven = []() -> Task<int> { co_return 7; };
    its_quick = co_await with_deadline(seven(), 1h);
  };
  net::co_spawn(io, act(done, quick), rethrow);
  io.run_for(30s);
  CHECK_FALSE(done);
  CHECK(quick == 7);
}
