#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "collector/feed/trace_source.hpp"
#include "core/base/bytes.hpp"
#include "tests/support/test_paths.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

const std::string kData{test::shared_data()};

/// What a command prints.
std::string output_of(const std::string& command) {
  std::string text;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), pclose};
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer{};
  for (std::size_t size = 0; (size = fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;) {
    text.append(buffer.data(), size);
  }
  return text;
}

std::vector<Traceroute> drain(Result<std::unique_ptr<TraceSource>> source) {
  REQUIRE(source);
  std::vector<Traceroute> traces;
  while (const Traceroute* const trace = (*source)->next()) {
    traces.push_back(*trace);
  }
  CHECK_FALSE((*source)->account().lossy());
  return traces;
}

void compare(Reply& ours, Reply& theirs) {
  CHECK(ours.address == theirs.address);
  CHECK(ours.kind == theirs.kind);
  CHECK(ours.rtt == theirs.rtt);
  CHECK(int{ours.reply_ttl} == int{theirs.reply_ttl});
  CHECK(int{ours.quoted_ttl.value_or(0)} == int{theirs.quoted_ttl.value_or(0)});
  CHECK(int{ours.quoted_tos.value_or(0)} == int{theirs.quoted_tos.value_or(0)});
  CHECK(int{ours.icmp_type} == int{theirs.icmp_type});
  CHECK(int{ours.icmp_code} == int{theirs.icmp_code});
  CHECK(ours.size == theirs.size);
  CHECK(int{ours.attempt} == int{theirs.attempt});
  CHECK(int{ours.tos} == int{theirs.tos});
  CHECK(ours.ip_id == theirs.ip_id);
  CHECK(ours.mpls == theirs.mpls);
}

}  // namespace

TEST_CASE("warts say what scamper's own reader says of them", "[shared]") {
  if (kData.empty()) {
    WARN("no shared data here: skipped");
    return;
  }
  std::size_t compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{kData + "/warts"}) {
    if (entry.path().extension() != ".warts") {
      continue;
    }
    INFO(entry.path());
    std::vector<Traceroute> ours = drain(open_traces(entry.path().string(), {}));
    const std::string json = output_of("sc_warts2json '" + entry.path().string() + "'");
    if (json.empty()) {
      CHECK(ours.empty());
      continue;
    }
    std::vector<Traceroute> theirs =
        drain(read_traces(memory_input(as_bytes(json)), "sc_warts2json", {}));
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      // JSON knows when each packet was sent, warts when the trace began.
      theirs[i].end = ours[i].end;
      REQUIRE(ours[i].hops.size() == theirs[i].hops.size());
      for (std::size_t k = 0; k < ours[i].hops.size() && k < theirs[i].hops.size(); ++k) {
        CHECK(ours[i].hops[k].ttl == theirs[i].hops[k].ttl);
        CHECK(int{ours[i].hops[k].sent} == int{theirs[i].hops[k].sent});
        REQUIRE(ours[i].hops[k].replies.size() == theirs[i].hops[k].replies.size());
        for (std::size_t n = 0; n < ours[i].hops[k].replies.size(); ++n) {
          compare(ours[i].hops[k].replies[n], theirs[i].hops[k].replies[n]);
        }
      }
      ours[i].hops.clear();
      theirs[i].hops.clear();
      CHECK(ours[i].vantage == theirs[i].vantage);
      CHECK(ours[i] == theirs[i]);
      ++compared;
    }
  }
  CHECK(compared >= 4);
}

TEST_CASE("a torn or damaged warts file is accounted for") {
  using namespace std::string_literals;
  // A list, of which a reader need know nothing.
  const std::string list = "\x12\x05\x00\x01\x00\x00\x00\x04"s + "abcd"s;
  auto source =
      read_traces(memory_input(as_bytes(list + "junk" + list + list.substr(0, 9))), "damaged", {});
  REQUIRE(source);
  CHECK((*source)->next() == nullptr);
  const ByteAccount& account = (*source)->account();
  CHECK(account.decoded == 24);
  CHECK(account.skipped.at("bad_record") == 4);
  CHECK(account.left_over == 9);
  CHECK(account.lossy());
}
