#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "core/runtime/openssl.hpp"

namespace isthmus {
namespace {

TlsHandshake* handshake_of(const SSL* ssl) {
  return static_cast<TlsHandshake*>(SSL_get_app_data(ssl));
}

/// A chain that failed, in one word for a metric.
const char* refusal_for(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "not_yet_valid";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "unknown_authority";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "wrong_host";
    default:
      return "bad_certificate";
  }
}

/// The pinned authority is trusted for its fingerprint, though no store holds it.
bool is_pinned(const TlsClientOptions& client, X509_STORE_CTX* store, int error) {
  if (client.pinned_authority.empty() || (error != X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN &&
                                          error != X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)) {
    return false;
  }
  X509* const authority = X509_STORE_CTX_get_current_cert(store);
  return describe_certificate(authority, nullptr).fingerprint == client.pinned_authority;
}

int check_peer(int chain_is_good, X509_STORE_CTX* store) {
  const SSL* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsHandshake& handshake = *handshake_of(ssl);
  const int error = X509_STORE_CTX_get_error(store);
  if (chain_is_good == 0) {
    if (is_pinned(handshake.state->client, store, error)) {
      X509_STORE_CTX_set_error(store, X509_V_OK);
      return 1;
    }
    handshake.refusal = refusal_for(error);
    return 0;
  }
  if (X509_STORE_CTX_get_error_depth(store) != 0) {
    return 1;
  }
  const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(store);
  X509* const issuer = sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1) : nullptr;
  auto peer = std::make_shared<const PeerCertificate>(
      describe_certificate(X509_STORE_CTX_get_current_cert(store), issuer));
  if (const auto& refusal = handshake.state->server.refusal) {
    if (auto reason = refusal(*peer)) {
      handshake.refusal = std::move(*reason);
      X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
      return 0;
    }
  }
  handshake.peer = std::move(peer);
  return 1;
}

Result<void> use_own_certificate(SSL_CTX* context, const std::string& certificates,
                                 const std::string& key) {
  const OpensslBio chain = bio_over(certificates);
  const OpensslX509 own{PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)};
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return fail("the certificate cannot be used: " + take_openssl_error("not PEM"));
  }
  while (X509* const issuer = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, issuer) != 1) {
      X509_free(issuer);
      return fail("the certificate's chain cannot be used: " + take_openssl_error("unknown"));
    }
  }
  ERR_clear_error();  // the end of the file
  const OpensslBio key_text = bio_over(key);
  const OpensslKey private_key{PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr)};
  if (!private_key || SSL_CTX_use_PrivateKey(context, private_key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return fail("the private key cannot be used: " + take_openssl_error("not PEM"));
  }
  return {};
}

Result<void> trust(SSL_CTX* context, const std::string& authorities, bool announce) {
  const OpensslBio bio = bio_over(authorities);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  std::size_t count = 0;
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const OpensslX509 authority{next};
    if (X509_STORE_add_cert(store, next) != 1 ||
        (announce && SSL_CTX_add_client_CA(context, next) != 1)) {
      return fail("an authority cannot be used: " + take_openssl_error("unknown"));
    }
    ++count;
  }
  ERR_clear_error();
  return count > 0 ? Result<void>{} : fail("no certificate among the authorities");
}

void harden(SSL_CTX* context, TlsVersion minimum) {
  SSL_CTX_set_min_proto_version(context,
                                minimum == TlsVersion::Tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  // A resumed session would skip the check of the certificate, and of its revocation.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // Idle connections keep no buffers: ten thousand probes wait for their plans.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

}  // namespace

Result<TlsContext> TlsContext::server(TlsServerOptions options) {
  auto state = std::make_shared<State>();
  state->context = SSL_CTX_new(TLS_server_method());
  if (state->context == nullptr) {
    return fail("TLS cannot be used: " + take_openssl_error("no memory"));
  }
  harden(state->context, options.minimum);
  if (auto used =
          use_own_certificate(state->context, options.certificate_pem, options.private_key_pem);
      !used) {
    return unexpected{used.error()};
  }
  if (!options.client_authorities_pem.empty()) {
    if (auto trusted = trust(state->context, options.client_authorities_pem, true); !trusted) {
      return unexpected{trusted.error()};
    }
  } else if (options.client_certificates != ClientCertificates::Ignored) {
    return fail("client certificates are asked for, but no authority is named for them");
  }
  SSL_CTX_set_verify(state->context, SSL_VERIFY_NONE, check_peer);
  state->server = std::move(options);
  return TlsContext{std::move(state)};
}

Result<TlsContext> TlsContext::client(TlsClientOptions options) {
  auto state = std::make_shared<State>();
  state->context = SSL_CTX_new(TLS_client_method());
  if (state->context == nullptr) {
    return fail("TLS cannot be used: " + take_openssl_error("no memory"));
  }
  harden(state->context, options.minimum);
  if (!options.certificate_pem.empty()) {
    if (auto used =
            use_own_certificate(state->context, options.certificate_pem, options.private_key_pem);
        !used) {
      return unexpected{used.error()};
    }
  }
  if (!options.authorities_pem.empty()) {
    if (auto trusted = trust(state->context, options.authorities_pem, false); !trusted) {
      return unexpected{trusted.error()};
    }
  } else if (options.pinned_authority.empty() &&
             SSL_CTX_set_default_verify_paths(state->context) != 1) {
    return fail("the system's authorities cannot be read: " + take_openssl_error("unknown"));
  }
  SSL_CTX_set_verify(state->context, SSL_VERIFY_PEER, check_peer);
  state->client = std::move(options);
  return TlsContext{std::move(state)};
}

}  // namespace isthmus
