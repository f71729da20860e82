// SPDX-License-Identifier: Apache-2.0
// The few functions of OpenSSL that passwords need, on byte strings.
//
// scrypt (RFC 7914) and PBKDF2 (RFC 8018) are slow on purpose: tens of milliseconds, never on a shard.
// Threads: any.   Errors: none; OpenSSL refusing its own primitives is our bug (CHECK).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::sasl {

inline constexpr std::size_t kDigestBytes = 32;

[[nodiscard]] std::string sha256(std::string_view bytes);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);
[[nodiscard]] std::string pbkdf2_sha256(std::string_view password, std::string_view salt, std::uint32_t iterations);

struct ScryptCost {
  std::uint64_t n = 16'384;  // memory 128 n r bytes: 16 MiB
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  friend bool operator==(const ScryptCost&, const ScryptCost&) = default;
};
// Whether scrypt() would take it: n a power of two above 1, at most 256 MiB of memory.
[[nodiscard]] bool is_usable(const ScryptCost& cost);
// Precondition: is_usable(cost).
[[nodiscard]] std::string scrypt(std::string_view password, std::string_view salt, const ScryptCost& cost);

// Takes as long whatever the bytes are; texts of different lengths are unequal at once.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);
// Overwrites the bytes, so that they do not linger in memory, and empties the string.
void wipe(std::string& secret);

}  // namespace penstock::sasl
