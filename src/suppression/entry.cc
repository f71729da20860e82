// SPDX-License-Identifier: Apache-2.0
#include "suppression/entry.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"

namespace penstock::suppression {
namespace {

constexpr std::size_t kScopeNameMax = 128;

struct NamedCause {
  Cause cause;
  std::string_view name;
};
constexpr std::array<NamedCause, 10> kCauses{{{Cause::InvalidMailbox, "invalid-mailbox"},
                                              {Cause::InvalidDomain, "invalid-domain"},
                                              {Cause::InactiveMailbox, "inactive-mailbox"},
                                              {Cause::MailboxFull, "mailbox-full"},
                                              {Cause::Policy, "policy"},
                                              {Cause::SoftBounces, "soft-bounces"},
                                              {Cause::Complaint, "complaint"},
                                              {Cause::Unsubscribe, "unsubscribe"},
                                              {Cause::Operator, "operator"},
                                              {Cause::Bounce, "bounce"}}};

constexpr std::array<std::string_view, 4> kScopes{"global", "tenant", "stream", "list"};

std::string format_day(Time wall) {
  const auto day = std::chrono::floor<std::chrono::days>(wall.time_since_epoch());
  const std::chrono::year_month_day date{std::chrono::sys_days(day)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace

std::string_view to_string(Cause cause) {
  for (const NamedCause& each : kCauses) {
    if (each.cause == cause) return each.name;
  }
  return "bounce";  // written by a newer version
}

std::optional<Cause> parse_cause(std::string_view name) {
  for (const NamedCause& each : kCauses) {
    if (each.name == name) return each.cause;
  }
  return std::nullopt;
}

Cause cause_of(model::OutcomeClass outcome_class) {
  switch (outcome_class) {
    case model::OutcomeClass::InvalidMailbox: return Cause::InvalidMailbox;
    case model::OutcomeClass::InvalidDomain: return Cause::InvalidDomain;
    case model::OutcomeClass::InactiveMailbox: return Cause::InactiveMailbox;
    case model::OutcomeClass::MailboxFull: return Cause::MailboxFull;
    case model::OutcomeClass::Policy: return Cause::Policy;
    default: return Cause::Bounce;
  }
}

std::string Scope::to_string() const {
  if (kind == ScopeKind::Global) return "global";
  return fmt::format("{}:{}", kScopes[static_cast<std::size_t>(kind)], name);
}

Result<Scope> parse_scope(std::string_view text) {
  if (text.empty() || text == "global") return Scope{};
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view name = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  for (std::size_t i = 1; i < kScopes.size(); ++i) {
    if (kind != kScopes[i]) continue;
    if (name.empty()) return fail(Errc::BadScope, fmt::format("\"{}\" lacks a name: write \"{}:NAME\"", text, kind));
    if (name.size() > kScopeNameMax) return fail(Errc::BadScope, "its name is too long");
    return Scope{static_cast<ScopeKind>(i), std::string(name)};
  }
  return fail(Errc::BadScope, fmt::format("\"{}\" is not \"global\", \"tenant:NAME\", \"stream:NAME\" or \"list:NAME\"",
                                          text.substr(0, 80)));
}

std::string describe(const Entry& entry) {
  std::string text = fmt::format("suppressed ({}) since {}", to_string(entry.cause), format_day(entry.since));
  if (entry.until != Time{}) text += " until " + format_day(entry.until);
  if (entry.address.starts_with('@')) text += ", the whole domain";
  if (entry.scope.kind != ScopeKind::Global) text += ", scope " + entry.scope.to_string();
  return text;
}

}  // namespace penstock::suppression
