// SPDX-License-Identifier: Apache-2.0
#include "sasl/credentials.h"

#include <algorithm>

namespace penstock::sasl {

ScramKeys scram_keys(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  std::string salted = pbkdf2_sha256(password, salt, iterations);
  ScramKeys keys;
  keys.client_key = hmac_sha256(salted, "Client Key");
  keys.stored_key = sha256(keys.client_key);
  keys.server_key = hmac_sha256(salted, "Server Key");
  wipe(salted);
  return keys;
}

Credentials make_credentials(std::string_view password, const Salts& salts, const ScryptCost& cost,
                             std::uint32_t iterations) {
  Credentials made;
  made.cost = cost;
  made.scrypt_salt = salts.scrypt;
  made.scrypt_hash = scrypt(password, salts.scrypt, cost);
  made.iterations = iterations;
  made.scram_salt = salts.scram;
  ScramKeys keys = scram_keys(password, salts.scram, iterations);
  made.stored_key = std::move(keys.stored_key);
  made.server_key = std::move(keys.server_key);
  wipe(keys.client_key);
  return made;
}

bool matches(const Credentials& credentials, std::string_view password) {
  std::string hash = scrypt(password, credentials.scrypt_salt, credentials.cost);
  const bool same = equal_in_constant_time(hash, credentials.scrypt_hash);
  wipe(hash);
  return same;
}

std::string_view password_problem(std::string_view password) {
  if (password.empty()) return "a password must not be empty";
  if (password.size() > kPasswordBytesMax) return "a password has at most 512 bytes";
  const auto is_any = [password](auto what) {
    return std::any_of(password.begin(), password.end(),
                       [what](char c) { return what(static_cast<unsigned char>(c)); });
  };
  if (is_any([](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    return "a password must not hold control characters";
  }
  // One program writes "é" as one character, another as two.
  return is_any([](unsigned char c) { return c > 0x7F; })
             ? "a password must be ASCII: programs do not agree on how other characters are written"
             : "";
}

}  // namespace penstock::sasl
