#include <cstddef>
#include <span>

#include <fmt/format.h>

#include "collector/gateway_keys.hpp"
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
    PlainField{"maintenance", "[]",
               "Announced work, as FROM/UNTIL in UTC: in these nothing is confirmed or lost."},
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

/// A TOML string: always on one line, with nothing that could end it early.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char each : text) {
    const auto code = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      out += '\\';
      out += each;
    } else if (code < 0x20 || code == 0x7f) {
      out += fmt::format("\\u{:04X}", code);
    } else {
      out += each;
    }
  }
  return out + '"';
}

std::string list(std::span<const std::string> texts) {
  std::string out = "[";
  for (const std::string& each : texts) {
    out += (out.size() == 1 ? "" : ", ") + quoted(each);
  }
  return out + ']';
}

template <typename T>
std::string list_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const T& each : values) {
    texts.push_back(each.to_string());
  }
  return list(texts);
}

/// A length of time that `parse_duration` reads: in the largest unit that leaves no rest.
std::string duration_text(Duration value) {
  struct Unit {
    std::int64_t length;
    std::string_view name;
  };
  constexpr std::array kUnits{Unit{86'400'000'000, "d"}, Unit{3'600'000'000, "h"},
                              Unit{60'000'000, "m"},     Unit{1'000'000, "s"},
                              Unit{1'000, "ms"},         Unit{1, "us"}};
  if (value.count() == 0) {
    return "\"0s\"";
  }
  // More than one of a unit, so that "60s" stays in seconds and "24h" in hours.
  for (const Unit& unit : kUnits) {
    if (value.count() % unit.length == 0 && value.count() / unit.length > 1) {
      return fmt::format("\"{}{}\"", value.count() / unit.length, unit.name);
    }
  }
  return fmt::format("\"{}us\"", value.count());
}

/// The shortest form that reads back to the same number; a whole one gets its point.
std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

void append(std::string& text, std::string_view meaning, std::string_view key,
            std::string_view value) {
  text += fmt::format("# {}\n{} = {}\n", meaning, key, value);
}

void append_target(std::string& text, const Target& target) {
  text += "\n[[target]]\n";
  const std::array<std::string, kTargetFields.size()> values{
      quoted(target.name), list_of(target.origins), list_of(target.prefixes),
      list_of(target.siblings), list_of(target.known_upstreams)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    append(text, kTargetFields[i].meaning, kTargetFields[i].key, values[i]);
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
    append(text, field.meaning, field.key, duration_text(settings.detector.*field.member));
  }
  append(text, kScoreMeaning, "candidate_score", number_text(settings.detector.candidate_score));
  append(text, kRouteServersMeaning, "route_servers", list_of(settings.detector.route_servers));
  text += "\n[labels]\n";
  for (const FileField& field : kFileFields) {
    append(text, field.meaning, field.key, list(settings.labels.*field.member));
  }
  text += "\n[history]\n";
  append(text, kFolderMeaning, "folder", quoted(settings.history_folder));
  append(text, kRetentionMeaning, "trace_retention", duration_text(settings.trace_retention));
  text += "\n[feeds]\n";
  append(text, kArchivesMeaning, "archives", list(settings.archives));
  text += "\n[gateway]\n";
  for (const GatewayListField& field : kGatewayLists) {
    append(text, field.meaning, field.key, list(settings.gateway.*field.member));
  }
  for (const GatewayTextField& field : kGatewayTexts) {
    append(text, field.meaning, field.key, quoted(settings.gateway.*field.member));
  }
  append(text, kGatewayRateMeaning, "rate", number_text(settings.gateway.rate));
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
    add("detector", field.key, duration_text(defaults.*field.member), field.meaning);
  }
  add("detector", "candidate_score", number_text(defaults.candidate_score), kScoreMeaning);
  add("detector", "route_servers", "[]", kRouteServersMeaning);
  for (const FileField& field : kFileFields) {
    add("labels", field.key, "[]", field.meaning);
  }
  add("history", "folder", "\"\"", kFolderMeaning);
  add("history", "trace_retention", duration_text(Settings{}.trace_retention), kRetentionMeaning);
  add("feeds", "archives", "[]", kArchivesMeaning);
  const GatewaySettings gateway;
  for (const GatewayListField& field : kGatewayLists) {
    add("gateway", field.key, "[]", field.meaning);
  }
  for (const GatewayTextField& field : kGatewayTexts) {
    add("gateway", field.key, quoted(gateway.*field.member), field.meaning);
  }
  add("gateway", "rate", number_text(gateway.rate), kGatewayRateMeaning);
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
