// SPDX-License-Identifier: Apache-2.0
// The algorithms a signature names (RFC 6376 §3.3, RFC 8463, RFC 8301) and its canonicalisations (§3.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::dkim {

enum class Hash : std::uint8_t { Sha1, Sha256 };
enum class KeyType : std::uint8_t { Rsa, Ed25519 };
enum class Canonicalization : std::uint8_t { Simple, Relaxed };

struct Algorithm {
  KeyType key = KeyType::Rsa;
  Hash hash = Hash::Sha256;
  bool operator==(const Algorithm&) const = default;
};

// How header and body are canonicalised. "c=simple" leaves the body at simple too.
struct Canonicalizations {
  Canonicalization header = Canonicalization::Simple;
  Canonicalization body = Canonicalization::Simple;
  bool operator==(const Canonicalizations&) const = default;
};

[[nodiscard]] std::string_view to_string(Hash hash);                            // "sha256"
[[nodiscard]] std::string_view to_string(KeyType type);                         // "ed25519"
[[nodiscard]] std::string to_string(Algorithm algorithm);                       // "rsa-sha256"
[[nodiscard]] std::string to_string(Canonicalizations both);                    // "relaxed/simple"
[[nodiscard]] std::optional<Algorithm> parse_algorithm(std::string_view text);  // case does not matter (ABNF)
[[nodiscard]] std::optional<Canonicalizations> parse_canonicalizations(std::string_view text);

}  // namespace penstock::dkim
