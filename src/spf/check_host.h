// SPDX-License-Identifier: Apache-2.0
// check_host: whether an SPF record lets an address send for a domain (RFC 7208), and which term decided. Door of the
// module.
//
// It does no look-ups: it names those it needs, and is called again once they are known.
//
//   Answers known;
//   Outcome outcome = check_host(query, known);
//   for (; !outcome.missing.empty(); outcome = check_host(query, known)) {
//     for (const Question& question : outcome.missing) known[question] = … ask DNS …;
//   }
//   outcome.result, outcome.to_string()
//
// The number of rounds is bounded by the limits below, since each asks for something new.
// Choices the RFC leaves open: look-ups that find nothing are limited to two; an A-only host does not count as found
// for an IPv6 client; %{p} costs one look-up of the ten, once. Pure; any thread.   Cost: a round takes some
// microseconds. Limits: ten terms that ask DNS, two void look-ups, ten MX hosts, ten PTR names (§4.6.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_network.h"
#include "spf/answers.h"

namespace penstock::spf {

inline constexpr int kLookupsMax = 10;
inline constexpr int kVoidLookupsMax = 2;

enum class Verdict : std::uint8_t { None, Neutral, Pass, Fail, SoftFail, TempError, PermError };
[[nodiscard]] std::string_view to_string(Verdict verdict);  // "softfail"

enum class Walk : std::uint8_t {
  UntilMatch,
  // Nothing matches, so that every term is looked at: for counting what a record can cost. Over the limit it goes on to
  // kWalkLookupsMax.
  Everything
};
inline constexpr int kWalkLookupsMax = 60;

struct Query {
  IpAddress address;     // of the client
  std::string domain;    // to be checked: of MAIL FROM, or of EHLO when that is empty
  std::string sender{};  // MAIL FROM; without a local part it is "postmaster"
  std::string helo{};
  std::string receiver{};  // our name, for %{r}
  std::int64_t unix_seconds = 0;
  Walk walk = Walk::UntilMatch;
};

// One term on the way to the decision.
struct Step {
  std::string domain;  // whose record
  std::string term;    // as written: "include:_spf.example.com", "-all"; "redirect=…"
};

struct Outcome {
  std::vector<Question> missing;  // not empty: the rest does not count yet
  Verdict verdict = Verdict::None;
  std::vector<Step> decided_by;  // the outermost first; empty: no term did
  std::string why;               // of None, TempError and PermError: a sentence
  std::string explanation;       // of Fail: what exp= says; may be empty
  int lookups = 0;               // terms that asked DNS
  int void_lookups = 0;
  // "pass: include:_spf.example.com of example.com, ip4:192.0.2.0/24 of _spf.example.com"
  [[nodiscard]] std::string to_string() const;
};

[[nodiscard]] Outcome check_host(const Query& query, const Answers& known);

}  // namespace penstock::spf
