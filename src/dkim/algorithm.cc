// SPDX-License-Identifier: Apache-2.0
#include "dkim/algorithm.h"

#include "base/ascii.h"
#include "dkim/tag_list.h"

namespace penstock::dkim {
namespace {

std::optional<Canonicalization> parse_one(std::string_view text) {
  if (ascii::equal_ignoring_case(text, "simple")) return Canonicalization::Simple;
  if (ascii::equal_ignoring_case(text, "relaxed")) return Canonicalization::Relaxed;
  return std::nullopt;
}

std::string_view name_of(Canonicalization c) {
  return c == Canonicalization::Simple ? "simple" : "relaxed";
}

}  // namespace

std::string_view to_string(Hash hash) {
  return hash == Hash::Sha1 ? "sha1" : "sha256";
}
std::string_view to_string(KeyType type) {
  return type == KeyType::Rsa ? "rsa" : "ed25519";
}
std::string to_string(Algorithm algorithm) {
  return std::string(to_string(algorithm.key)) + "-" + std::string(to_string(algorithm.hash));
}
std::string to_string(Canonicalizations both) {
  return std::string(name_of(both.header)) + "/" + std::string(name_of(both.body));
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
  if (ascii::equal_ignoring_case(text, "rsa-sha256")) return Algorithm{KeyType::Rsa, Hash::Sha256};
  if (ascii::equal_ignoring_case(text, "ed25519-sha256")) return Algorithm{KeyType::Ed25519, Hash::Sha256};
  if (ascii::equal_ignoring_case(text, "rsa-sha1")) return Algorithm{KeyType::Rsa, Hash::Sha1};
  return std::nullopt;
}

std::optional<Canonicalizations> parse_canonicalizations(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto header = parse_one(ascii::trim(text.substr(0, slash)));
  if (!header) return std::nullopt;
  if (slash == std::string_view::npos) return Canonicalizations{*header, Canonicalization::Simple};
  const auto body = parse_one(ascii::trim(text.substr(slash + 1)));
  if (!body) return std::nullopt;
  return Canonicalizations{*header, *body};
}

}  // namespace penstock::dkim
