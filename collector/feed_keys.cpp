#include "collector/feed_keys.hpp"

#include <array>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "collector/key_checks.hpp"
#include "collector/key_text.hpp"

namespace isthmus::collector {
namespace {

constexpr std::int64_t kMostConnections = 100'000;

constexpr std::array kFields{
    FeedField{"feeds", "keep_all", "false",
              "Keeps routes that concern nothing watched too; they need memory."},
    FeedField{"feeds", "hold", "\"5m\"",
              "The routes of a lost feed stand for so long; then its peers have no vote."},
    FeedField{"feeds", "ca_file", "\"\"",
              "Who signed the certificates of servers, in PEM; empty: the system's list."},
    FeedField{
        "feeds", "rtr", "[]",
        "RPKI caches, as \"tcp://127.0.0.1:3323\" or \"tls://HOST:324\"; the preferred first."},
    FeedField{
        "feeds.bmp", "listen", "[]",
        "Addresses at which routers speak BMP to the collector, as \":11019\"; none: no BMP."},
    FeedField{"feeds.bmp", "certificate_file", "\"\"",
              "Certificate of the collector for BMP over TLS, in PEM; empty: without TLS."},
    FeedField{"feeds.bmp", "key_file", "\"\"", "Its private key, in PEM."},
    FeedField{"feeds.bmp", "client_ca_file", "\"\"",
              "Who signed the routers' certificates; empty: none is asked for."},
    FeedField{"feeds.bmp", "max_connections", "1024", "Routers that are let in at a time."},
    FeedField{"feeds.bmp.router", "name", "", "What the router is called in metrics and evidence."},
    FeedField{"feeds.bmp.router", "from", "",
              "Prefixes that it may call from; of several addresses each is a router of its own."},
    FeedField{"feeds.ris_live", "url", "\"\"",
              "RIPE's live feed, \"wss://ris-live.ripe.net/v1/ws/?client=NAME\"; empty: not used."},
    FeedField{"feeds.ris_live", "collectors", "[]",
              "Route collectors that are heard, as \"rrc00\"; none: all."},
    FeedField{"feeds.follow", "location", "",
              "A folder, or the URL of one, in which a route collector's archives appear."},
    FeedField{"feeds.follow", "collector", "\"\"",
              "Name of the route collector; empty: told from the location."},
    FeedField{"feeds.follow", "layout", "[\"flat\"]",
              "\"ris\", \"routeviews\", \"flat\", or folders with {year} and {month}."},
    FeedField{"feeds.follow", "table", "true", "Whether the first start begins with a table."},
    FeedField{"feeds.follow", "look_back", "\"8h\"", "How old that may be."},
    FeedField{"feeds.follow", "interval", "\"60s\"", "From one look for new archives to the next."},
};

std::string_view meaning_of(std::string_view table, std::string_view key) {
  for (const FeedField& field : kFields) {
    if (field.table == table && field.key == key) {
      return field.meaning;
    }
  }
  return {};
}

void check_listen(TomlTable& table, const std::vector<std::string>& addresses,
                  std::string_view example) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (!is_listen_address(addresses[i])) {
      table.complain("listen", i,
                     fmt::format("is no address to listen on: write for example \"{}\"", example));
    }
  }
}

std::vector<BmpRouterSettings> read_routers(TomlTable& bmp) {
  std::vector<BmpRouterSettings> routers;
  std::set<std::string> names;
  std::set<Prefix> places;
  for (TomlTable& table : bmp.tables("router")) {
    BmpRouterSettings router;
    if (table.require("name")) {
      router.name = table.text("name").value_or("");
      if (!is_name(router.name)) {
        table.complain("name", kNameRule);
      } else if (!names.insert(router.name).second) {
        table.complain("name", fmt::format("another router is called \"{}\" already", router.name));
      }
    }
    if (table.require("from")) {
      router.from = table.prefixes("from");
      if (router.from.empty()) {
        table.complain("from", "needs at least one prefix");
      }
    }
    for (std::size_t i = 0; i < router.from.size(); ++i) {
      if (!places.insert(router.from[i]).second) {
        table.complain("from", i, router.from[i].to_string() + " stands in this list twice");
      }
    }
    routers.push_back(std::move(router));
  }
  return routers;
}

BmpSettings read_bmp(TomlTable& table, const std::string& folder) {
  BmpSettings bmp;
  bmp.listen = table.texts("listen");
  check_listen(table, bmp.listen, ":11019");
  bmp.certificate_file = read_path(table, "certificate_file", folder);
  bmp.key_file = read_path(table, "key_file", folder);
  bmp.client_ca_file = read_path(table, "client_ca_file", folder);
  bmp.max_connections =
      table.integer("max_connections", 1, kMostConnections).value_or(bmp.max_connections);
  bmp.routers = read_routers(table);
  if (!bmp.listen.empty() && bmp.routers.empty()) {
    table.complain("listen", "needs a [[feeds.bmp.router]] too: who is not named is not let in");
  }
  if (bmp.certificate_file.empty() != bmp.key_file.empty()) {
    table.complain("certificate_file and key_file belong together");
  }
  if (!bmp.client_ca_file.empty() && bmp.certificate_file.empty()) {
    table.complain("client_ca_file", "needs certificate_file and key_file too");
  }
  return bmp;
}

bool is_collector(const std::string& text) {
  return text.size() == 5 && text.starts_with("rrc") &&
         text.find_first_not_of("0123456789", 3) == std::string::npos;
}

RisLiveSettings read_ris_live(TomlTable& table) {
  RisLiveSettings ris;
  ris.url = table.text("url").value_or("");
  if (!ris.url.empty() && !is_url(ris.url, {"wss://", "ws://"})) {
    table.complain("url", "must be a URL that begins with wss:// or ws://");
  }
  ris.collectors = table.texts("collectors");
  for (std::size_t i = 0; i < ris.collectors.size(); ++i) {
    if (!is_collector(ris.collectors[i])) {
      table.complain("collectors", i, "is no route collector of RIPE's: write \"rrc00\"");
    }
  }
  return ris;
}

/// One word for what everybody has, else folders.
bool is_layout(const std::vector<std::string>& layout) {
  if (layout.size() == 1 &&
      (layout[0] == "ris" || layout[0] == "routeviews" || layout[0] == "flat")) {
    return true;
  }
  for (const std::string& folder : layout) {
    if (!folder.ends_with('/') || folder.starts_with('/')) {
      return false;
    }
  }
  return !layout.empty();
}

FollowSettings read_follow(TomlTable& table, const std::string& folder) {
  FollowSettings follow;
  if (table.require("location")) {
    follow.location = table.text("location").value_or("");
    if (follow.location.find("://") == std::string::npos) {
      follow.location = path_from(folder, follow.location);
      std::error_code error;
      if (!std::filesystem::is_directory(follow.location, error)) {
        table.complain("location", follow.location + " is no folder");
      }
    } else if (!is_url(follow.location, {"https://", "http://"})) {
      table.complain("location", "must be a folder, or a URL that begins with https:// or http://");
    }
  }
  follow.collector = table.text("collector").value_or("");
  if (!follow.collector.empty() && !is_name(follow.collector)) {
    table.complain("collector", kNameRule);
  }
  follow.layout = table.texts("layout");
  if (follow.layout.empty()) {
    follow.layout = {"flat"};
  }
  if (!is_layout(follow.layout)) {
    table.complain("layout", R"(must be "ris", "routeviews", "flat", or folders that end in '/')");
  }
  follow.table = table.boolean("table").value_or(follow.table);
  follow.look_back = table.duration("look_back").value_or(follow.look_back);
  follow.interval = table.duration("interval").value_or(follow.interval);
  if (follow.interval < std::chrono::seconds{1}) {
    table.complain("interval", "is less than a second");
  }
  return follow;
}

}  // namespace

FeedSettings read_feeds(TomlTable& table, const std::string& folder) {
  FeedSettings settings;
  settings.keep_all = table.boolean("keep_all").value_or(settings.keep_all);
  settings.hold = table.duration("hold").value_or(settings.hold);
  settings.ca_file = read_path(table, "ca_file", folder);
  settings.rtr = table.texts("rtr");
  for (std::size_t i = 0; i < settings.rtr.size(); ++i) {
    const std::string& url = settings.rtr[i];
    if (!is_url(url, {"tcp://", "tls://"}) || !is_listen_address(url.substr(url.rfind(':')))) {
      table.complain("rtr", i, "is no cache: write \"tcp://HOST:323\" or \"tls://HOST:324\"");
    }
  }
  if (auto bmp = table.table("bmp")) {
    settings.bmp = read_bmp(*bmp, folder);
  }
  if (auto ris = table.table("ris_live")) {
    settings.ris_live = read_ris_live(*ris);
  }
  std::set<std::string> locations;
  for (TomlTable& each : table.tables("follow")) {
    settings.follow.push_back(read_follow(each, folder));
    if (!locations.insert(settings.follow.back().location).second) {
      each.complain("location", "stands in this file twice");
    }
  }
  return settings;
}

void append_feeds(std::string& text, const FeedSettings& settings) {
  std::string_view table = "feeds";
  const auto key = [&](std::string_view name, std::string_view value) {
    append_key(text, meaning_of(table, name), name, value);
  };
  const auto head = [&](std::string_view name, bool is_list) {
    table = name;
    text += is_list ? fmt::format("\n[[{}]]\n", name) : fmt::format("\n[{}]\n", name);
  };
  key("keep_all", toml_boolean(settings.keep_all));
  key("hold", toml_duration(settings.hold));
  key("ca_file", toml_text(settings.ca_file));
  key("rtr", toml_list(settings.rtr));
  head("feeds.bmp", false);
  key("listen", toml_list(settings.bmp.listen));
  key("certificate_file", toml_text(settings.bmp.certificate_file));
  key("key_file", toml_text(settings.bmp.key_file));
  key("client_ca_file", toml_text(settings.bmp.client_ca_file));
  key("max_connections", std::to_string(settings.bmp.max_connections));
  for (const BmpRouterSettings& router : settings.bmp.routers) {
    head("feeds.bmp.router", true);
    key("name", toml_text(router.name));
    key("from", toml_list_of(router.from));
  }
  head("feeds.ris_live", false);
  key("url", toml_text(settings.ris_live.url));
  key("collectors", toml_list(settings.ris_live.collectors));
  for (const FollowSettings& follow : settings.follow) {
    head("feeds.follow", true);
    key("location", toml_text(follow.location));
    key("collector", toml_text(follow.collector));
    key("layout", toml_list(follow.layout));
    key("table", toml_boolean(follow.table));
    key("look_back", toml_duration(follow.look_back));
    key("interval", toml_duration(follow.interval));
  }
}

void each_feed_field(const std::function<void(const FeedField&)>& visit) {
  for (const FeedField& field : kFields) {
    visit(field);
  }
}

}  // namespace isthmus::collector
