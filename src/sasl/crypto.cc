// SPDX-License-Identifier: Apache-2.0
#include "sasl/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <bit>

#include "base/check.h"

namespace penstock::sasl {
namespace {

constexpr std::uint64_t kMemoryMax = 256ULL << 20;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// OpenSSL takes a null pointer for "no password given".
const char* never_null(std::string_view text) {
  return text.data() == nullptr ? "" : text.data();
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string digest(kDigestBytes, '\0');
  unsigned size = 0;
  PENSTOCK_CHECK(EVP_Digest(bytes.data(), bytes.size(), bytes_of(digest), &size, EVP_sha256(), nullptr) == 1);
  PENSTOCK_CHECK(size == kDigestBytes);
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string digest(kDigestBytes, '\0');
  unsigned size = 0;
  PENSTOCK_CHECK(HMAC(EVP_sha256(), never_null(key), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(),
                      bytes_of(digest), &size) != nullptr);
  PENSTOCK_CHECK(size == kDigestBytes);
  return digest;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  std::string key(kDigestBytes, '\0');
  PENSTOCK_CHECK(PKCS5_PBKDF2_HMAC(never_null(password), static_cast<int>(password.size()), bytes_of(salt),
                                   static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                                   kDigestBytes, bytes_of(key)) == 1);
  return key;
}

bool is_usable(const ScryptCost& cost) {
  return cost.n > 1 && std::has_single_bit(cost.n) && cost.n <= kMemoryMax && cost.r >= 1 && cost.r <= 64 &&
         cost.p >= 1 && cost.p <= 16 && 128 * cost.n * cost.r <= kMemoryMax;
}

std::string scrypt(std::string_view password, std::string_view salt, const ScryptCost& cost) {
  std::string key(kDigestBytes, '\0');
  PENSTOCK_CHECK(EVP_PBE_scrypt(never_null(password), password.size(), bytes_of(salt), salt.size(), cost.n, cost.r,
                                cost.p, kMemoryMax + (16ULL << 20), bytes_of(key), key.size()) == 1);
  return key;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.capacity());
  secret.clear();
}

}  // namespace penstock::sasl
