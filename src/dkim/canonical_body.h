// SPDX-License-Identifier: Apache-2.0
// The body as it is hashed (RFC 6376 §3.4.3, §3.4.4), from pieces of any size.
//
// Use:  BodyHasher hasher(Hash::Sha256, Canonicalization::Relaxed);  hasher.update(piece);  … hasher.finish()
// A line ends with CRLF; a bare CR or LF is a byte like others. Empty lines at the end are only counted until more
// comes, so memory does not grow with the body.
// Costs: one copy, about 1 ns a byte relaxed and less simple, besides the digest.   Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dkim/algorithm.h"
#include "dkim/digest.h"

namespace penstock::dkim {

class BodyCanonicalizer {
 public:
  explicit BodyCanonicalizer(Canonicalization way) : way_(way) {}
  // Appends to `out` what is certain of the canonical body so far.
  void update(std::string_view piece, std::string& out);
  // Appends the end. Once, last.
  void finish(std::string& out);

 private:
  void put_simple(std::string_view text, std::string& out);
  void put_relaxed(std::string_view text, std::string& out);
  // Content comes: what was held back belongs to the body.
  void release(std::string& out);

  const Canonicalization way_;
  std::uint64_t line_ends_ = 0;   // held back
  bool space_ = false;            // held back, relaxed only
  bool carriage_return_ = false;  // the last byte of the piece before
  bool empty_ = true;             // nothing but line ends so far
};

struct BodyHash {
  std::string digest;
  std::uint64_t canonical_bytes = 0;  // of the whole body, what l= leaves out included
};

class BodyHasher {
 public:
  // With `length` (l=) only so many bytes of the canonical body count.
  BodyHasher(Hash hash, Canonicalization way, std::optional<std::uint64_t> length = std::nullopt);
  void update(std::string_view piece);
  [[nodiscard]] BodyHash finish();

 private:
  void take();

  BodyCanonicalizer canonicalizer_;
  Digest digest_;
  std::uint64_t left_;
  std::uint64_t bytes_ = 0;
  std::string buffer_;
};

}  // namespace penstock::dkim
