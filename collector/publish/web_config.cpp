#include "collector/publish/web_config.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace isthmus::collector {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

/// Headers of exporter-toolkit's list, which all of our answers may bear.
constexpr std::array<std::string_view, 5> kHeaders{"Content-Security-Policy", "X-Frame-Options",
                                                   "X-Content-Type-Options", "X-XSS-Protection",
                                                   "Strict-Transport-Security"};

/// Reads one file and remembers its first mistake.
class Reader {
 public:
  Reader(std::string name, std::string folder)
      : name_{std::move(name)},
        folder_{std::move(folder)} {}

  Result<WebConfig> read(const YAML::Node& root) {
    if (root.IsNull()) {
      return config_;  // an empty file asks for nothing
    }
    each(root, "the file", [&](const std::string& key, const YAML::Node& value) {
      if (key == "tls_server_config") {
        read_tls(value);
      } else if (key == "http_server_config") {
        read_http(value);
      } else if (key == "basic_auth_users") {
        read_users(value);
      } else if (key == "bearer_tokens") {
        read_tokens(value);
      } else if (key == "write_users") {
        const auto names = texts(key, value);
        config_.writers.insert(names.begin(), names.end());
      } else if (key == "anonymous_read") {
        config_.anonymous_read = boolean(key, value);
      } else {
        unknown(key, value);
      }
    });
    if (!error_) {
      check();
    }
    return error_ ? Result<WebConfig>{unexpected{*error_}} : config_;
  }

 private:
  void complain(const YAML::Node& node, std::string_view key, std::string_view what) {
    if (!error_) {
      error_ = Error{fmt::format("{}:{}: {}: {}", name_, node.Mark().line + 1, key, what)};
    }
  }
  void unknown(const std::string& key, const YAML::Node& node) {
    complain(node, key, "there is no such key");
  }

  template <typename F>
  void each(const YAML::Node& node, std::string_view what, const F& visit) {
    if (node.IsNull()) {
      return;
    }
    if (!node.IsMap()) {
      return complain(node, what, "must be a mapping, `key: value`");
    }
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        return complain(entry.first, what, "a key must be a text");
      }
      const std::string& key = entry.first.Scalar();
      if (!seen.insert(key).second) {
        return complain(entry.first, key, "stands here twice");
      }
      visit(key, entry.second);
    }
  }

  std::string text(std::string_view key, const YAML::Node& node) {
    if (!node.IsScalar()) {
      complain(node, key, "must be a text");
      return {};
    }
    return node.Scalar();
  }
  std::vector<std::string> texts(std::string_view key, const YAML::Node& node) {
    std::vector<std::string> list;
    if (!node.IsSequence()) {
      complain(node, key, "must be a list of texts");
      return list;
    }
    for (const YAML::Node& entry : node) {
      list.push_back(text(key, entry));
    }
    return list;
  }
  bool boolean(std::string_view key, const YAML::Node& node) {
    const std::string value = text(key, node);
    if (value != "true" && value != "false") {
      complain(node, key, "must be true or false");
    }
    return value == "true";
  }
  std::string path(std::string_view key, const YAML::Node& node) {
    const std::string written = text(key, node);
    if (written.empty() || written.find('\0') != std::string::npos) {
      complain(node, key, "must be the path of a file");
      return {};
    }
    return (std::filesystem::path{folder_} / written).lexically_normal().string();
  }

  void read_tls(const YAML::Node& node) {
    each(node, "tls_server_config", [&](const std::string& key, const YAML::Node& value) {
      if (key == "cert_file") {
        config_.certificate_file = path(key, value);
      } else if (key == "key_file") {
        config_.key_file = path(key, value);
      } else if (key == "client_ca_file") {
        config_.client_authorities_file = path(key, value);
      } else if (key == "client_auth_type") {
        read_client_auth(value);
      } else if (key == "client_allowed_sans") {
        config_.client_allowed_sans = texts(key, value);
      } else if (key == "min_version" || key == "max_version") {
        read_version(key, value);
      } else if (key == "cipher_suites" || key == "curve_preferences" ||
                 key == "prefer_server_cipher_suites") {
        complain(value, key, "is not supported: OpenSSL's choice is used; leave it out");
      } else {
        unknown(key, value);
      }
    });
  }

  void read_client_auth(const YAML::Node& node) {
    const std::string value = text("client_auth_type", node);
    if (value == "NoClientCert" || value.empty()) {
      config_.client_certificates = ClientCertificates::Ignored;
    } else if (value == "VerifyClientCertIfGiven") {
      config_.client_certificates = ClientCertificates::Optional;
      config_.verify_clients = true;
    } else if (value == "RequireAndVerifyClientCert") {
      config_.client_certificates = ClientCertificates::Required;
      config_.verify_clients = true;
    } else if (value == "RequestClientCert" || value == "RequireAnyClientCert") {
      complain(node, "client_auth_type",
               value +
                   " does not check certificates, so that it proves nothing; write "
                   "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
    } else {
      complain(node, "client_auth_type",
               "must be NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert");
    }
  }

  void read_version(const std::string& key, const YAML::Node& node) {
    const std::string value = text(key, node);
    if (key == "max_version") {
      if (value != "TLS13") {
        complain(node, key, "must be TLS13");
      }
    } else if (value == "TLS13") {
      config_.minimum = TlsVersion::Tls13;
    } else if (value != "TLS12") {
      complain(node, key, "must be TLS12 or TLS13; what is older is broken");
    }
  }

  void read_http(const YAML::Node& node) {
    each(node, "http_server_config", [&](const std::string& key, const YAML::Node& value) {
      if (key == "headers") {
        each(value, key, [&](const std::string& name, const YAML::Node& header) {
          const std::string content = text(name, header);
          if (std::find(kHeaders.begin(), kHeaders.end(), name) == kHeaders.end()) {
            complain(header, name, "is none of the headers that can be set");
          } else if (content.find_first_of("\r\n") != std::string::npos) {
            complain(header, name, "must be one line");
          }
          config_.headers.emplace_back(name, content);
        });
      } else if (key == "http2") {
        if (boolean(key, value)) {
          complain(value, key, "HTTP/2 is not served; write false, or leave it out");
        }
      } else {
        unknown(key, value);
      }
    });
  }

  void read_users(const YAML::Node& node) {
    each(node, "basic_auth_users", [&](const std::string& name, const YAML::Node& value) {
      const std::string hash = text(name, value);
      const bool bcrypt = hash.size() == 60 && hash.starts_with("$2") && hash[3] == '$' &&
                          std::string_view{"aby"}.find(hash[2]) != std::string_view::npos;
      if (!bcrypt) {
        complain(value, name,
                 "must be a bcrypt hash; `htpasswd -nBC 10 \"\" | tr -d ':\\n'` makes one");
      }
      if (name.find(':') != std::string::npos) {
        complain(value, name, "a user's name cannot hold a colon");
      }
      config_.users[name] = hash;
    });
  }

  void read_tokens(const YAML::Node& node) {
    each(node, "bearer_tokens", [&](const std::string& name, const YAML::Node& value) {
      std::string digest = text(name, value);
      if (digest.size() != 64 ||
          digest.find_first_not_of("0123456789abcdef") != std::string::npos) {
        complain(value, name,
                 "must be the SHA-256 of the token in lower-case hexadecimal; "
                 "`printf %s \"$TOKEN\" | sha256sum` prints it");
      }
      config_.tokens[name] = std::move(digest);
    });
  }

  void check() {
    const auto wrong = [&](std::string_view what) {
      error_ = Error{fmt::format("{}: {}", name_, what)};
    };
    if (config_.certificate_file.empty() != config_.key_file.empty()) {
      return wrong("tls_server_config: cert_file and key_file are needed together");
    }
    const bool no_tls = config_.certificate_file.empty();
    if (no_tls && (config_.verify_clients || !config_.client_authorities_file.empty() ||
                   !config_.client_allowed_sans.empty())) {
      return wrong("tls_server_config: client certificates need cert_file and key_file");
    }
    if (config_.verify_clients && config_.client_authorities_file.empty()) {
      return wrong("tls_server_config: client_auth_type needs client_ca_file");
    }
    if (!config_.verify_clients &&
        (!config_.client_authorities_file.empty() || !config_.client_allowed_sans.empty())) {
      return wrong(
          "tls_server_config: client_ca_file and client_allowed_sans need client_auth_type "
          "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
    }
    for (const auto& [name, digest] : config_.tokens) {
      if (config_.users.contains(name)) {
        return wrong(fmt::format("bearer_tokens: {} is a user too", name));
      }
    }
  }

  std::string name_;
  std::string folder_;
  WebConfig config_;
  std::optional<Error> error_;
};

Result<std::string> read_file(const std::string& path) {
  std::error_code code;
  if (!std::filesystem::is_regular_file(path, code)) {
    return fail(path + ": is no file");
  }
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) {
    return fail(path + ": cannot be read");
  }
  if (text.size() > kMaxBytes) {
    return fail(path + ": is larger than 1 MiB");
  }
  return text;
}

}  // namespace

bool WebConfig::open_to_read() const {
  if (anonymous_read) {
    return *anonymous_read;
  }
  return users.empty() && tokens.empty() && !verify_clients;
}

Result<WebConfig> parse_web_config(const std::string& text, const std::string& name,
                                   const std::string& folder) {
  try {
    return Reader{name, folder}.read(YAML::Load(text));
  } catch (const YAML::Exception& error) {
    return fail(fmt::format("{}:{}: {}", name, error.mark.line + 1, error.msg));
  }
}

Result<WebConfig> load_web_config(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) {
    return unexpected{text.error()};
  }
  return parse_web_config(*text, path, std::filesystem::path{path}.parent_path().string());
}

Result<std::optional<TlsServerOptions>> tls_options(const WebConfig& config) {
  if (config.certificate_file.empty()) {
    return std::optional<TlsServerOptions>{};
  }
  TlsServerOptions options;
  options.client_certificates = config.client_certificates;
  options.minimum = config.minimum;
  const auto read = [](const std::string& path, std::string& pem) -> Result<void> {
    auto text = read_file(path);
    if (!text) {
      return unexpected{text.error()};
    }
    pem = std::move(*text);
    return {};
  };
  auto done = read(config.certificate_file, options.certificate_pem);
  if (done) {
    done = read(config.key_file, options.private_key_pem);
  }
  if (done && config.verify_clients) {
    done = read(config.client_authorities_file, options.client_authorities_pem);
  }
  if (!done) {
    return unexpected{done.error()};
  }
  if (!config.client_allowed_sans.empty()) {
    options.refusal = [allowed = config.client_allowed_sans](
                          const PeerCertificate& peer) -> std::optional<std::string> {
      const auto fits = [&](const std::string& name) {
        return std::find(allowed.begin(), allowed.end(), name) != allowed.end();
      };
      const bool good = std::any_of(peer.uris.begin(), peer.uris.end(), fits) ||
                        std::any_of(peer.dns_names.begin(), peer.dns_names.end(), fits);
      return good ? std::nullopt : std::optional<std::string>{"name_not_allowed"};
    };
  }
  return std::optional{std::move(options)};
}

}  // namespace isthmus::collector
