// SPDX-License-Identifier: Apache-2.0
// Verification: judges the DKIM signatures of a message (RFC 6376 §6, RFC 8301, RFC 8463).
//
// Use:  const Verification verification(message);
//       for (const std::string& name : verification.key_names()) keys[name] = … the TXT records of that name …
//       const Report report = verification.finish(keys, now);
// Lines of the message must end in CRLF, as they do on the wire; with_crlf() makes them so for files.
// The message must outlive it.   Threads: const from any.   Errors: none; everything is a verdict.
// Limits: the first kSignaturesMax signatures from the top are evaluated, the others are Neutral; of several records at
// a name the first kRecordsMax are tried.   Costs: one pass over the body per distinct canonicalisation, hash and l=.
// Weaker than some readers expect: a body longer than l= passes (RFC 6376 §8.2); unsigned_body_bytes tells.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "dkim/canonical_header.h"
#include "dkim/signature.h"
#include "dkim/verdict.h"

namespace penstock::dkim {

inline constexpr std::size_t kSignaturesMax = 10;
inline constexpr std::size_t kRecordsMax = 4;

// What DNS says of one name.
struct KeyAnswer {
  std::vector<std::string> records{};  // each with its strings put together; none: there is no such record
  bool temporary = false;              // DNS could not say
  std::string why{};                   // with `temporary`; for the reader
};
using KeyAnswers = std::map<std::string, KeyAnswer>;  // a name that is not in it: temporary

struct SignatureReport {
  Verdict verdict = Verdict::Neutral;
  std::string reason;                     // in words; "" for a plain pass
  std::optional<Signature> signature;     // absent when it cannot be read
  int key_bits = 0;                       // 0: no key was had
  bool testing = false;                   // the key says t=y: act as if the message were unsigned when it fails
  std::uint64_t unsigned_body_bytes = 0;  // of the canonical body, behind l=
};

struct Report {
  std::vector<SignatureReport> signatures;  // from the top of the message
  // The best of all: pass if one passes, then temperror (a later try may pass), policy, fail, permerror, neutral;
  // "none" without signatures.
  [[nodiscard]] std::string_view summary() const;
};

class Verification {
 public:
  explicit Verification(std::string_view message, Era era = Era::Current);
  Verification(const Verification&) = delete;
  Verification& operator=(const Verification&) = delete;
  // The names to ask for TXT records, each once.
  [[nodiscard]] std::vector<std::string> key_names() const;
  [[nodiscard]] Report finish(const KeyAnswers& keys, Time now) const;

 private:
  struct Found {
    const mime::HeaderField* field;
    Readable<Signature> signature;
  };
  SignedMessage message_;
  Era era_;
  std::vector<Found> found_;
};

// Bare LFs become CRLF; CRLFs and bare CRs stay.
[[nodiscard]] std::string with_crlf(std::string_view text);

}  // namespace penstock::dkim
