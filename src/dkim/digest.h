// SPDX-License-Identifier: Apache-2.0
// Digest: SHA-1 or SHA-256 over bytes that come in pieces.
//
// OpenSSL's algorithms are fetched once per process (fetching costs more than hashing a small message).
// Threads: one at a time per object; objects are independent.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "dkim/algorithm.h"

namespace penstock::dkim {

class Digest {
 public:
  explicit Digest(Hash hash);
  void update(std::string_view bytes);
  // The digest: 20 or 32 bytes. Once.
  [[nodiscard]] std::string finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

[[nodiscard]] std::string digest_of(Hash hash, std::string_view bytes);
// Inside the module: the fetched algorithm.
[[nodiscard]] const EVP_MD* fetched(Hash hash);

}  // namespace penstock::dkim
