#include "probe/daemon/settings.hpp"

#include <limits>
#include <set>

#include "core/runtime/toml_document.hpp"

namespace isthmus::probe {
namespace {

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 40;

template <typename T, typename V>
void take(T& into, std::optional<V> value) {
  if (value) {
    into = static_cast<T>(std::move(*value));
  }
}

bool is_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

void take_duration(TomlTable& table, std::string_view key, Duration least, Duration most,
                   Duration& into) {
  const auto value = table.duration(key);
  if (value && (*value < least || *value > most)) {
    table.complain(key, "must be from " + format_duration(least) + " to " + format_duration(most));
    return;
  }
  take(into, value);
}

void read_collectors(TomlTable& root, ProbeSettings& settings) {
  std::set<std::string> names;
  for (TomlTable& table : root.tables("collector")) {
    CollectorSettings collector{.name = "main"};
    take(collector.name, table.text("name"));
    if (!is_name(collector.name)) {
      table.complain("name", "must be 1 to 64 letters, digits, '_' or '-'");
    }
    if (!names.insert(collector.name).second) {
      table.complain("another collector is called \"" + collector.name + "\" already");
    }
    if (table.require("url")) {
      const auto url = Url::parse(table.text("url").value_or(""));
      if (!url) {
        table.complain("url", url.error().message);
      } else if (url->scheme != "https") {
        table.complain("url", "must begin with https://");
      } else {
        collector.url = *url;
      }
    }
    settings.collectors.push_back(std::move(collector));
  }
}

void read_vantage(TomlTable& table, ProbeSettings& settings) {
  settings.address = table.address("address");
  take(settings.asn, table.asn("asn"));
}

void read_limits(TomlTable& table, PlanBounds& bounds) {
  take(bounds.rate, table.number("rate", 0.1, 100'000));
  take(bounds.destination_rate, table.number("destination_rate", 0.01, 10'000));
  take_duration(table, "min_interval", std::chrono::seconds{1}, std::chrono::hours{24},
                bounds.min_interval);
  take(bounds.max_destinations, table.integer("max_destinations", 1, 65'536));
}

void read_destinations(TomlTable& table, FilterOptions& filter) {
  filter.allow = table.prefixes("allow");
  filter.deny = table.prefixes("deny");
  take(filter.allow_special, table.boolean("allow_special"));
}

void read_trace(TomlTable& table, ProbeSettings& settings) {
  take(settings.interface, table.text("interface"));
  settings.source_v4 = table.address("source_v4");
  settings.source_v6 = table.address("source_v6");
  if (settings.source_v4 && !settings.source_v4->is_v4()) {
    table.complain("source_v4", "is no IPv4 address");
  }
  if (settings.source_v6 && settings.source_v6->is_v4()) {
    table.complain("source_v6", "is no IPv6 address");
  }
  take(settings.bounds.max_ttl, table.integer("max_ttl", 1, 63));
  take(settings.trace.attempts, table.integer("attempts", 1, 8));
  take(settings.trace.gap_limit, table.integer("gap_limit", 1, 63));
  take_duration(table, "timeout", std::chrono::milliseconds{100}, std::chrono::seconds{10},
                settings.trace.timeout);
}

void read_log(TomlTable& table, ProbeSettings& settings) {
  if (const auto text = table.text("level")) {
    const auto level = parse_log_level(*text);
    if (!level) {
      table.complain("level", "must be debug, info, warn or error");
    }
    settings.log_level = level.value_or(settings.log_level);
  }
  if (const auto text = table.text("format")) {
    const auto format = parse_log_format(*text);
    if (!format) {
      table.complain("format", "must be logfmt or json");
    }
    settings.log_format = format.value_or(settings.log_format);
  }
}

template <typename F>
void read_table(TomlTable& root, std::string_view key, const F& read) {
  if (auto table = root.table(key)) {
    read(*table);
  }
}

void read_all(TomlTable root, ProbeSettings& settings) {
  take(settings.state_folder, root.text("state_folder"));
  if (settings.state_folder.empty()) {
    root.complain("state_folder", "must name a folder");
  }
  read_collectors(root, settings);
  read_table(root, "vantage", [&](TomlTable& table) { read_vantage(table, settings); });
  read_table(root, "limits", [&](TomlTable& table) { read_limits(table, settings.bounds); });
  read_table(root, "destinations",
             [&](TomlTable& table) { read_destinations(table, settings.filter); });
  read_table(root, "spool", [&](TomlTable& table) {
    take(settings.spool_bytes, table.integer("max_bytes", std::int64_t{1} << 20, kMaxBytes));
    take_duration(table, "max_age", std::chrono::minutes{1}, std::chrono::hours{24 * 365},
                  settings.spool_age);
  });
  read_table(root, "trace", [&](TomlTable& table) { read_trace(table, settings); });
  read_table(root, "web", [&](TomlTable& table) {
    take(settings.listen, table.text("listen"));
    if (!settings.listen.empty() && !ListenAddress::parse(settings.listen)) {
      table.complain("listen", "must be an address with a port, as 127.0.0.1:9741, or empty");
    }
  });
  read_table(root, "log", [&](TomlTable& table) { read_log(table, settings); });
}

Result<ProbeSettings> read_document(Result<TomlDocument> document) {
  if (!document) {
    return unexpected{document.error()};
  }
  ProbeSettings settings;
  read_all(document->root(), settings);
  if (const auto errors = document->errors(); !errors.empty()) {
    return unexpected{join_errors(errors)};
  }
  if (settings.collectors.empty()) {
    return fail(document->name() +
                ": there is no [[collector]]: a probe needs at least one to work for");
  }
  return settings;
}

}  // namespace

Result<ProbeSettings> load_settings(const std::string& path) {
  return read_document(TomlDocument::load(path));
}

Result<ProbeSettings> parse_settings(std::string_view text, const std::string& name) {
  return read_document(TomlDocument::parse(text, name));
}

std::vector<std::string> setting_keys() {
  // Only what is there is asked for, so every table has to be.
  auto document = TomlDocument::parse(
      "[[collector]]\n[vantage]\n[limits]\n[destinations]\n[spool]\n[trace]\n[web]\n[log]\n",
      "keys");
  ProbeSettings settings;
  read_all(document->root(), settings);
  return document->asked_keys();
}

}  // namespace isthmus::probe
