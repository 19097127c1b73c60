#include "collector/publish/alert_message.hpp"

#include <array>
#include <cstddef>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "collector/publish/alert.hpp"
#include "collector/publish/event_words.hpp"
#include "collector/record/fields.hpp"
#include "collector/record/json_text.hpp"
#include "core/base/bytes.hpp"

namespace isthmus::collector {
namespace {

/// "https://host/" and "/events/..." joined by one slash.
std::string join_url(std::string_view base, std::string_view path) {
  while (base.ends_with('/')) {
    base.remove_suffix(1);
  }
  return std::string{base} + std::string{path};
}

std::string event_url(const Event& event, std::string_view url) {
  return url.empty() ? std::string{} : join_url(url, "/#/events/" + event.id);
}

std::string runbook_url(const Event& event, std::string_view url) {
  std::string anchor = alert_name(event.type);
  for (char& each : anchor) {
    each = each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
  }
  return url.empty() ? std::string{} : join_url(url, "/docs/how-to/runbook#" + anchor);
}

std::string description(const Alert& alert) {
  std::string text = evidence_in_words(alert.event);
  if (alert.ended) {
    text += alert.ended_by ? fmt::format("\nEnded by {} at {}: {}", to_string(alert.ended_by->type),
                                         in_words(alert.ended_by->time), alert.ended_by->summary)
                           : "\nEnded: nothing was told of it for long enough.";
  }
  return text;
}

/// When it began, by the event; an Alertmanager refuses what lies ahead of it or ends before it
/// begins.
TimePoint beginning(const Alert& alert) {
  const TimePoint begun = alert.event.first_seen.value_or(alert.event.time);
  return std::min(begun, alert.raised);
}

void write_labels(JsonWriter& writer, const Event& event) {
  writer.group("labels", [&](JsonWriter& inner) {
    for (const auto& [name, value] : alert_identity(event)) {
      inner(name, value);
    }
    inner("severity", event.severity);
    inner("source", std::string_view{"isthmus-collector"});
  });
}

void write_alertmanager_alert(JsonWriter& writer, const Alert& alert, std::string_view url) {
  writer.object([&](JsonWriter& inner) {
    write_labels(inner, alert.event);
    inner.group("annotations", [&](JsonWriter& notes) {
      notes("summary", alert.event.summary);
      notes("description", description(alert));
      notes("event_id", alert.event.id);
      if (const std::string runbook = runbook_url(alert.event, url); !runbook.empty()) {
        notes("runbook_url", runbook);
      }
    });
    inner("startsAt", beginning(alert));
    if (alert.ended) {
      inner("endsAt", *alert.ended);
    }
    if (const std::string link = event_url(alert.event, url); !link.empty()) {
      inner("generatorURL", link);
    }
  });
}

}  // namespace

std::string alertmanager_body(std::span<const Alert> alerts, std::string_view url) {
  std::string body = "[";
  JsonWriter writer{body};
  for (const Alert& alert : alerts) {
    if (body.size() > 1) {
      body += ',';
    }
    write_alertmanager_alert(writer, alert, url);
  }
  return body + "]";
}

std::string delivery_id(const Delivery& delivery) {
  return delivery.alert.event.id + (delivery.resolved ? ":resolved" : ":firing");
}

std::string webhook_body(const Delivery& delivery, const std::string& receiver,
                         std::string_view url) {
  const Alert& alert = delivery.alert;
  std::string body;
  JsonWriter writer{body};
  writer.object([&](JsonWriter& inner) {
    inner.version("version", 1);
    inner("id", delivery_id(delivery));
    inner("status", std::string_view{delivery.resolved ? "resolved" : "firing"});
    inner("receiver", receiver);
    inner.group("alert", [&](JsonWriter& words) {
      words("name", alert_name(alert.event.type));
      write_labels(words, alert.event);
      words("severity", alert.event.severity);
      words("starts_at", beginning(alert));
      words("ended_at", delivery.resolved ? alert.ended : std::nullopt);
      words("summary", alert.event.summary);
      words("description", delivery.resolved ? description(alert) : evidence_in_words(alert.event));
      words("url", event_url(alert.event, url));
      words("runbook_url", runbook_url(alert.event, url));
    });
    inner("event", alert.event);
    inner("ended_by", delivery.resolved ? alert.ended_by : std::nullopt);
  });
  return body;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return to_hex(std::as_bytes(std::span{digest}.first(size)));
}

std::string webhook_signature(std::string_view key, std::string_view timestamp,
                              std::string_view body) {
  std::string text{timestamp};
  (text += '.') += body;
  return "v1=" + hmac_sha256(key, text);
}

}  // namespace isthmus::collector
