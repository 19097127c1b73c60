#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/time.hpp"

namespace isthmus::collector {

/// What a probe's name may be: 1 to 64 lower-case letters, digits, '.', '_' and '-'.
bool is_probe_name(std::string_view text);
/// The name in a certificate's URI, "isthmus://probe/NAME"; nothing for any other URI.
std::optional<std::string> probe_of_uri(std::string_view uri);
std::string uri_of_probe(std::string_view name);

/// A certificate with its key, PEM.
struct IssuedCertificate {
  std::string certificate;  ///< then the authority's: the chain
  std::string key;          ///< empty where the key was made elsewhere
  std::string serial;       ///< lower-case hexadecimal
  TimePoint not_after;
};

/// The collector's own certificate authority: an EC key (P-256) in a folder that only its owner may
/// read. It signs probes' certificates, for clients only, and the collector's, for servers only.
class CertificateAuthority {
 public:
  static constexpr Duration kProbeLifetime = std::chrono::hours{24 * 30};
  static constexpr Duration kServerLifetime = std::chrono::hours{24 * 90};

  /// Opens the authority in a folder, or makes both: the folder with mode 0700, the key with 0600.
  /// A key that others may read is refused.
  static Result<CertificateAuthority> open(const std::string& folder, TimePoint now);

  ~CertificateAuthority();
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;

  /// PEM.
  [[nodiscard]] const std::string& certificate() const;
  /// SHA-256 of the certificate (DER), lower-case hexadecimal: what join tokens pin.
  [[nodiscard]] const std::string& fingerprint() const;

  /// Signs what a probe asks for (PKCS #10, PEM): only its key counts, whatever names it states.
  /// Refused: a request whose signature is not by its key; keys other than EC P-256, P-384 and
  /// Ed25519.
  [[nodiscard]] Result<IssuedCertificate> issue_probe(std::string_view request,
                                                      std::string_view probe, TimePoint now,
                                                      Duration lifetime = kProbeLifetime) const;
  /// Makes a key and a certificate for names (DNS) and addresses that probes call us by.
  [[nodiscard]] Result<IssuedCertificate> issue_server(const std::vector<std::string>& names,
                                                       TimePoint now) const;

 private:
  struct Impl;
  explicit CertificateAuthority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A new EC key (P-256), PEM, and a request for a certificate with it: the probe's half.
struct KeyAndRequest {
  std::string key;
  std::string request;
};
Result<KeyAndRequest> make_key_and_request(std::string_view name);

}  // namespace isthmus::collector
