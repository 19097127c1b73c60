#include "core/runtime/toml_document.hpp"

#include <string>
#include <vector>

using namespace isthmus;

namespace {

TomlDocument document(std::string_view text) {
  auto parsed = TomlDocument::parse(text, "f.toml");
  REQUIRE(parsed);
  return std::move(*parsed);
}

std::vector<std::string> messages(const TomlDocument& document) {
  std::vector<std::string> all;
  for (const Error& each : document.errors()) {
    all.push_back(each.message);
  }
  return all;
}

}  // namespace

TEST_CASE("values are read in the types of the field") {
  auto file = document(R"(
a = 131279
b = "AS131279"
c = "2.207"
when = 2017-10-01T09:07:51Z
east = 2017-10-01T18:07:51+09:00
said = "2017-10-01T09:07:51Z"
wait = "1h30m"
share = 0.75
whole = 1
on = true
peer = "192.0.2.1"
nets = ["175.45.176.0/24", "2001:db8::/32"]
names = ["x", "y"]
)");
  TomlTable root = file.root();
  CHECK(root.asn("a") == Asn{131279});
  CHECK(root.asn("b") == Asn{131279});
  CHECK(root.asn("c") == Asn{131279});
  const auto when = parse_utc("2017-10-01T09:07:51Z");
  CHECK(root.time("when") == when);
  CHECK(root.time("east") == when);
  CHECK(root.time("said") == when);
  CHECK(root.duration("wait") == std::chrono::minutes{90});
  CHECK(root.number("share", 0, 1) == 0.75);
  CHECK(root.number("whole", 0, 1) == 1.0);
  CHECK(root.integer("whole", 0, 1) == 1);
  CHECK(root.boolean("on") == true);
  CHECK(root.address("peer") == IpAddress::v4(0xc0000201));
  CHECK(root.prefixes("nets").size() == 2);
  CHECK(root.texts("names") == std::vector<std::string>{"x", "y"});
  CHECK(file.errors().empty());
}

TEST_CASE("an absent key is nothing, and no error unless it is required") {
  auto file = document("");
  TomlTable root = file.root();
  CHECK_FALSE(root.text("name"));
  CHECK(root.asns("origins").empty());
  CHECK_FALSE(root.table("detector"));
  CHECK(file.errors().empty());
  CHECK_FALSE(root.require("name"));
  REQUIRE(file.errors().size() == 1);
  CHECK(file.errors()[0].message.find("\"name\" is missing") != std::string::npos);
}

TEST_CASE("one look finds every error, each with its place") {
  auto file = document(R"(count = "many"
[part]
share = 1.5
nets = ["10.0.0.1/8", "10.0.0.0/8"]
when = 2017-10-01T09:07:51
wait = "-5s"
)");
  TomlTable root = file.root();
  CHECK_FALSE(root.integer("count", 0, 9));
  auto part = root.table("part");
  REQUIRE(part);
  CHECK_FALSE(part->number("share", 0, 1));
  CHECK(part->prefixes("nets").size() == 1);
  CHECK_FALSE(part->time("when"));
  CHECK_FALSE(part->duration("wait"));
  const auto all = messages(file);
  REQUIRE(all.size() == 5);
  CHECK(all[0] == "f.toml:1:9: count: must be a whole number, and is a text");
  CHECK(all[1] == "f.toml:3:9: share: 1.5 is not between 0 and 1");
  CHECK(all[2].starts_with("f.toml:4:9: nets: \"10.0.0.1/8\" is not a prefix"));
  CHECK(all[3].starts_with("f.toml:5:8: when: has no offset"));
  CHECK(all[4] == "f.toml:6:8: wait: must not be negative");
}

TEST_CASE("an unknown key is an error that names the nearest known one") {
  auto file = document("[detector]\nlatness = \"2s\"\ncolour = 1\n");
  TomlTable root = file.root();
  root.table("detector")->duration("lateness");
  const auto all = messages(file);
  REQUIRE(all.size() == 2);
  CHECK(all[0] == "f.toml:2:1: unknown key \"latness\" in [detector]; did you mean \"lateness\"?");
  CHECK(all[1] == "f.toml:3:1: unknown key \"colour\" in [detector]");
}

TEST_CASE("a complaint about an element stands at that element, past those left out") {
  auto file = document("origins = [\n  \"nonsense\",\n  \"AS1\",\n  \"AS2\"\n]\n");
  TomlTable root = file.root();
  CHECK(root.asns("origins").size() == 2);
  root.complain("origins", 1, "is not wanted");
  const auto all = messages(file);
  REQUIRE(all.size() == 2);
  CHECK(all[1] == "f.toml:4:3: origins: is not wanted");
}

TEST_CASE("what is no TOML is one error with its place") {
  const auto parsed = TomlDocument::parse("a = 1\nb = = 2\n", "f.toml");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message.starts_with("f.toml:2:"));
}

TEST_CASE("a text of a thousand brackets is refused before it is parsed") {
  const auto parsed = TomlDocument::parse("a = " + std::string(1000, '['), "f.toml");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message == "f.toml:1: tables or lists are nested too deeply");
}

TEST_CASE("after fifty errors only their number is told") {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += "k" + std::to_string(i) + " = 1\n";
  }
  auto file = document(text);
  const auto errors = file.errors();  // before the root was opened nothing is unknown
  CHECK(errors.empty());
  CHECK(file.root().name().empty());
  CHECK(file.errors().size() == TomlDocument::kMaxErrors + 1);
  CHECK(file.errors().back().message == "f.toml: and 10 more errors");
}

TEST_CASE("a folder, and a file that is not there, cannot be loaded") {
  CHECK_FALSE(TomlDocument::load("/"));
  CHECK_FALSE(TomlDocument::load("/nonexistent/f.toml"));
}

TEST_CASE("the keys that were asked for are known by table") {
  auto file = document("[a]\nx = 1\n");
  TomlTable root = file.root();
  root.table("a")->integer("x", 0, 9);
  CHECK(file.asked_keys() == std::vector<std::string>{"a", "a.x"});
}
