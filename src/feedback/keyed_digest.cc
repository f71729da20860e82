// SPDX-License-Identifier: Apache-2.0
#include "feedback/keyed_digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "base/check.h"

namespace penstock::feedback {

Digest keyed_digest(const ReferenceKey& key, Purpose purpose, std::string_view text) {
  std::string input(1, static_cast<char>(purpose));
  input += text;
  Digest digest{};
  unsigned int size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  PENSTOCK_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, input.size(), digest.data(),
                      &size) != nullptr);
  return digest;
}

}  // namespace penstock::feedback
