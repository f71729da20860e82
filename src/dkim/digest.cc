// SPDX-License-Identifier: Apache-2.0
#include "dkim/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace penstock::dkim {

const EVP_MD* fetched(Hash hash) {
  // Never freed: threads may sign until the process ends.
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return hash == Hash::Sha1 ? sha1 : sha256;
}

void Digest::Free::operator()(EVP_MD_CTX* context) const {
  EVP_MD_CTX_free(context);
}

Digest::Digest(Hash hash) : context_(EVP_MD_CTX_new()) {
  PENSTOCK_CHECK(context_ && EVP_DigestInit_ex2(context_.get(), fetched(hash), nullptr) == 1);
}

void Digest::update(std::string_view bytes) {
  PENSTOCK_CHECK(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Digest::finish() {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  PENSTOCK_CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), &size) == 1);
  out.resize(size);
  return out;
}

std::string digest_of(Hash hash, std::string_view bytes) {
  Digest digest(hash);
  digest.update(bytes);
  return digest.finish();
}

}  // namespace penstock::dkim
