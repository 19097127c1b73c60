#pragma once

#include <span>
#include <string>
#include <string_view>

#include "collector/publish/alert_queue.hpp"

namespace isthmus::collector {

/// The body of POST /api/v2/alerts of an Alertmanager: one entry for each alert, with the evidence
/// in words. One that ended has an `endsAt`; one that stands has none and must be sent again before
/// the Alertmanager's resolve_timeout. `url` is where people reach the collector, or empty.
std::string alertmanager_body(std::span<const Alert> alerts, std::string_view url);

/// The body of a webhook (docs/reference/webhooks.md): the alert in words and the whole event.
std::string webhook_body(const Delivery& delivery, const std::string& receiver,
                         std::string_view url);

/// What stays the same when a delivery is tried again, so that a receiver can tell it twice:
/// "01BVBK24JR0123456789ABCDEF:firing".
std::string delivery_id(const Delivery& delivery);

/// HMAC-SHA256 (RFC 2104) in lower-case hexadecimal.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// The value of `X-Isthmus-Signature`: "v1=" and the HMAC of the time (seconds since 1970), a full
/// stop and the body.
std::string webhook_signature(std::string_view key, std::string_view timestamp,
                              std::string_view body);

}  // namespace isthmus::collector
