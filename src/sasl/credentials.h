// SPDX-License-Identifier: Apache-2.0
// Credentials: what is kept of a password: a scrypt hash for PLAIN and LOGIN, and the keys of SCRAM-SHA-256 (RFC 5802
// §3), from which nobody can sign in elsewhere.
//
// Use:  const Credentials kept = make_credentials(password, salts, costs);   …   matches(kept, attempt)
// Both calls are slow on purpose (crypto.h).   Pure: salts come in.   Threads: any.
// Limits: new passwords are printable ASCII, which SASLprep (RFC 4013) leaves as it is: RFC 5802 §2.2 wants SASLprep or
// nothing else than ASCII (docs/adr/0005). They are compared byte for byte.
#pragma once

#include <string>
#include <string_view>

#include "sasl/crypto.h"

namespace penstock::sasl {

inline constexpr std::uint32_t kIterationsMin = 4'096;  // RFC 7677 §4
inline constexpr std::uint32_t kIterationsMax = 1'000'000;
inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kPasswordBytesMax = 512;

struct Credentials {
  ScryptCost cost;
  std::string scrypt_salt, scrypt_hash;
  std::uint32_t iterations = 15'000;
  std::string scram_salt, stored_key, server_key;
};

struct Salts {
  std::string scrypt, scram;  // random, kSaltBytes each
};

[[nodiscard]] Credentials make_credentials(std::string_view password, const Salts& salts, const ScryptCost& cost = {},
                                           std::uint32_t iterations = 15'000);
// Whether that is the password. Takes as long for a wrong one.
[[nodiscard]] bool matches(const Credentials& credentials, std::string_view password);

// ClientKey and ServerKey of a password (RFC 5802 §3).
struct ScramKeys {
  std::string client_key, stored_key, server_key;
};
[[nodiscard]] ScramKeys scram_keys(std::string_view password, std::string_view salt, std::uint32_t iterations);

// Nothing, or why it can be no password: empty, too long, or with something else than printable ASCII.
[[nodiscard]] std::string_view password_problem(std::string_view password);

}  // namespace penstock::sasl
