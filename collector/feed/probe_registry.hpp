#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/net/address.hpp"
#include "core/net/asn.hpp"

namespace isthmus::collector {

/// A probe that may speak to us, or might.
struct ProbeRecord {
  std::string name;
  std::optional<Asn> asn;            ///< the network it is said to stand in
  std::optional<IpAddress> address;  ///< the public address it is said to have
  std::string token_hash;            ///< SHA-256 of its join token, while one is open
  std::optional<TimePoint> token_expiry;
  /// Of its certificates that may be used, the last one at the end; every other one of our
  /// authority is refused. A renewed one stays good until the probe has taken up the next.
  std::vector<std::string> serials;
  std::optional<TimePoint> expiry;  ///< of the last one
  TimePoint added;
  bool revoked = false;
  friend bool operator==(const ProbeRecord&, const ProbeRecord&) = default;
};

/// What a probe was told to join with: "isthmus1.NAME.FINGERPRINT.SECRET", where FINGERPRINT is the
/// authority's, so that the probe knows at the first contact that it speaks to the right collector.
struct JoinToken {
  std::string probe;
  std::string fingerprint;
  std::string secret;

  static Result<JoinToken> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
};

/// Which probes there are, kept in one file of the authority's folder (mode 0600). Of a token only
/// the hash is kept. Every change is on disk before it counts.
class ProbeRegistry {
 public:
  static Result<ProbeRegistry> open(const std::string& folder);

  /// Adds a probe, or gives one that is there a new token; that ends the revocation of its name,
  /// not of its old certificates. Returns the token, which is never seen again.
  Result<JoinToken> add(const ProbeRecord& probe, std::string_view fingerprint, TimePoint now,
                        Duration token_lifetime);
  /// Uses up a token. The error is one word: "unknown_token" or "expired_token".
  Result<ProbeRecord> redeem(const JoinToken& token, TimePoint now);
  /// Writes down a certificate that was issued.
  Result<void> certify(const std::string& name, const std::string& serial, TimePoint expiry);
  /// Closes a name: its certificates and its token count no more. False: there is no such probe.
  Result<bool> revoke(const std::string& name);

  /// Why a certificate must not be let in, in one word: "revoked", "unknown_probe"; nothing if it
  /// may. Without a serial it is one of an outside authority, of which only the name counts.
  [[nodiscard]] std::optional<std::string> refusal(const std::string& name,
                                                   const std::optional<std::string>& serial) const;
  [[nodiscard]] const ProbeRecord* find(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, ProbeRecord, std::less<>>& probes() const {
    return probes_;
  }
  /// Whether somebody may still join.
  [[nodiscard]] bool has_open_tokens(TimePoint now) const;

 private:
  explicit ProbeRegistry(std::string path) : path_{std::move(path)} {}
  Result<void> save() const;

  std::string path_;
  std::map<std::string, ProbeRecord, std::less<>> probes_;
};

}  // namespace isthmus::collector
