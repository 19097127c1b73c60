#include "probe/deliver/credentials.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <system_error>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "core/runtime/journal_file.hpp"

namespace isthmus::probe {
namespace {

constexpr std::size_t kMaxFile = std::size_t{64} << 10;

template <auto Release>
struct Releaser {
  template <typename T>
  void operator()(T* object) const {
    Release(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using Request = std::unique_ptr<X509_REQ, Releaser<X509_REQ_free>>;
using Memory = std::unique_ptr<BIO, Releaser<BIO_free_all>>;

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string certificate_file(const std::string& folder) {
  return folder + "/certificate.pem";
}
std::string key_file(const std::string& folder) {
  return folder + "/key.pem";
}
std::string authority_file(const std::string& folder) {
  return folder + "/authority.pem";
}

}  // namespace

Result<Credentials> load_credentials(const std::string& folder) {
  struct stat status {};
  if (::stat(key_file(folder).c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    return fail(key_file(folder) + ": others may read the key; run `chmod 600` on it");
  }
  auto certificate = read_small_file(certificate_file(folder), kMaxFile);
  auto key = read_small_file(key_file(folder), kMaxFile);
  auto authority = read_small_file(authority_file(folder), kMaxFile);
  for (const auto* each : {&certificate, &key, &authority}) {
    if (!*each) {
      return unexpected{each->error()};
    }
  }
  return Credentials{.certificate = std::move(*certificate),
                     .key = std::move(*key),
                     .authority = std::move(*authority)};
}

Result<void> save_credentials(const std::string& folder, const Credentials& credentials) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail("cannot make " + folder + ": " + error.message());
  }
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  // A certificate without its key is of no use to anybody: should the second write fail, the probe
  // has to enrol anew, as after any loss of the folder.
  const mode_t before = ::umask(077);
  auto done = write_file_atomically(authority_file(folder), credentials.authority);
  if (done) {
    done = write_file_atomically(key_file(folder), credentials.key);
  }
  if (done) {
    done = write_file_atomically(certificate_file(folder), credentials.certificate);
  }
  ::umask(before);
  return done;
}

Result<TlsContext> client_context(const Credentials& credentials) {
  return TlsContext::client({.authorities_pem = credentials.authority,
                             .certificate_pem = credentials.certificate,
                             .private_key_pem = credentials.key});
}

Result<KeyAndRequest> make_key_and_request(std::string_view name) {
  const Key key{EVP_EC_gen("P-256")};
  const Request request{X509_REQ_new()};
  const Memory key_text{BIO_new(BIO_s_mem())};
  const Memory request_text{BIO_new(BIO_s_mem())};
  if (!key || !request || !key_text || !request_text) {
    return fail("OpenSSL cannot make a key");
  }
  X509_NAME* const subject = X509_REQ_get_subject_name(request.get());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes
  const auto* const bytes = reinterpret_cast<const unsigned char*>(name.data());
  const bool done = X509_REQ_set_version(request.get(), 0) == 1 &&
                    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, bytes,
                                               static_cast<int>(name.size()), -1, 0) == 1 &&
                    X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                    X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0 &&
                    PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0,
                                                  nullptr, nullptr) == 1 &&
                    PEM_write_bio_X509_REQ(request_text.get(), request.get()) == 1;
  if (!done) {
    return fail("OpenSSL cannot make a certificate request");
  }
  return KeyAndRequest{.key = text_of(key_text.get()), .request = text_of(request_text.get())};
}

TimePoint renewal_time(const PeerCertificate& certificate) {
  return certificate.not_before + (certificate.not_after - certificate.not_before) * 2 / 3;
}

Result<JoinToken> JoinToken::parse(std::string_view text) {
  constexpr std::string_view kVersion = "isthmus1.";
  constexpr std::size_t kFingerprint = 64;
  const std::size_t last = text.rfind('.');
  const std::size_t middle = last == std::string_view::npos || last == 0
                                 ? std::string_view::npos
                                 : text.rfind('.', last - 1);
  if (!text.starts_with(kVersion) || middle == std::string_view::npos ||
      middle <= kVersion.size()) {
    return fail("this is no join token: copy all of what `isthmusctl probe add` printed");
  }
  JoinToken token{.probe = std::string{text.substr(kVersion.size(), middle - kVersion.size())},
                  .fingerprint = std::string{text.substr(middle + 1, last - middle - 1)}};
  const bool is_hex =
      std::all_of(token.fingerprint.begin(), token.fingerprint.end(),
                  [](char each) { return std::isxdigit(static_cast<unsigned char>(each)) != 0; });
  if (token.fingerprint.size() != kFingerprint || !is_hex) {
    return fail("this join token is damaged: copy all of what `isthmusctl probe add` printed");
  }
  return token;
}

}  // namespace isthmus::probe
