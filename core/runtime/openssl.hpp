#pragma once

#include <functional>
#include <memory>
#include <string>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "core/base/bytes.hpp"
#include "core/runtime/tls.hpp"

/// What the .cpp files about TLS share; not for other headers.
namespace isthmus {

template <auto Free>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using OpensslX509 = std::unique_ptr<X509, OpensslFree<X509_free>>;
using OpensslKey = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using OpensslBio = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;

/// A certificate as plain values; `issuer` may be null.
PeerCertificate describe_certificate(X509* certificate, X509* issuer);

/// The oldest error in OpenSSL's queue in words, and empties the queue; `otherwise` where it is
/// empty.
std::string take_openssl_error(const char* otherwise);

/// A memory BIO over a text, which must outlive it.
OpensslBio bio_over(std::string_view text);

struct TlsContext::State {
  SSL_CTX* context = nullptr;
  TlsServerOptions server;
  TlsClientOptions client;

  State() = default;
  ~State() { SSL_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

/// What one handshake found out, reached from the SSL object through its application data.
struct TlsHandshake {
  std::shared_ptr<TlsContext::State> state;
  std::shared_ptr<const PeerCertificate> peer;
  std::string refusal;  ///< a word of a small set
};

}  // namespace isthmus
