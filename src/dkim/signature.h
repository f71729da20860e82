// SPDX-License-Identifier: Apache-2.0
// Signature: a DKIM-Signature header field, read and checked as RFC 6376 §3.5 and §6.1.1 ask.
//
// Use:  Readable<Signature> s = parse_signature(field.value);
// Everything that can be said without the key and the rest of the message has been checked: required tags, their
// syntax, From in h=, i= within d=, x= after t=, a query method we know. Unknown tags are ignored.
// Owns its strings.   Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dkim/algorithm.h"
#include "dkim/verdict.h"

namespace penstock::dkim {

struct Signature {
  Algorithm algorithm;
  Canonicalizations canonicalization;
  std::string domain;                                  // d=, small letters
  std::string selector;                                // s=, small letters
  std::string identity;                                // i=, "@domain" when absent; its domain in small letters
  std::vector<std::string> headers;                    // h=, small letters, in order, repetitions kept
  std::string body_hash;                               // bh=, decoded
  std::string bytes;                                   // b=, decoded
  std::optional<std::uint64_t> body_length;            // l=
  std::optional<std::chrono::sys_seconds> signed_at;   // t=
  std::optional<std::chrono::sys_seconds> expires_at;  // x=
};

// What more than RFC 6376 and 8301 allow is taken, to look into old mail.
enum class Era : std::uint8_t {
  Current,
  Historic  // drafts before RFC 4871 (v= missing or 0.5, q=dns), rsa-sha1, RSA keys from 512 bits
};

// `value` is the field's value as it stands, folds included. On failure: words for the reader of a report.
[[nodiscard]] Readable<Signature> parse_signature(std::string_view value, Era era = Era::Current);

// "selector._domainkey.example.com"
[[nodiscard]] std::string key_name(std::string_view selector, std::string_view domain);

// Letters, digits, '-', '_' and bytes above 127 in labels of 1 to 63 bytes, at most 253 in all.
[[nodiscard]] bool is_domain(std::string_view text);
// True when `name` is `domain` or below it; both in small letters.
[[nodiscard]] bool is_within(std::string_view name, std::string_view domain);

}  // namespace penstock::dkim
