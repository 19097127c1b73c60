#include "collector/settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/net/prefix.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

constexpr std::string_view kGood = R"(
[[target]]
name = "star-jv"
origins = ["AS131279"]
prefixes = ["175.45.176.0/24", "175.45.177.0/24"]
known_upstreams = ["AS4837"]
maintenance = ["2026-03-01T00:00:00Z/2026-03-01T04:00:00Z"]

[[target]]
name = "etecsa"
origins = ["AS11960"]
siblings = ["AS27725"]

[detector]
lateness = "30s"
candidate_score = 6
route_servers = ["AS6777"]
)";

/// A folder that goes away with the test.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "isthmus-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path path;
};

std::string error_of(std::string_view text) {
  const auto settings = parse_settings(text, "c.toml", "");
  REQUIRE_FALSE(settings);
  return settings.error().message;
}

/// The body of a test that only one line of a good file is wrong.
std::string target(std::string_view lines) {
  return "[[target]]\nname = \"t\"\norigins = [\"AS131279\"]\n" + std::string{lines};
}

}  // namespace

TEST_CASE("a configuration is read, and what it leaves out has the defaults") {
  const auto settings = parse_settings(kGood, "c.toml", "");
  REQUIRE(settings);
  REQUIRE(settings->targets.size() == 2);
  CHECK(settings->targets[0].name == "star-jv");
  CHECK(settings->targets[0].origins == std::vector{Asn{131279}});
  CHECK(settings->targets[0].prefixes.size() == 2);
  CHECK(settings->targets[0].known_upstreams == std::vector{Asn{4837}});
  CHECK(settings->targets[1].siblings == std::vector{Asn{27725}});
  CHECK(settings->targets[0].maintenance ==
        std::vector{MaintenanceWindow{*parse_utc("2026-03-01T00:00:00Z"),
                                      *parse_utc("2026-03-01T04:00:00Z")}});
  CHECK(settings->detector.lateness == std::chrono::seconds{30});
  CHECK(settings->detector.candidate_score == 6.0);
  CHECK(settings->detector.persistence == DetectorSettings{}.persistence);
  CHECK(settings->history_folder.empty());
}

TEST_CASE("what to_toml writes is read back the same, whatever is in it") {
  Folder folder;
  const std::string odd = (folder.path / "a \"quoted\" \\ file\n\x01").string();
  std::ofstream{odd} << "x";
  Settings settings = *parse_settings(kGood, "c.toml", "");
  settings.detector.lateness = std::chrono::microseconds{90'000'001};
  settings.detector.persistence = std::chrono::hours{48};
  settings.detector.half_life = std::chrono::minutes{61};
  settings.detector.learning = Duration{0};
  settings.detector.candidate_score = 0.1 + 0.2;
  settings.labels.mrt = {odd};
  settings.history_folder = (folder.path / "history").string();
  settings.archives = {odd, odd};

  const auto back = parse_settings(to_toml(settings), "written.toml", "");
  INFO((back ? std::string{} : back.error().message));
  REQUIRE(back);
  CHECK(back->targets == settings.targets);
  CHECK(back->labels == settings.labels);
  CHECK(back->history_folder == settings.history_folder);
  CHECK(back->archives == settings.archives);
  CHECK(back->detector.lateness == settings.detector.lateness);
  CHECK(back->detector.persistence == settings.detector.persistence);
  CHECK(back->detector.half_life == settings.detector.half_life);
  CHECK(back->detector.learning == settings.detector.learning);
  CHECK(back->detector.candidate_score == settings.detector.candidate_score);
  CHECK(back->detector.route_servers == settings.detector.route_servers);
  CHECK(to_toml(*back) == to_toml(settings));
}

TEST_CASE("every mistake of a file is told in one look, by place") {
  const std::string text = R"([[target]]
name = "a b"
origins = ["AS0"]
prefixes = ["10.0.0.0/8", "0.0.0.0/0"]

[detector]
persistance = "3m"
half_life = 30

[labels]
mrt = ["not-there.mrt"]
)";
  CHECK(error_of(text) ==
        "c.toml:2:8: name: must be 1 to 64 letters, digits, '.', '_' or '-'\n"
        "c.toml:3:12: origins: AS0 is reserved: no network can have it\n"
        "c.toml:4:27: prefixes: the default route belongs to nobody\n"
        "c.toml:7:1: unknown key \"persistance\" in [detector]; did you mean \"persistence\"?\n"
        "c.toml:8:13: half_life: must be a length of time such as \"90s\" or \"1h30m\", and is a "
        "whole number\n"
        "c.toml:11:8: mrt: not-there.mrt does not exist");
}

TEST_CASE("no observation may belong to two targets") {
  const std::string text = target("prefixes = [\"10.1.0.0/16\"]\n") +
                           "[[target]]\nname = \"u\"\norigins = [\"AS4837\"]\n"
                           "prefixes = [\"10.0.0.0/8\"]\n";
  CHECK(error_of(text) ==
        "c.toml:4:13: prefixes: 10.1.0.0/16 overlaps with 10.0.0.0/8 of target \"u\"");
}

TEST_CASE("an origin is shared only by targets that name their prefixes") {
  const std::string other = "[[target]]\nname = \"u\"\norigins = [\"AS131279\"]\n";
  CHECK(error_of(target("") + other).find("c.toml:6:12: origins: AS131279 is an origin") == 0);
  CHECK(parse_settings(
      target("prefixes = [\"10.0.0.0/8\"]\n") + other + "prefixes = [\"11.0.0.0/8\"]\n", "c.toml",
      ""));
}

TEST_CASE("names of targets and roles of ASes do not clash") {
  CHECK(error_of(target("") + "[[target]]\nname = \"t\"\norigins = [\"AS4837\"]\n")
            .find("another target is called \"t\" already") != std::string::npos);
  CHECK(error_of(target("siblings = [\"AS131279\"]\n")).find("AS131279 is among origins too") !=
        std::string::npos);
  CHECK(error_of(target("known_upstreams = [\"AS4837\", \"AS4837\"]\n"))
            .find("c.toml:4:30: known_upstreams: AS4837 stands here twice") == 0);
  CHECK(error_of("").find("there is no [[target]]") != std::string::npos);
  CHECK(error_of(target("maintenance = [\"2026-03-01T00:00:00Z\"]\n"))
            .find("c.toml:4:16: maintenance: must be two times in UTC") == 0);
  CHECK(error_of(target("maintenance = [\"2026-03-02T00:00:00Z/2026-03-01T00:00:00Z\"]\n"))
            .find("ends before it begins") != std::string::npos);
}

TEST_CASE("bounds of the detector are told") {
  CHECK(
      error_of(target("[detector]\npersistence = \"40d\"\n")).find("c.toml:5:15: persistence: ") ==
      0);
  CHECK(error_of(target("[detector]\ncandidate_score = nan\n"))
            .find("c.toml:5:19: candidate_score: ") == 0);
}

TEST_CASE("paths in a file are taken from its folder") {
  Folder folder;
  std::ofstream{folder.path / "rib.mrt"} << "x";
  std::ofstream{folder.path / "c.toml"}
      << target("[labels]\nmrt = [\"./rib.mrt\"]\n[history]\nfolder = \"h\"\n");
  const auto settings = load_settings((folder.path / "c.toml").string());
  REQUIRE(settings);
  CHECK(settings->labels.mrt == std::vector{(folder.path / "rib.mrt").string()});
  CHECK(settings->history_folder == (folder.path / "h").string());
  CHECK(check_settings((folder.path / "c.toml").string()).empty());
  CHECK(check_settings((folder.path / "d.toml").string()).size() == 1);
}

TEST_CASE("every documented key is one that the parser knows") {
  const std::string with_receiver =
      std::string{kGood} +
      "\n[[receiver]]\nname = \"pager\"\nurl = \"http://127.0.0.1:9093\"\n"
      "[history]\nfolder = \"h\"\n[[feeds.bmp.router]]\nname = \"a\"\nfrom = [\"192.0.2.1/32\"]\n"
      "[[feeds.follow]]\nlocation = \"https://data.ris.ripe.net/rrc00\"\n";
  const auto settings = parse_settings(with_receiver, "c.toml", "");
  REQUIRE(settings);
  const std::string text = to_toml(*settings);
  const auto keys = setting_keys();
  CHECK(keys.size() == 68);
  for (const SettingKey& each : keys) {
    CAPTURE(each.key);
    CHECK_FALSE(each.meaning.empty());
    const std::string line = "\n" + each.key.substr(each.key.rfind('.') + 1) + " = ";
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("a receiver of alerts reads back, and its mistakes are told") {
  const auto with = [](const std::string& receiver) {
    return parse_settings(target("[[receiver]]\n" + receiver), "c.toml", "/nonexistent");
  };
  const auto good = with(
      "name = \"pager\"\nkind = \"alertmanager\"\nurl = \"https://am.example/a\"\n"
      "minimum_severity = \"critical\"\n");
  REQUIRE(good);
  REQUIRE(good->publish.receivers.size() == 1);
  CHECK(good->publish.receivers[0].kind == AlertReceiver::Kind::Alertmanager);
  CHECK(good->publish.receivers[0].minimum_severity == Severity::Critical);
  const auto back = parse_settings(to_toml(*good), "c.toml", "/nonexistent");
  REQUIRE(back);
  CHECK(back->publish == good->publish);
  for (const char* wrong : {"url = \"http://a\"\n", "name = \"a b\"\nurl = \"http://a\"\n",
                            "name = \"a\"\nurl = \"ftp://a\"\n",
                            "name = \"a\"\nurl = \"http://a\"\nkind = \"pigeon\"\n",
                            "name = \"a\"\nurl = \"http://a\"\nminimum_severity = \"loud\"\n",
                            "name = \"a\"\nurl = \"http://a\"\nsecret_file = \"none.key\"\n",
                            "name = \"a\"\nurl = \"http://a\"\nsound = true\n"}) {
    INFO(wrong);
    CHECK_FALSE(with(wrong));
  }
}

TEST_CASE("live feeds read back, and their mistakes are told") {
  const auto with = [](const std::string& feeds, const std::string& folder = "/") {
    return parse_settings(target("[history]\nfolder = \"h\"\n" + feeds), "c.toml", folder);
  };
  const std::string router = "[[feeds.bmp.router]]\nname = \"edge\"\n";
  const auto good = with(
      "[feeds]\nkeep_all = true\nhold = \"90s\"\n"
      "rtr = [\"tcp://127.0.0.1:3323\", \"tls://rpki.example:324\"]\n"
      "[feeds.bmp]\nlisten = [\":11019\", \"[::1]:0\"]\nmax_connections = 12\n" +
      router +
      "from = [\"192.0.2.1/32\", \"2001:db8::/64\"]\n"
      "[feeds.ris_live]\nurl = \"wss://ris-live.ripe.net/v1/ws/?client=a\"\n"
      "collectors = [\"rrc00\"]\n"
      "[[feeds.follow]]\nlocation = \"https://data.ris.ripe.net/rrc00\"\nlayout = [\"ris\"]\n"
      "table = false\nlook_back = \"2h\"\ninterval = \"5m\"\ncollector = \"rrc00\"\n"
      "[[feeds.follow]]\nlocation = \"tmp\"\nlayout = [\"{year}/\", \"{year}/{month}/\"]\n");
  REQUIRE(good);
  const FeedSettings& feeds = good->feeds;
  CHECK(feeds.any());
  CHECK(feeds.hold == std::chrono::seconds{90});
  CHECK(feeds.rtr.size() == 2);
  REQUIRE(feeds.bmp.routers.size() == 1);
  CHECK(feeds.bmp.routers[0].from.size() == 2);
  CHECK(feeds.follow.at(1).location == "/tmp");
  const auto back = parse_settings(to_toml(*good), "c.toml", "/");
  REQUIRE(back);
  CHECK(back->feeds == feeds);
  CHECK_FALSE(with("")->feeds.any());

  const std::string from = "from = [\"192.0.2.1/32\"]\n";
  for (const std::string& wrong : {
           std::string{"[feeds.bmp]\nlisten = [\":11019\"]\n"},
           "[feeds.bmp]\nlisten = [\"11019\"]\n" + router + from,
           "[feeds.bmp]\nkey_file = \"/\"\n" + router + from,
           "[feeds.bmp]\nclient_ca_file = \"/\"\n" + router + from,
           router,
           router + "from = []\n",
           router + from + router + "from = [\"192.0.2.2/32\"]\n",
           router + from + "[[feeds.bmp.router]]\nname = \"other\"\n" + from,
           "[[feeds.bmp.router]]\nname = \"a b\"\n" + from,
           std::string{"[feeds.ris_live]\nurl = \"https://ris-live.ripe.net\"\n"},
           std::string{"[feeds.ris_live]\ncollectors = [\"rrc00.ripe.net\"]\n"},
           std::string{"[feeds]\nrtr = [\"127.0.0.1:323\"]\n"},
           std::string{"[feeds]\nrtr = [\"tcp://127.0.0.1\"]\n"},
           std::string{"[[feeds.follow]]\ntable = true\n"},
           std::string{"[[feeds.follow]]\nlocation = \"/nowhere\"\n"},
           std::string{"[[feeds.follow]]\nlocation = \"ftp://a/b\"\n"},
           std::string{"[[feeds.follow]]\nlocation = \"/tmp\"\nlayout = [\"odd\"]\n"},
           std::string{"[[feeds.follow]]\nlocation = \"/tmp\"\ninterval = \"1ms\"\n"},
       }) {
    INFO(wrong);
    CHECK_FALSE(with(wrong));
  }
  // Where nothing is kept it cannot be noted what was read.
  CHECK_FALSE(parse_settings(target("[[feeds.follow]]\nlocation = \"/tmp\"\n"), "c.toml", "/"));
}
