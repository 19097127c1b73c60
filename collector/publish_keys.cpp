#include "collector/publish_keys.hpp"

#include <set>

#include <fmt/format.h>

#include "collector/key_checks.hpp"
#include "collector/key_text.hpp"

namespace isthmus::collector {
namespace {

constexpr std::int64_t kMostSeries = 10'000'000;

AlertReceiver read_receiver(TomlTable& table, const std::string& folder) {
  AlertReceiver receiver;
  table.require("name");
  receiver.name = table.text("name").value_or("");
  if (table.has("name") && !is_name(receiver.name)) {
    table.complain("name", kNameRule);
  }
  const std::string kind = table.text("kind").value_or("webhook");
  if (kind == "alertmanager") {
    receiver.kind = AlertReceiver::Kind::Alertmanager;
  } else if (kind != "webhook") {
    table.complain("kind", "must be \"alertmanager\" or \"webhook\"");
  }
  table.require("url");
  receiver.url = table.text("url").value_or("");
  if (table.has("url") && !is_url(receiver.url, {"http://", "https://"})) {
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

}  // namespace

PublishSettings read_publish(TomlTable& root, const std::string& folder) {
  PublishSettings settings;
  if (auto table = root.table("publish")) {
    settings.external_url = table->text("external_url").value_or("");
    if (!settings.external_url.empty() && !is_url(settings.external_url, {"http://", "https://"})) {
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
  append_key(text, kExternalUrlMeaning, "external_url", toml_text(settings.external_url));
  append_key(text, kMaxSeriesMeaning, "max_series", std::to_string(settings.max_series));
  append_key(text, kLabelledPrefixesMeaning, "labelled_prefixes",
             std::to_string(settings.labelled_prefixes));
  for (const AlertReceiver& receiver : settings.receivers) {
    text += "\n[[receiver]]\n";
    const std::array<std::string, kReceiverFields.size()> values{
        receiver.name,        std::string{to_string(receiver.kind)},
        receiver.url,         std::string{to_string(receiver.minimum_severity)},
        receiver.secret_file, receiver.bearer_token_file,
        receiver.ca_file};
    for (std::size_t i = 0; i < values.size(); ++i) {
      append_key(text, kReceiverFields[i].meaning, kReceiverFields[i].key, toml_text(values[i]));
    }
  }
}

}  // namespace isthmus::collector
