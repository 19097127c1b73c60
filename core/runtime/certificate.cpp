#include <array>
#include <ctime>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "core/runtime/openssl.hpp"

namespace isthmus {
namespace {

TimePoint to_time(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) {
    return {};
  }
  return TimePoint{std::chrono::seconds{::timegm(&fields)}};
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) {
    return {};
  }
  return to_hex(std::as_bytes(std::span{digest}.first(length)));
}

std::string serial_of(const X509* certificate) {
  BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* const digits = number != nullptr ? BN_bn2hex(number) : nullptr;
  std::string serial = digits != nullptr ? digits : "";
  OPENSSL_free(digits);
  BN_free(number);
  for (char& each : serial) {
    each = each >= 'A' && each <= 'F' ? static_cast<char>(each - 'A' + 'a') : each;
  }
  const std::size_t first = serial.find_first_not_of('0');
  return first == std::string::npos ? "0" : serial.substr(first);
}

std::string subject_of(const X509* certificate) {
  const OpensslBio text{BIO_new(BIO_s_mem())};
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long length = BIO_get_mem_data(text.get(), &data);
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : std::string{};
}

void read_names(const X509* certificate, PeerCertificate& peer) {
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI && name->type != GEN_DNS) {
      continue;
    }
    const ASN1_STRING* const value = name->d.ia5;
    const Bytes bytes = std::as_bytes(std::span{
        ASN1_STRING_get0_data(value), static_cast<std::size_t>(ASN1_STRING_length(value))});
    (name->type == GEN_URI ? peer.uris : peer.dns_names).emplace_back(as_text(bytes));
  }
  GENERAL_NAMES_free(names);
}

}  // namespace

PeerCertificate describe_certificate(X509* certificate, X509* issuer) {
  PeerCertificate peer{.subject = subject_of(certificate),
                       .serial = serial_of(certificate),
                       .fingerprint = fingerprint_of(certificate),
                       .issuer_fingerprint = issuer != nullptr ? fingerprint_of(issuer) : "",
                       .not_before = to_time(X509_get0_notBefore(certificate)),
                       .not_after = to_time(X509_get0_notAfter(certificate))};
  read_names(certificate, peer);
  return peer;
}

std::string take_openssl_error(const char* otherwise) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : otherwise;
}

OpensslBio bio_over(std::string_view text) {
  return OpensslBio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

Result<PeerCertificate> read_certificate(const std::string& pem) {
  const OpensslBio bio = bio_over(pem);
  const OpensslX509 certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
  if (!certificate) {
    return fail("no certificate: " + take_openssl_error("not PEM"));
  }
  return describe_certificate(certificate.get(), nullptr);
}

}  // namespace isthmus
