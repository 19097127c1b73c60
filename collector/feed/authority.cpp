#include "collector/feed/authority.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "collector/feed/private_file.hpp"
#include "core/net/address.hpp"
#include "core/runtime/openssl.hpp"

namespace isthmus::collector {
namespace {

constexpr std::string_view kUriPrefix = "isthmus://probe/";
constexpr Duration kAuthorityLifetime = std::chrono::hours{24 * 365 * 20};
/// Certificates begin a little in the past: clocks differ.
constexpr Duration kClockTolerance = std::chrono::hours{1};

using Request = std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>>;

Error openssl_failure(const char* what) {
  return Error{std::string{what} + ": " + take_openssl_error("OpenSSL gave no reason")};
}

template <typename Write>
std::string to_pem(Write write) {
  const OpensslBio bio{BIO_new(BIO_s_mem())};
  write(bio.get());
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string{};
}

std::string certificate_pem(X509* certificate) {
  return to_pem([certificate](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
}

std::string key_pem(EVP_PKEY* key) {
  return to_pem([key](BIO* bio) {
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

OpensslKey make_key() {
  return OpensslKey{EVP_EC_gen("P-256")};
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

struct Wish {
  std::string common_name;
  EVP_PKEY* key = nullptr;
  Duration lifetime{};
  std::vector<std::pair<int, std::string>> extensions;
};

bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> random{};
  if (RAND_bytes(random.data(), random.size()) != 1) {
    return false;
  }
  random[0] &= 0x7f;  // positive (RFC 5280, section 4.1.2.2)
  BIGNUM* const number = BN_bin2bn(random.data(), random.size(), nullptr);
  const bool set = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

/// Signs a certificate; without an issuer it is signed by itself.
OpensslX509 sign(const Wish& wish, X509* issuer, EVP_PKEY* issuer_key, TimePoint now) {
  OpensslX509 made{X509_new()};
  X509* const certificate = made.get();
  const auto seconds = [](TimePoint time) -> std::time_t {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  };
  X509_NAME* const name = X509_get_subject_name(certificate);
  bool good =
      X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
      ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now - kClockTolerance)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(now + wish.lifetime)) != nullptr &&
      X509_set_pubkey(certificate, wish.key) == 1 &&
      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(wish.common_name.data()),
                                 static_cast<int>(wish.common_name.size()), -1, 0) == 1;
  X509* const signer = issuer != nullptr ? issuer : certificate;
  good = good && X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1;
  for (const auto& [kind, value] : wish.extensions) {
    good = good && add_extension(certificate, signer, kind, value);
  }
  good = good && X509_sign(certificate, issuer_key, EVP_sha256()) > 0;
  return good ? std::move(made) : OpensslX509{};
}

bool is_welcome_key(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
    return true;
  }
  std::array<char, 64> group{};
  std::size_t length = 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) {
    return false;
  }
  const std::string_view name{group.data(), length};
  return name == "prime256v1" || name == "secp384r1";
}

std::string names_extension(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ",") + std::string{IpAddress::parse(name) ? "IP:" : "DNS:"} + name;
  }
  return text;
}

bool is_host_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
  return !text.empty() && text.size() <= 253 &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

bool is_probe_name(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::optional<std::string> probe_of_uri(std::string_view uri) {
  if (!uri.starts_with(kUriPrefix) || !is_probe_name(uri.substr(kUriPrefix.size()))) {
    return std::nullopt;
  }
  return std::string{uri.substr(kUriPrefix.size())};
}

std::string uri_of_probe(std::string_view name) {
  return std::string{kUriPrefix} + std::string{name};
}

struct CertificateAuthority::Impl {
  OpensslX509 certificate;
  OpensslKey key;
  std::string pem;
  std::string fingerprint;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
CertificateAuthority::~CertificateAuthority() = default;
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;

Result<CertificateAuthority> CertificateAuthority::open(const std::string& folder, TimePoint now) {
  if (auto made = make_private_folder(folder); !made) {
    return unexpected{made.error()};
  }
  const std::string key_path = folder + "/authority.key";
  const std::string certificate_path = folder + "/authority.pem";
  auto impl = std::make_unique<Impl>();
  std::error_code ignored;
  if (!std::filesystem::exists(key_path, ignored)) {
    impl->key = make_key();
    if (!impl->key) {
      return unexpected{openssl_failure("no key can be made")};
    }
    const Wish wish{.common_name = "Isthmus collector",
                    .key = impl->key.get(),
                    .lifetime = kAuthorityLifetime,
                    .extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                   {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                   {NID_subject_key_identifier, "hash"}}};
    impl->certificate = sign(wish, nullptr, impl->key.get(), now);
    if (!impl->certificate) {
      return unexpected{openssl_failure("the authority cannot be made")};
    }
    // The certificate first: a key without it would be an authority that nobody knows.
    for (const auto& [path, text] :
         {std::pair{certificate_path, certificate_pem(impl->certificate.get())},
          std::pair{key_path, key_pem(impl->key.get())}}) {
      if (auto written = write_private_file(path, text); !written) {
        return unexpected{written.error()};
      }
    }
  } else {
    const auto key = read_private_file(key_path);
    const auto certificate = read_private_file(certificate_path);
    if (!key || !certificate) {
      return unexpected{key ? certificate.error() : key.error()};
    }
    const OpensslBio key_text = bio_over(*key);
    const OpensslBio certificate_text = bio_over(*certificate);
    impl->key.reset(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
    impl->certificate.reset(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
    if (!impl->key || !impl->certificate ||
        X509_check_private_key(impl->certificate.get(), impl->key.get()) != 1) {
      return unexpected{openssl_failure("").within(folder + ": key and certificate do not fit")};
    }
  }
  impl->pem = certificate_pem(impl->certificate.get());
  impl->fingerprint = describe_certificate(impl->certificate.get(), nullptr).fingerprint;
  return CertificateAuthority{std::move(impl)};
}

const std::string& CertificateAuthority::certificate() const {
  return impl_->pem;
}

const std::string& CertificateAuthority::fingerprint() const {
  return impl_->fingerprint;
}

Result<IssuedCertificate> CertificateAuthority::issue_probe(std::string_view request,
                                                            std::string_view probe, TimePoint now,
                                                            Duration lifetime) const {
  if (!is_probe_name(probe)) {
    return fail("'" + std::string{probe} + "' is no probe's name");
  }
  const OpensslBio text = bio_over(request);
  const Request asked{PEM_read_bio_X509_REQ(text.get(), nullptr, nullptr, nullptr)};
  EVP_PKEY* const key = asked ? X509_REQ_get0_pubkey(asked.get()) : nullptr;
  if (key == nullptr) {
    return unexpected{openssl_failure("this is no certificate request")};
  }
  if (!is_welcome_key(key)) {
    return fail("the request's key is neither EC P-256 or P-384 nor Ed25519");
  }
  if (X509_REQ_verify(asked.get(), key) != 1) {
    return unexpected{openssl_failure("the request is not signed by its key")};
  }
  const Wish wish{.common_name = std::string{probe},
                  .key = key,
                  .lifetime = lifetime,
                  .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                 {NID_key_usage, "critical,digitalSignature"},
                                 {NID_ext_key_usage, "clientAuth"},
                                 {NID_subject_alt_name, "URI:" + uri_of_probe(probe)},
                                 {NID_authority_key_identifier, "keyid"}}};
  const OpensslX509 made = sign(wish, impl_->certificate.get(), impl_->key.get(), now);
  if (!made) {
    return unexpected{openssl_failure("the certificate cannot be signed")};
  }
  const PeerCertificate issued = describe_certificate(made.get(), nullptr);
  return IssuedCertificate{.certificate = certificate_pem(made.get()) + impl_->pem,
                           .serial = issued.serial,
                           .not_after = issued.not_after};
}

Result<IssuedCertificate> CertificateAuthority::issue_server(const std::vector<std::string>& names,
                                                             TimePoint now) const {
  for (const std::string& name : names) {
    if (!IpAddress::parse(name) && !is_host_name(name)) {
      return fail("'" + name + "' is neither a host's name nor an address");
    }
  }
  const OpensslKey key = make_key();
  if (!key || names.empty()) {
    return unexpected{openssl_failure("no key can be made, or there is no name")};
  }
  const Wish wish{.common_name = "isthmus-collector",
                  .key = key.get(),
                  .lifetime = kServerLifetime,
                  .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                                 {NID_key_usage, "critical,digitalSignature"},
                                 {NID_ext_key_usage, "serverAuth"},
                                 {NID_subject_alt_name, names_extension(names)},
                                 {NID_authority_key_identifier, "keyid"}}};
  const OpensslX509 made = sign(wish, impl_->certificate.get(), impl_->key.get(), now);
  if (!made) {
    return unexpected{openssl_failure("the certificate cannot be signed")};
  }
  const PeerCertificate issued = describe_certificate(made.get(), nullptr);
  return IssuedCertificate{.certificate = certificate_pem(made.get()) + impl_->pem,
                           .key = key_pem(key.get()),
                           .serial = issued.serial,
                           .not_after = issued.not_after};
}

Result<KeyAndRequest> make_key_and_request(std::string_view name) {
  const OpensslKey key = make_key();
  const Request request{X509_REQ_new()};
  X509_NAME* const subject = X509_REQ_get_subject_name(request.get());
  if (!key || X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0) {
    return unexpected{openssl_failure("the certificate request cannot be made")};
  }
  return KeyAndRequest{.key = key_pem(key.get()), .request = to_pem([&request](BIO* bio) {
                                                    PEM_write_bio_X509_REQ(bio, request.get());
                                                  })};
}

}  // namespace isthmus::collector
