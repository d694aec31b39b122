#include "kernels/keyed_hash/hmac_sha256.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void require(bool done, std::string_view step) {
  if (!done) throw Error(ExitCode::internal, "OpenSSL cannot compute HMAC-SHA256: " + std::string(step));
}
}  // namespace

void HmacSha256::Free::operator()(void* context) const {
  EVP_MAC_CTX_free(static_cast<EVP_MAC_CTX*>(context));  // which clears the key
}

HmacSha256::HmacSha256(std::string_view key) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), &EVP_MAC_free);
  require(hmac != nullptr, "no HMAC");
  EVP_MAC_CTX* const context = EVP_MAC_CTX_new(hmac.get());
  require(context != nullptr, "no memory");
  context_.reset(context);
  std::string digest = "SHA256";
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                              OSSL_PARAM_construct_end()};
  require(EVP_MAC_init(context, bytes_of(key), key.size(), parameters.data()) == 1, "the key is refused");
}

Sha256Digest HmacSha256::of(std::string_view text) const {
  auto* const context = static_cast<EVP_MAC_CTX*>(context_.get());
  Sha256Digest digest{};
  std::size_t bytes = 0;
  // Without a key: begins again with the one that is there.
  require(EVP_MAC_init(context, nullptr, 0, nullptr) == 1, "cannot begin");
  require(EVP_MAC_update(context, bytes_of(text), text.size()) == 1, "cannot take a text");
  require(EVP_MAC_final(context, digest.data(), &bytes, digest.size()) == 1 && bytes == digest.size(), "cannot end");
  return digest;
}

}  // namespace rankwise
