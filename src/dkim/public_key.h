// SPDX-License-Identifier: Apache-2.0
// PublicKey: what a key record's p= holds, ready to check signatures.
//
// RSA: SubjectPublicKeyInfo as everybody publishes it, or RSAPublicKey as RFC 6376 §3.6.1 has it. Ed25519: 32 bytes
// (RFC 8463 §4.2).   Threads: const from any.   Limits: RSA up to 8,192 bits.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string_view>

#include "dkim/algorithm.h"
#include "dkim/verdict.h"

namespace penstock::dkim {

class PublicKey {
 public:
  [[nodiscard]] static Readable<PublicKey> parse(KeyType type, std::string_view bytes);

  [[nodiscard]] KeyType type() const { return type_; }
  [[nodiscard]] int bits() const;
  // Whether `signature` was made by this key over `input`, the canonical header (RFC 6376 §3.7, RFC 8463 §3).
  [[nodiscard]] bool verifies(Hash hash, std::string_view input, std::string_view signature) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const;
  };
  PublicKey(KeyType type, EVP_PKEY* key) : type_(type), key_(key) {}
  KeyType type_;
  std::unique_ptr<EVP_PKEY, Free> key_;
};

}  // namespace penstock::dkim
