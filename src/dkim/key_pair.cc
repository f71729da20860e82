// SPDX-License-Identifier: Apache-2.0
#include "dkim/key_pair.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/check.h"
#include "dkim/digest.h"

namespace penstock::dkim {
namespace {

constexpr int kRsaBitsMin = 1024;
constexpr int kRsaBitsMax = 4096;

struct FreeOther {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, FreeOther>;

// OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

tl::unexpected<std::string> library_failed(std::string what) {
  ERR_clear_error();
  return wrong(std::move(what));
}

}  // namespace

void KeyPair::Free::operator()(EVP_PKEY* key) const {
  EVP_PKEY_free(key);
}
void KeyPair::Free::operator()(EVP_PKEY_CTX* context) const {
  EVP_PKEY_CTX_free(context);
}

Readable<KeyPair> KeyPair::from_pem(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* key = PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_password, nullptr, nullptr, nullptr);
  ERR_clear_error();
  if (key == nullptr) return wrong("no private key in PEM form, without a password");
  return adopt(key);
}

Readable<KeyPair> KeyPair::generate(KeyType type, int bits) {
  EVP_PKEY* key = type == KeyType::Rsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits))
                                       : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (key == nullptr) return library_failed("no key could be made");
  return adopt(key);
}

Readable<KeyPair> KeyPair::adopt(EVP_PKEY* key) {
  const int id = EVP_PKEY_get_base_id(key);
  KeyPair pair(id == EVP_PKEY_RSA ? KeyType::Rsa : KeyType::Ed25519, key);
  if (id != EVP_PKEY_RSA && id != EVP_PKEY_ED25519) return wrong("the key is neither RSA nor Ed25519");
  if (id == EVP_PKEY_RSA && (pair.bits() < kRsaBitsMin || pair.bits() > kRsaBitsMax)) {
    return wrong("an RSA key of " + std::to_string(pair.bits()) + " bits; 1,024 to 4,096 can be used");
  }
  if (!pair.prepare()) return library_failed("the key cannot sign");
  return pair;
}

bool KeyPair::prepare() {
  if (type_ == KeyType::Ed25519) return true;
  ready_ = Context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  return ready_ && EVP_PKEY_sign_init(ready_.get()) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(ready_.get(), RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(ready_.get(), fetched(Hash::Sha256)) == 1;
}

std::string KeyPair::to_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PENSTOCK_CHECK(PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

int KeyPair::bits() const {
  return EVP_PKEY_get_bits(key_.get());
}

std::string KeyPair::public_key() const {
  if (type_ == KeyType::Ed25519) {
    std::string out(32, '\0');
    std::size_t size = out.size();
    PENSTOCK_CHECK(EVP_PKEY_get_raw_public_key(key_.get(), bytes_of(out), &size) == 1 && size == out.size());
    return out;
  }
  const int size = i2d_PUBKEY(key_.get(), nullptr);
  PENSTOCK_CHECK(size > 0);
  std::string out(static_cast<std::size_t>(size), '\0');
  unsigned char* at = bytes_of(out);
  PENSTOCK_CHECK(i2d_PUBKEY(key_.get(), &at) == size);
  return out;
}

Readable<std::string> KeyPair::sign(std::string_view input) const {
  const std::string digest = digest_of(Hash::Sha256, input);
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = signature.size();
  bool good = false;
  if (type_ == KeyType::Rsa) {
    const Context context(EVP_PKEY_CTX_dup(ready_.get()));
    good = context && EVP_PKEY_sign(context.get(), bytes_of(signature), &size, bytes_of(std::string_view(digest)),
                                    digest.size()) == 1;
  } else {
    const std::unique_ptr<EVP_MD_CTX, FreeOther> context(EVP_MD_CTX_new());
    good =
        context && EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr) == 1 &&
        EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(std::string_view(digest)), digest.size()) ==
            1;
  }
  if (!good) return library_failed("OpenSSL could not sign");
  signature.resize(size);
  return signature;
}

}  // namespace penstock::dkim
