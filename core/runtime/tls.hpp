#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/time.hpp"

namespace isthmus {

/// Who the other end of a TLS connection proved to be: what its X.509 certificate says.
struct PeerCertificate {
  std::string subject;                 ///< as RFC 2253 writes it
  std::vector<std::string> uris;       ///< subjectAltName, e.g. "isthmus://probe/tokyo-1"
  std::vector<std::string> dns_names;  ///< subjectAltName
  std::string serial;                  ///< lower-case hexadecimal, without leading zeros
  std::string fingerprint;             ///< SHA-256 of the certificate (DER), lower-case hexadecimal
  std::string issuer_fingerprint;      ///< the same of the one that signed it
  TimePoint not_before;
  TimePoint not_after;

  friend bool operator==(const PeerCertificate&, const PeerCertificate&) = default;
};

/// Reads the first certificate of a PEM text.
Result<PeerCertificate> read_certificate(const std::string& pem);

enum class ClientCertificates : std::uint8_t {
  Ignored,   ///< none is asked for
  Optional,  ///< one is asked for; a peer without one is let in, one with a bad one is not
  Required,  ///< without a good one the handshake fails
};

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

struct TlsServerOptions {
  std::string certificate_pem;  ///< the server's own first, then its issuers
  std::string private_key_pem;
  ClientCertificates client_certificates = ClientCertificates::Ignored;
  std::string client_authorities_pem;  ///< who may sign client certificates
  /// Asked during the handshake about each client certificate whose chain and dates are good. A
  /// word (of a small set: it becomes a metric's label) refuses it. Thread of the connection.
  std::function<std::optional<std::string>(const PeerCertificate&)> refusal;
  /// Asked at each handshake where given; overrules `client_certificates`.
  std::function<ClientCertificates()> policy;
  TlsVersion minimum = TlsVersion::Tls13;
};

struct TlsClientOptions {
  std::string
      authorities_pem;  ///< who may have signed the server's certificate; empty: the system's
  /// SHA-256 (hexadecimal) of the authority's certificate. Where given, it alone is trusted, and it
  /// must be in the chain that the server shows: for the first contact, by a join token.
  std::string pinned_authority;
  std::string certificate_pem;  ///< of this client, then its issuers; empty: none is shown
  std::string private_key_pem;
  /// The server's certificate must name the host that is called. Only an authority of our own,
  /// whose every server certificate is a collector's, may do without.
  bool verify_host = true;
  TlsVersion minimum = TlsVersion::Tls13;
};

/// Keys, certificates and rules of one end of TLS. A cheap handle; connections keep it alive.
/// Sessions are never resumed, so that every connection proves itself anew.
class TlsContext {
 public:
  static Result<TlsContext> server(TlsServerOptions options);
  static Result<TlsContext> client(TlsClientOptions options);

  struct State;
  [[nodiscard]] const std::shared_ptr<State>& state() const { return state_; }

 private:
  explicit TlsContext(std::shared_ptr<State> state) : state_{std::move(state)} {}

  std::shared_ptr<State> state_;
};

}  // namespace isthmus
