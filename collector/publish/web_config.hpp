#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus::collector {

/// How the collector's web server proves itself and who may use it: the file of
/// `--web.config.file`, in the form of Prometheus' exporter-toolkit, with `bearer_tokens`,
/// `write_users` and `anonymous_read` beside it (docs/reference/web-config.md).
struct WebConfig {
  std::string certificate_file;  ///< empty: no TLS
  std::string key_file;
  std::string client_authorities_file;
  ClientCertificates client_certificates = ClientCertificates::Ignored;
  bool verify_clients = false;  ///< certificates are checked, not only asked for
  /// Subject alternative names that a client's certificate must have one of; empty: any will do.
  std::vector<std::string> client_allowed_sans;
  TlsVersion minimum = TlsVersion::Tls12;
  std::vector<std::pair<std::string, std::string>> headers;  ///< added to each answer
  std::map<std::string, std::string> users;                  ///< bcrypt hashes
  std::map<std::string, std::string> tokens;  ///< SHA-256 (hexadecimal) of bearer tokens, by name
  std::set<std::string> writers;  ///< users, tokens and certificate names that may write
  std::optional<bool> anonymous_read;

  /// Whether reading needs no proof: it is said so, or there is nothing to prove oneself with.
  [[nodiscard]] bool open_to_read() const;
  friend bool operator==(const WebConfig&, const WebConfig&) = default;
};

/// Reads the file; paths in it are taken from its folder. Unknown keys are errors, which name file,
/// line and key.
Result<WebConfig> load_web_config(const std::string& path);
/// The same from a text; `name` stands for the file.
Result<WebConfig> parse_web_config(const std::string& text, const std::string& name,
                                   const std::string& folder);

/// Reads certificate, key and authorities for the server; nothing if the file wants no TLS.
Result<std::optional<TlsServerOptions>> tls_options(const WebConfig& config);

}  // namespace isthmus::collector
