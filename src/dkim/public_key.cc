// SPDX-License-Identifier: Apache-2.0
#include "dkim/public_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "dkim/digest.h"

namespace penstock::dkim {
namespace {

constexpr int kBitsMax = 8192;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

EVP_PKEY* read_rsa(std::string_view bytes) {
  const unsigned char* at = bytes_of(bytes);
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, static_cast<long>(bytes.size()));
  if (key != nullptr) return key;
  at = bytes_of(bytes);
  return d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(bytes.size()));
}

struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

bool verify_rsa(EVP_PKEY* key, Hash hash, std::string_view digest, std::string_view signature) {
  const std::unique_ptr<EVP_PKEY_CTX, FreeContext> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context.get(), fetched(hash)) == 1 &&
         EVP_PKEY_verify(context.get(), bytes_of(signature), signature.size(), bytes_of(digest), digest.size()) == 1;
}

bool verify_ed25519(EVP_PKEY* key, std::string_view digest, std::string_view signature) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(digest), digest.size()) == 1;
}

}  // namespace

void PublicKey::Free::operator()(EVP_PKEY* key) const {
  EVP_PKEY_free(key);
}

Readable<PublicKey> PublicKey::parse(KeyType type, std::string_view bytes) {
  EVP_PKEY* key = type == KeyType::Rsa
                      ? read_rsa(bytes)
                      : EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, bytes_of(bytes), bytes.size());
  ERR_clear_error();
  if (key == nullptr) return wrong("the key record's p= is no " + std::string(to_string(type)) + " key");
  PublicKey read(type, key);
  if (type == KeyType::Rsa && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return wrong("the published key is not RSA");
  if (read.bits() > kBitsMax) return wrong("the published key is longer than " + std::to_string(kBitsMax) + " bits");
  return read;
}

int PublicKey::bits() const {
  return EVP_PKEY_get_bits(key_.get());
}

bool PublicKey::verifies(Hash hash, std::string_view input, std::string_view signature) const {
  const std::string digest = digest_of(hash, input);
  const bool good = type_ == KeyType::Rsa ? verify_rsa(key_.get(), hash, digest, signature)
                                          : verify_ed25519(key_.get(), digest, signature);
  ERR_clear_error();
  return good;
}

}  // namespace penstock::dkim
