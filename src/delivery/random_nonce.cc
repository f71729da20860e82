// SPDX-License-Identifier: Apache-2.0
#include "delivery/random_nonce.h"

#include <openssl/rand.h>

#include "base/base64.h"
#include "base/check.h"

namespace penstock::delivery {

std::string random_nonce() {
  std::string bytes(18, '\0');
  PENSTOCK_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) == 1);
  return encode_base64(bytes);
}

}  // namespace penstock::delivery
