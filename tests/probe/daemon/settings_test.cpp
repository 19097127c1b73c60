#include "probe/daemon/settings.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/support/test_paths.hpp"

using namespace isthmus;
using namespace isthmus::probe;
using namespace std::chrono_literals;

namespace {

std::string errors_of(const std::string& text) {
  const auto settings = parse_settings(text, "probe.toml");
  return settings ? "accepted" : settings.error().message;
}

}  // namespace

TEST_CASE("a short file is enough, and the rest has defaults") {
  const auto settings =
      parse_settings("[[collector]]\nurl = \"https://c.example:9743\"\n", "probe.toml");
  REQUIRE(settings);
  CHECK(settings->collectors[0].name == "main");
  CHECK(settings->collectors[0].url.authority() == "c.example:9743");
  CHECK(settings->state_folder == "/var/lib/isthmus-probe");
  CHECK(settings->bounds.rate == 100);
  CHECK_FALSE(settings->filter.allow_special);
}

TEST_CASE("every key is read") {
  const auto settings = parse_settings(R"(
state_folder = "/tmp/x"
[[collector]]
name = "one"
url = "https://one.example"
[[collector]]
name = "two"
url = "https://[2001:db8::1]:1"
[vantage]
address = "198.51.100.7"
asn = 64496
[limits]
rate = 50
destination_rate = 2.5
min_interval = "30s"
max_destinations = 7
[destinations]
allow = ["175.45.176.0/22"]
deny = ["175.45.177.0/24"]
allow_special = true
[spool]
max_bytes = 2000000
max_age = "2h"
[trace]
interface = "eth0"
source_v4 = "198.51.100.7"
source_v6 = "2001:db8::7"
max_ttl = 40
attempts = 3
gap_limit = 9
timeout = "2s"
[web]
listen = ""
[log]
level = "debug"
format = "json"
)",
                                       "probe.toml");
  REQUIRE(settings);
  CHECK(settings->collectors.size() == 2);
  CHECK(settings->asn == Asn{64496});
  CHECK(settings->bounds.rate == 50);
  CHECK(settings->bounds.destination_rate == 2.5);
  CHECK(settings->bounds.min_interval == 30s);
  CHECK(settings->bounds.max_destinations == 7);
  CHECK(settings->bounds.max_ttl == 40);
  CHECK(settings->filter.deny.size() == 1);
  CHECK(settings->filter.allow_special);
  CHECK(settings->spool_bytes == 2'000'000);
  CHECK(settings->spool_age == 2h);
  CHECK(settings->interface == "eth0");
  CHECK(settings->trace.attempts == 3);
  CHECK(settings->trace.timeout == 2s);
  CHECK(settings->listen.empty());
  CHECK(settings->log_format == LogFormat::Json);
}

TEST_CASE("mistakes are told by their places, all at once") {
  CHECK(errors_of("") ==
        "probe.toml: there is no [[collector]]: a probe needs at least one to work for");
  const std::string many = errors_of(R"([[collector]]
url = "http://c.example"
[limits]
rte = 5
min_interval = "1ms"
[trace]
source_v4 = "2001:db8::1"
[log]
level = "loud"
)");
  INFO(many);
  CHECK(many.find("probe.toml:2:") != std::string::npos);
  CHECK(many.find("must begin with https://") != std::string::npos);
  CHECK(many.find("probe.toml:4:1:") != std::string::npos);
  CHECK(many.find("must be from 1s to 1d") != std::string::npos);
  CHECK(many.find("is no IPv4 address") != std::string::npos);
  CHECK(many.find("must be debug, info, warn or error") != std::string::npos);
}

TEST_CASE("every key stands in the reference") {
  std::ifstream file{std::string{test::source_dir()} + "/docs/reference/probe-configuration.md"};
  const std::string page{std::istreambuf_iterator<char>{file}, {}};
  REQUIRE_FALSE(page.empty());
  const std::vector<std::string> keys = setting_keys();
  CHECK(keys.size() >= 25);
  for (const std::string& key : keys) {
    const std::string last = key.substr(key.rfind('.') + 1);
    INFO(key);
    CHECK((page.find("| `" + last + "` |") != std::string::npos ||
           page.find("## `[" + last + "]`") != std::string::npos ||
           page.find("## `[[" + last + "]]`") != std::string::npos));
  }
}
