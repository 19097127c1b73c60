#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus::probe {

/// What a probe proves itself with to one collector, and knows the collector by; all PEM.
struct Credentials {
  std::string certificate;  ///< chain, the probe's own first
  std::string key;
  std::string authority;  ///< the collector's CA
};

/// Three files in a folder of the collector's own, mode 0700; the key's mode is 0600, and one that
/// others may read is refused.
Result<Credentials> load_credentials(const std::string& folder);
/// Each file is replaced whole: certificate and key first stand beside the old ones.
Result<void> save_credentials(const std::string& folder, const Credentials& credentials);

/// The client's half of mutual TLS.
Result<TlsContext> client_context(const Credentials& credentials);

/// A new key (EC P-256) and a request for a certificate with it (PKCS #10), PEM.
struct KeyAndRequest {
  std::string key;
  std::string request;
};
Result<KeyAndRequest> make_key_and_request(std::string_view name);

/// When a certificate is to be renewed: two thirds into its time.
TimePoint renewal_time(const PeerCertificate& certificate);

/// What `isthmusctl probe add` printed: "isthmus1.NAME.FINGERPRINT.SECRET", where FINGERPRINT is
/// the SHA-256 of the collector's authority.
struct JoinToken {
  std::string probe;
  std::string fingerprint;

  static Result<JoinToken> parse(std::string_view text);
};

}  // namespace isthmus::probe
