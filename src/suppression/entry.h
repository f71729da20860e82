// SPDX-License-Identifier: Apache-2.0
// Entry: one suppression: who must not be mailed, where, why, since when and until when.
// Plain values; names (to_string) are those of the API, of files and of the database's words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "model/outcome.h"
#include "suppression/errc.h"

namespace penstock::suppression {

// Why somebody is suppressed. Values are on disk: never renumber.
enum class Cause : std::uint8_t {
  InvalidMailbox = 1,
  InvalidDomain = 2,
  InactiveMailbox = 3,
  MailboxFull = 4,
  Policy = 5,
  SoftBounces = 6,  // temporary failures over several days
  Complaint = 7,
  Unsubscribe = 8,
  Operator = 9,  // by hand, or from a file that gives no cause
  Bounce = 10,   // another class that the configuration suppresses
};
[[nodiscard]] std::string_view to_string(Cause cause);  // "invalid-mailbox", "complaint", …
[[nodiscard]] std::optional<Cause> parse_cause(std::string_view name);
[[nodiscard]] Cause cause_of(model::OutcomeClass outcome_class);

enum class ScopeKind : std::uint8_t { Global, Tenant, Stream, List };
struct Scope {
  ScopeKind kind = ScopeKind::Global;
  std::string name;                             // empty for Global only
  [[nodiscard]] std::string to_string() const;  // "global", "tenant:acme", "stream:news", "list:weekly"
  friend bool operator==(const Scope&, const Scope&) = default;
};
// "" is global. Errors: BadScope.
[[nodiscard]] Result<Scope> parse_scope(std::string_view text);

struct Entry {
  std::string address;  // canonical: "user@example.com", or "@example.com" for the whole domain
  Scope scope;
  Cause cause = Cause::Operator;
  bool investigate = false;  // a person should look at it: `penstock suppress review`
  std::string reason;        // the evidence in words: the receiver's reply, the report's diagnostic
  std::string source;        // the event that caused it: "01K8Q2R5VX3ZP/0", "report …", "import FILE"
  std::string note;          // a person's
  std::string who;           // "delivery", "feedback", an operator's name
  Time since;                // wall
  Time until;                // wall; the epoch: for good
  [[nodiscard]] bool in_force(Time wall) const { return until == Time{} || until > wall; }
  friend bool operator==(const Entry&, const Entry&) = default;
};

// What an SMTP client or a notice is told: "suppressed (complaint) since 2026-11-24, scope stream:news".
[[nodiscard]] std::string describe(const Entry& entry);

}  // namespace penstock::suppression
