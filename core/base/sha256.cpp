#include "core/base/sha256.hpp"

#include <array>
#include <span>
#include <stdexcept>

#include <openssl/evp.h>

#include "core/base/bytes.hpp"

namespace isthmus {

void Sha256::Free::operator()(void* context) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Sha256::Sha256() : context_{EVP_MD_CTX_new()} {
  if (!context_ ||
      EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_.get()), EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error{"OpenSSL has no SHA-256"};
  }
}

void Sha256::update(std::string_view bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), digest.data(), nullptr);
  return to_hex(std::as_bytes(std::span{digest}));
}

}  // namespace isthmus
