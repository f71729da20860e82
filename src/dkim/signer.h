// SPDX-License-Identifier: Apache-2.0
// Signer: makes DKIM-Signature fields with one key (RFC 6376 §5, RFC 8463, RFC 8301).
//
// Use:  MessageToSign message(bytes);                            // once per message; lines end in CRLF
//       Readable<std::string> field = signer.sign(message, now);  // goes before the message; one for each signer
// always_signed() names are in h= once more often than the message has them, so that nobody can add one; those of
// signed_if_present() and SignOptions::more_headers as often as it has them. rsa-sha256 or ed25519-sha256, as the key
// is; l= is never used. The field is folded below 79 characters a line and ends in CRLF.
// A header or body with VT or FF is signed as simple: libopendkim takes them for blanks in relaxed, RFC 6376 does not.
// Errors: no From field (RFC 6376 §5.4); a header too large; OpenSSL.
// Threads: Signer const from any, at the same time; MessageToSign one at a time.
// Costs: the body is hashed once per canonicalisation for all signers; RSA-2048 takes about 0.7 ms, Ed25519 0.05 ms.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "dkim/algorithm.h"
#include "dkim/canonical_header.h"
#include "dkim/key_pair.h"
#include "dkim/verdict.h"

namespace penstock::dkim {

class MessageToSign {
 public:
  // `message` must outlive it.
  explicit MessageToSign(std::string_view message) : parsed_(message) {}
  [[nodiscard]] const SignedMessage& parsed() const { return parsed_; }
  // SHA-256 of the canonical body in base64, computed at the first call.
  [[nodiscard]] const std::string& body_hash(Canonicalization way);
  // Relaxed, unless the body has VT or FF (Signer).
  [[nodiscard]] Canonicalization body_way(Canonicalization wanted);

 private:
  SignedMessage parsed_;
  std::array<std::string, 2> hashes_;
  std::optional<bool> odd_body_;
};

struct SignOptions {
  std::string domain;      // d=
  std::string selector;    // s=
  std::string identity{};  // i=; "" leaves it out. At or below the domain
  Canonicalizations canonicalization{Canonicalization::Relaxed, Canonicalization::Relaxed};
  std::vector<std::string> more_headers{};       // names to sign besides the usual ones
  std::optional<std::chrono::seconds> expire{};  // x= so long after t=
};

class Signer {
 public:
  // What is wrong with the options, in words: a bad domain, selector or identity, a field that must not be signed.
  [[nodiscard]] static Readable<> check(const SignOptions& options);
  // Precondition: check() is content (PENSTOCK_CHECK).
  Signer(SignOptions options, std::shared_ptr<const KeyPair> key);

  [[nodiscard]] Readable<std::string> sign(MessageToSign& message, Time now) const;
  [[nodiscard]] const SignOptions& options() const { return options_; }
  [[nodiscard]] const KeyPair& key() const { return *key_; }
  // A field is about so long, for SIZE= (RFC 1870).
  [[nodiscard]] std::size_t field_bytes() const;

  // In small letters.
  [[nodiscard]] static std::span<const std::string_view> always_signed();
  [[nodiscard]] static std::span<const std::string_view> signed_if_present();

 private:
  SignOptions options_;
  std::shared_ptr<const KeyPair> key_;
  std::vector<std::string> if_present_;  // all of them
};

}  // namespace penstock::dkim
