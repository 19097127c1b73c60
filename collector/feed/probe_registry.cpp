#include "collector/feed/probe_registry.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include <boost/json.hpp>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "collector/feed/authority.hpp"
#include "collector/feed/private_file.hpp"
#include "core/base/bytes.hpp"

namespace isthmus::collector {
namespace {

namespace json = boost::json;

constexpr std::string_view kTokenVersion = "isthmus1";
constexpr std::size_t kSecretBytes = 20;
/// A probe that lost the answer to a renewal asks again with its old certificate.
constexpr std::size_t kSerialsKept = 3;

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return to_hex(std::as_bytes(std::span{digest}.first(length)));
}

json::value time_value(const std::optional<TimePoint>& time) {
  return time ? json::value(format_utc(*time)) : json::value(nullptr);
}

std::optional<TimePoint> read_time(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value != nullptr && value->is_string() ? parse_utc(std::string_view{value->get_string()})
                                                : std::nullopt;
}

std::string read_text(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{std::string_view{value->get_string()}}
                                                : std::string{};
}

json::object write_probe(const ProbeRecord& probe) {
  json::object object;
  object["name"] = probe.name;
  object["asn"] = probe.asn ? json::value(probe.asn->value) : json::value(nullptr);
  object["address"] =
      probe.address ? json::value(probe.address->to_string()) : json::value(nullptr);
  object["token_hash"] = probe.token_hash;
  object["token_expiry"] = time_value(probe.token_expiry);
  json::array serials;
  for (const std::string& serial : probe.serials) {
    serials.emplace_back(serial);
  }
  object["serials"] = std::move(serials);
  object["expiry"] = time_value(probe.expiry);
  object["added"] = format_utc(probe.added);
  object["revoked"] = probe.revoked;
  return object;
}

ProbeRecord read_probe(const json::object& object) {
  ProbeRecord probe;
  probe.name = read_text(object, "name");
  if (const json::value* const asn = object.if_contains("asn"); asn != nullptr && asn->is_int64()) {
    probe.asn = Asn{static_cast<std::uint32_t>(asn->get_int64())};
  }
  probe.address = IpAddress::parse(read_text(object, "address"));
  probe.token_hash = read_text(object, "token_hash");
  probe.token_expiry = read_time(object, "token_expiry");
  const json::value* const serials = object.if_contains("serials");
  if (serials != nullptr && serials->is_array()) {
    for (const json::value& each : serials->get_array()) {
      if (each.is_string()) {
        probe.serials.emplace_back(std::string_view{each.get_string()});
      }
    }
  }
  probe.expiry = read_time(object, "expiry");
  probe.added = read_time(object, "added").value_or(TimePoint{});
  const json::value* const revoked = object.if_contains("revoked");
  probe.revoked = revoked != nullptr && revoked->is_bool() && revoked->get_bool();
  return probe;
}

}  // namespace

Result<JoinToken> JoinToken::parse(std::string_view text) {
  // The name may hold dots, the other parts do not.
  const std::size_t first = text.find('.');
  const std::size_t last = text.rfind('.');
  const std::size_t middle =
      last == std::string_view::npos || last == 0 ? last : text.rfind('.', last - 1);
  if (first == std::string_view::npos || middle == std::string_view::npos || middle <= first ||
      text.substr(0, first) != kTokenVersion) {
    return fail("this is no join token: copy all of what `isthmusctl probe add` printed");
  }
  JoinToken token{.probe = std::string{text.substr(first + 1, middle - first - 1)},
                  .fingerprint = std::string{text.substr(middle + 1, last - middle - 1)},
                  .secret = std::string{text.substr(last + 1)}};
  if (!is_probe_name(token.probe) || token.fingerprint.size() != 64 ||
      token.secret.size() != 2 * kSecretBytes) {
    return fail("this join token is damaged: copy all of what `isthmusctl probe add` printed");
  }
  return token;
}

std::string JoinToken::to_string() const {
  return std::string{kTokenVersion} + "." + probe + "." + fingerprint + "." + secret;
}

Result<ProbeRegistry> ProbeRegistry::open(const std::string& folder) {
  ProbeRegistry registry{folder + "/probes.json"};
  std::error_code ignored;
  if (!std::filesystem::exists(registry.path_, ignored)) {
    return registry;
  }
  const auto text = read_private_file(registry.path_);
  if (!text) {
    return unexpected{text.error()};
  }
  boost::system::error_code error;
  const json::value root = json::parse(*text, error);
  const json::object* const object = error ? nullptr : root.if_object();
  const json::value* const probes = object != nullptr ? object->if_contains("probes") : nullptr;
  if (probes == nullptr || !probes->is_array()) {
    return fail(registry.path_ + ": is damaged: " + (error ? error.message() : "no probes in it"));
  }
  for (const json::value& each : probes->get_array()) {
    if (each.is_object()) {
      ProbeRecord probe = read_probe(each.get_object());
      registry.probes_.emplace(probe.name, probe);
    }
  }
  return registry;
}

Result<void> ProbeRegistry::save() const {
  json::array probes;
  for (const auto& [name, probe] : probes_) {
    probes.emplace_back(write_probe(probe));
  }
  json::object root;
  root["version"] = 1;
  root["probes"] = std::move(probes);
  return write_private_file(path_, json::serialize(root) + "\n");
}

Result<JoinToken> ProbeRegistry::add(const ProbeRecord& probe, std::string_view fingerprint,
                                     TimePoint now, Duration token_lifetime) {
  if (!is_probe_name(probe.name)) {
    return fail("'" + probe.name +
                "' is no probe's name: 1 to 64 lower-case letters, digits, '.', '_' and '-'");
  }
  std::array<unsigned char, kSecretBytes> random{};
  if (RAND_bytes(random.data(), random.size()) != 1) {
    return fail("there is no randomness for a token");
  }
  JoinToken token{.probe = probe.name,
                  .fingerprint = std::string{fingerprint},
                  .secret = to_hex(std::as_bytes(std::span{random}))};
  const auto before = probes_;
  ProbeRecord& record = probes_[probe.name];
  const ProbeRecord old = record;
  record = probe;
  record.asn = probe.asn ? probe.asn : old.asn;
  record.address = probe.address ? probe.address : old.address;
  record.serials = old.serials;
  record.expiry = old.expiry;
  record.added = old.name.empty() ? now : old.added;
  record.revoked = false;
  record.token_hash = sha256(token.secret);
  record.token_expiry = now + token_lifetime;
  if (auto saved = save(); !saved) {
    probes_ = before;
    return unexpected{saved.error()};
  }
  return token;
}

Result<ProbeRecord> ProbeRegistry::redeem(const JoinToken& token, TimePoint now) {
  const auto found = probes_.find(token.probe);
  if (found == probes_.end() || found->second.revoked || found->second.token_hash.empty() ||
      found->second.token_hash != sha256(token.secret)) {
    return fail("unknown_token");
  }
  if (found->second.token_expiry && *found->second.token_expiry < now) {
    return fail("expired_token");
  }
  const ProbeRecord before = found->second;
  found->second.token_hash.clear();
  found->second.token_expiry.reset();
  if (auto saved = save(); !saved) {
    found->second = before;
    return unexpected{saved.error()};
  }
  return found->second;
}

Result<void> ProbeRegistry::certify(const std::string& name, const std::string& serial,
                                    TimePoint expiry) {
  const auto found = probes_.find(name);
  if (found == probes_.end()) {
    return fail("unknown_probe");
  }
  const ProbeRecord before = found->second;
  auto& serials = found->second.serials;
  serials.push_back(serial);
  if (serials.size() > kSerialsKept) {
    serials.erase(serials.begin());
  }
  found->second.expiry = expiry;
  auto saved = save();
  if (!saved) {
    found->second = before;
  }
  return saved;
}

Result<bool> ProbeRegistry::revoke(const std::string& name) {
  const auto found = probes_.find(name);
  if (found == probes_.end()) {
    return false;
  }
  const ProbeRecord before = found->second;
  ProbeRecord& probe = found->second;
  probe.revoked = true;
  probe.serials.clear();
  probe.expiry.reset();
  probe.token_hash.clear();
  probe.token_expiry.reset();
  if (auto saved = save(); !saved) {
    found->second = before;
    return unexpected{saved.error()};
  }
  return true;
}

std::optional<std::string> ProbeRegistry::refusal(const std::string& name,
                                                  const std::optional<std::string>& serial) const {
  const auto found = probes_.find(name);
  if (found == probes_.end()) {
    return "unknown_probe";
  }
  const auto& serials = found->second.serials;
  const bool is_current =
      !serial || std::find(serials.begin(), serials.end(), *serial) != serials.end();
  return found->second.revoked || !is_current ? std::optional<std::string>{"revoked"}
                                              : std::nullopt;
}

const ProbeRecord* ProbeRegistry::find(std::string_view name) const {
  const auto found = probes_.find(name);
  return found == probes_.end() ? nullptr : &found->second;
}

bool ProbeRegistry::has_open_tokens(TimePoint now) const {
  return std::any_of(probes_.begin(), probes_.end(), [now](const auto& each) {
    return !each.second.token_hash.empty() && each.second.token_expiry.value_or(now) >= now;
  });
}

}  // namespace isthmus::collector
