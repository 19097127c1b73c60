#include <array>

#include <fmt/format.h>

#include "collector/feed_keys.hpp"
#include "collector/gateway_keys.hpp"
#include "collector/key_text.hpp"
#include "collector/publish_keys.hpp"
#include "collector/setting_fields.hpp"
#include "collector/settings.hpp"

namespace isthmus::collector {
namespace {

struct PlainField {
  std::string_view key;
  std::string_view default_value;
  std::string_view meaning;
};

constexpr std::array kTargetFields{
    PlainField{"name", "", "What the target is called in events and metrics."},
    PlainField{"origins", "", "The ASes that may originate its prefixes."},
    PlainField{"prefixes", "[]", "What is watched; left empty, all that the origins announce."},
    PlainField{"siblings", "[]",
               "ASes of the same organisation: never told as upstreams, but looked past."},
    PlainField{"known_upstreams", "[]",
               "Providers that you know of. With at least one, learning is over at once."},
};
constexpr std::string_view kScoreMeaning =
    "Evidence, in nats, that makes a candidate probable (three clean vantage groups).";
constexpr std::string_view kRouteServersMeaning =
    "ASNs that IXP route servers leave in paths; they are taken out before a path is read.";
constexpr std::string_view kFolderMeaning =
    "Where the history is kept; left empty, nothing is. Relative to this file.";
constexpr std::string_view kRetentionMeaning =
    "Raw traceroutes are kept for so long; longer than probes keep what they could not deliver.";
constexpr std::string_view kArchivesMeaning =
    "MRT files to be read, merged by time. Relative to this file.";

void append_target(std::string& text, const Target& target) {
  text += "\n[[target]]\n";
  const std::array<std::string, kTargetFields.size()> values{
      toml_text(target.name), toml_list_of(target.origins), toml_list_of(target.prefixes),
      toml_list_of(target.siblings), toml_list_of(target.known_upstreams)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    append_key(text, kTargetFields[i].meaning, kTargetFields[i].key, values[i]);
  }
}

}  // namespace

std::string to_toml(const Settings& settings) {
  std::string text =
      "# Configuration of Isthmus. `isthmusctl config check FILE` tells every mistake in it;\n"
      "# docs/reference/configuration.md explains every key.\n";
  for (const Target& each : settings.targets) {
    append_target(text, each);
  }
  text += "\n[detector]\n";
  for (const DurationField& field : kDurationFields) {
    append_key(text, field.meaning, field.key, toml_duration(settings.detector.*field.member));
  }
  append_key(text, kScoreMeaning, "candidate_score",
             toml_number(settings.detector.candidate_score));
  append_key(text, kRouteServersMeaning, "route_servers",
             toml_list_of(settings.detector.route_servers));
  text += "\n[labels]\n";
  for (const FileField& field : kFileFields) {
    append_key(text, field.meaning, field.key, toml_list(settings.labels.*field.member));
  }
  text += "\n[history]\n";
  append_key(text, kFolderMeaning, "folder", toml_text(settings.history_folder));
  append_key(text, kRetentionMeaning, "trace_retention", toml_duration(settings.trace_retention));
  text += "\n[feeds]\n";
  append_key(text, kArchivesMeaning, "archives", toml_list(settings.archives));
  append_feeds(text, settings.feeds);
  text += "\n[gateway]\n";
  for (const GatewayListField& field : kGatewayLists) {
    append_key(text, field.meaning, field.key, toml_list(settings.gateway.*field.member));
  }
  for (const GatewayTextField& field : kGatewayTexts) {
    append_key(text, field.meaning, field.key, toml_text(settings.gateway.*field.member));
  }
  append_key(text, kGatewayRateMeaning, "rate", toml_number(settings.gateway.rate));
  append_publish(text, settings.publish);
  return text;
}

std::vector<SettingKey> setting_keys() {
  const DetectorSettings defaults;
  std::vector<SettingKey> keys;
  const auto add = [&keys](std::string_view table, std::string_view key, std::string value,
                           std::string_view meaning) {
    keys.push_back({fmt::format("{}.{}", table, key), std::move(value), std::string{meaning}});
  };
  for (const PlainField& field : kTargetFields) {
    add("target", field.key, std::string{field.default_value}, field.meaning);
  }
  for (const DurationField& field : kDurationFields) {
    add("detector", field.key, toml_duration(defaults.*field.member), field.meaning);
  }
  add("detector", "candidate_score", toml_number(defaults.candidate_score), kScoreMeaning);
  add("detector", "route_servers", "[]", kRouteServersMeaning);
  for (const FileField& field : kFileFields) {
    add("labels", field.key, "[]", field.meaning);
  }
  add("history", "folder", "\"\"", kFolderMeaning);
  add("history", "trace_retention", toml_duration(Settings{}.trace_retention), kRetentionMeaning);
  add("feeds", "archives", "[]", kArchivesMeaning);
  each_feed_field([&add](const FeedField& field) {
    add(field.table, field.key, std::string{field.default_value}, field.meaning);
  });
  const GatewaySettings gateway;
  for (const GatewayListField& field : kGatewayLists) {
    add("gateway", field.key, "[]", field.meaning);
  }
  for (const GatewayTextField& field : kGatewayTexts) {
    add("gateway", field.key, toml_text(gateway.*field.member), field.meaning);
  }
  add("gateway", "rate", toml_number(gateway.rate), kGatewayRateMeaning);
  const PublishSettings publish;
  add("publish", "external_url", "\"\"", kExternalUrlMeaning);
  add("publish", "max_series", std::to_string(publish.max_series), kMaxSeriesMeaning);
  add("publish", "labelled_prefixes", std::to_string(publish.labelled_prefixes),
      kLabelledPrefixesMeaning);
  for (const ReceiverField& field : kReceiverFields) {
    add("receiver", field.key, std::string{field.default_value}, field.meaning);
  }
  return keys;
}

}  // namespace isthmus::collector
