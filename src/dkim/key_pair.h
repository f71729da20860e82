// SPDX-License-Identifier: Apache-2.0
// KeyPair: a private key that signs, read from PEM text or made anew.
//
// Use:  Readable<KeyPair> key = KeyPair::from_pem(text);   key->sign(input)
// PEM of PKCS#8 ("PRIVATE KEY") or PKCS#1 ("RSA PRIVATE KEY"), without a password. RSA of 1,024 to 4,096 bits (RFC 8301
// §3.2; Penstock makes none below 2,048) and Ed25519 (RFC 8463).
// generate() and the blinding of RSA draw on OpenSSL's random numbers, the one source of chance in this module.
// Threads: const from any, at the same time.   Costs: sign() prepares nothing but a copy of a ready context.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "dkim/algorithm.h"
#include "dkim/verdict.h"

namespace penstock::dkim {

class KeyPair {
 public:
  [[nodiscard]] static Readable<KeyPair> from_pem(std::string_view pem);
  // `bits` counts for RSA only.
  [[nodiscard]] static Readable<KeyPair> generate(KeyType type, int bits = 2048);

  [[nodiscard]] std::string to_pem() const;  // PKCS#8
  [[nodiscard]] KeyType type() const { return type_; }
  [[nodiscard]] int bits() const;
  // As it stands in p= of a key record, decoded.
  [[nodiscard]] std::string public_key() const;
  // Of the canonical header, with SHA-256. Fails only when OpenSSL does.
  [[nodiscard]] Readable<std::string> sign(std::string_view input) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const;
    void operator()(EVP_PKEY_CTX* context) const;
  };
  using Context = std::unique_ptr<EVP_PKEY_CTX, Free>;

  static Readable<KeyPair> adopt(EVP_PKEY* key);
  KeyPair(KeyType type, EVP_PKEY* key) : type_(type), key_(key) {}
  [[nodiscard]] bool prepare();

  KeyType type_;
  std::unique_ptr<EVP_PKEY, Free> key_;
  Context ready_;  // RSA: a context set up to sign; only ever copied
};

}  // namespace penstock::dkim
