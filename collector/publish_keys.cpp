#include "collector/publish_keys.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include <fmt/format.h>

namespace isthmus::collector {
namespace {

constexpr std::int64_t kMostSeries = 10'000'000;

bool is_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme) && text.size() > scheme.size()) {
      return std::all_of(text.begin(), text.end(), [](char each) {
        return each > ' ' && each < 0x7f && each != '"' && each != '<' && each != '>';
      });
    }
  }
  return false;
}

/// A file that must be there; empty if none is named.
std::string read_path(TomlTable& table, std::string_view key, const std::string& folder) {
  const std::string written = table.text(key).value_or("");
  if (written.empty()) {
    return {};
  }
  const std::filesystem::path path = (std::filesystem::path{folder} / written).lexically_normal();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    table.complain(key, path.string() + " does not exist");
  }
  return path.string();
}

AlertReceiver read_receiver(TomlTable& table, const std::string& folder) {
  AlertReceiver receiver;
  table.require("name");
  receiver.name = table.text("name").value_or("");
  const bool good =
      !receiver.name.empty() && receiver.name.size() <= 64 &&
      receiver.name.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos;
  if (table.has("name") && !good) {
    table.complain("name", "must be 1 to 64 letters, digits, '.', '_' or '-'");
  }
  const std::string kind = table.text("kind").value_or("webhook");
  if (kind == "alertmanager") {
    receiver.kind = AlertReceiver::Kind::Alertmanager;
  } else if (kind != "webhook") {
    table.complain("kind", "must be \"alertmanager\" or \"webhook\"");
  }
  table.require("url");
  receiver.url = table.text("url").value_or("");
  if (table.has("url") && !is_url(receiver.url)) {
    table.complain("url", "must be a URL that begins with http:// or https://");
  }
  if (const auto severity = table.text("minimum_severity")) {
    if (const auto parsed = parse_severity(*severity)) {
      receiver.minimum_severity = *parsed;
    } else {
      table.complain("minimum_severity", "must be info, notice, warning or critical");
    }
  }
  receiver.secret_file = read_path(table, "secret_file", folder);
  receiver.bearer_token_file = read_path(table, "bearer_token_file", folder);
  receiver.ca_file = read_path(table, "ca_file", folder);
  return receiver;
}

void append(std::string& text, std::string_view meaning, std::string_view key,
            std::string_view value) {
  fmt::format_to(std::back_inserter(text), "# {}\n{} = {}\n", meaning, key, value);
}

/// A TOML string on one line.
std::string toml_quoted(std::string_view value) {
  std::string out = "\"";
  for (const char each : value) {
    const auto code = static_cast<unsigned char>(each);
    if (code < 0x20 || code == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04X}", code);
      continue;
    }
    if (each == '"' || each == '\\') {
      out += '\\';
    }
    out += each;
  }
  return out + '"';
}

}  // namespace

PublishSettings read_publish(TomlTable& root, const std::string& folder) {
  PublishSettings settings;
  if (auto table = root.table("publish")) {
    settings.external_url = table->text("external_url").value_or("");
    if (!settings.external_url.empty() && !is_url(settings.external_url)) {
      table->complain("external_url", "must be a URL that begins with http:// or https://");
    }
    settings.max_series =
        static_cast<std::uint64_t>(table->integer("max_series", 1, kMostSeries)
                                       .value_or(static_cast<std::int64_t>(settings.max_series)));
    settings.labelled_prefixes = static_cast<std::uint64_t>(
        table->integer("labelled_prefixes", 0, kMostSeries)
            .value_or(static_cast<std::int64_t>(settings.labelled_prefixes)));
  }
  std::set<std::string> names;
  for (TomlTable& table : root.tables("receiver")) {
    settings.receivers.push_back(read_receiver(table, folder));
    const std::string& name = settings.receivers.back().name;
    if (!name.empty() && !names.insert(name).second) {
      table.complain("name", fmt::format("another receiver is called \"{}\" already", name));
    }
  }
  return settings;
}

void append_publish(std::string& text, const PublishSettings& settings) {
  text += "\n[publish]\n";
  append(text, kExternalUrlMeaning, "external_url", toml_quoted(settings.external_url));
  append(text, kMaxSeriesMeaning, "max_series", std::to_string(settings.max_series));
  append(text, kLabelledPrefixesMeaning, "labelled_prefixes",
         std::to_string(settings.labelled_prefixes));
  for (const AlertReceiver& receiver : settings.receivers) {
    text += "\n[[receiver]]\n";
    const std::array<std::string, kReceiverFields.size()> values{
        receiver.name,        std::string{to_string(receiver.kind)},
        receiver.url,         std::string{to_string(receiver.minimum_severity)},
        receiver.secret_file, receiver.bearer_token_file,
        receiver.ca_file};
    for (std::size_t i = 0; i < values.size(); ++i) {
      append(text, kReceiverFields[i].meaning, kReceiverFields[i].key, toml_quoted(values[i]));
    }
  }
}

}  // namespace isthmus::collector
