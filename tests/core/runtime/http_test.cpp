#include "core/runtime/http.hpp"

using namespace isthmus;

TEST_CASE("header fields compare without case") {
  HttpFields fields{{"Content-Type", "a"}};
  fields.add("X", "1");
  CHECK(fields.find("content-type") == "a");
  CHECK_FALSE(fields.has("y"));
  fields.set("x", "2");
  CHECK(fields.find("X") == "2");
  CHECK(fields.all().size() == 2);
}

TEST_CASE("a request's path and query are decoded") {
  HttpRequest request;
  request.target = "/a%20b/c?x=1&name=a%26b+c&flag";
  CHECK(request.path() == "/a b/c");
  CHECK(request.query_value("name") == "a&b c");
  CHECK(request.query_value("flag") == "");
  CHECK_FALSE(request.query_value("y"));
}

TEST_CASE("broken escapes are refused") {
  const auto* const text = GENERATE("%", "%4", "a%zz", "%00");
  CHECK_FALSE(percent_decode(text, false));
}

TEST_CASE("percent-encoding can be undone") {
  const std::string text = "a/b c?%&=+\xc3\xa9";
  CHECK(percent_decode(percent_encode(text), false) == text);
}

TEST_CASE("a URL names a scheme, a host and a port") {
  const auto url = Url::parse("https://collector.example:9743/probe/v1?x=1#y");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "collector.example");
  CHECK(url->port == 9743);
  CHECK(url->target == "/probe/v1?x=1");
  const auto v6 = Url::parse("HTTP://[::1]");
  REQUIRE(v6);
  CHECK(v6->host == "::1");
  CHECK(v6->port == 80);
  CHECK(v6->authority() == "[::1]:80");
}

TEST_CASE("what is no URL is refused") {
  const auto* const text =
      GENERATE("", "collector", "://x", "https://", "https://a:0", "https://a:99999",
               "https://u@a/", "http://a/b c", "http://[::1");
  CHECK_FALSE(Url::parse(text));
}

TEST_CASE("a listen address may leave out the host") {
  CHECK(ListenAddress::parse(":9740") == ListenAddress{std::nullopt, 9740});
  CHECK(ListenAddress::parse("127.0.0.1:0") == ListenAddress{IpAddress::parse("127.0.0.1"), 0});
  CHECK(ListenAddress::parse("[::1]:80") == ListenAddress{IpAddress::parse("::1"), 80});
  CHECK_FALSE(ListenAddress::parse("9740"));
  CHECK_FALSE(ListenAddress::parse("localhost:9740"));
  CHECK_FALSE(ListenAddress::parse("127.0.0.1:"));
}
