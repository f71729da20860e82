// SPDX-License-Identifier: Apache-2.0
#include "suppression/policy.h"

#include <fmt/format.h>

namespace penstock::suppression {
namespace {

constexpr std::size_t kReasonMax = 500;

Entry entry_of(const Bounce& from, Cause cause, Time wall) {
  Entry entry;
  entry.address = from.address;
  entry.cause = cause;
  entry.reason = from.reason.substr(0, kReasonMax);
  entry.source = from.source;
  entry.who = from.who;
  entry.since = wall;
  return entry;
}

// A label that is missing leaves nothing narrower than everywhere.
Scope scope_of(config::SuppressionScope wanted, const Bounce& from) {
  if (wanted == config::SuppressionScope::Tenant && !from.tenant.empty()) return {ScopeKind::Tenant, from.tenant};
  if (wanted == config::SuppressionScope::Stream && !from.stream.empty()) return {ScopeKind::Stream, from.stream};
  return {};
}

Time until(Time wall, Duration lasts) {
  return lasts == Duration::zero() ? Time{} : wall + lasts;
}

}  // namespace

Policy::Policy(const config::Suppression& settings) : soft_(settings.soft) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const model::ClassPolicy& policy = model::policy_of(static_cast<model::OutcomeClass>(i));
    rules_[i].suppress = policy.suppression == model::Suppress::Suppress;
    rules_[i].lasts = policy.suppressed_for;
    rules_[i].investigate = policy.investigate;
  }
  for (const config::SuppressionClass& given : settings.bounce) {
    const auto outcome_class = model::parse_outcome_class(given.name);
    if (!outcome_class) continue;  // the loader knows the names
    const model::ClassPolicy& by_itself = model::policy_of(*outcome_class);
    const Duration lasts = given.lasts.value_or(by_itself.suppressed_for);
    rules_[static_cast<std::size_t>(*outcome_class)] = {given.suppress, lasts, given.scope,
                                                        given.investigate.value_or(by_itself.investigate)};
  }
}

std::optional<Entry> Policy::on_bounce(const Bounce& bounce, Time wall) const {
  const Rule& rule = rules_[static_cast<std::size_t>(bounce.outcome_class)];
  if (!rule.suppress) return std::nullopt;
  Entry entry = entry_of(bounce, cause_of(bounce.outcome_class), wall);
  entry.scope = scope_of(rule.scope, bounce);
  entry.until = until(wall, rule.lasts);
  entry.investigate = rule.investigate;
  return entry;
}

bool Policy::counts_as_soft(const Bounce& bounce) const {
  if (soft_.days == 0 || !bounce.answered) return false;
  if (rules_[static_cast<std::size_t>(bounce.outcome_class)].suppress) return false;
  const model::BounceGroup group = model::policy_of(bounce.outcome_class).group;
  return group == model::BounceGroup::SoftConnection || group == model::BounceGroup::SoftQuota;
}

Entry Policy::on_soft_bounces(const Bounce& bounce, std::uint64_t messages, Time wall) const {
  Entry entry = entry_of(bounce, Cause::SoftBounces, wall);
  entry.reason = fmt::format("{} messages failed; the last: {}", messages, entry.reason);
  entry.until = until(wall, soft_.lasts);
  return entry;
}

std::vector<Entry> Policy::on_complaint(const Bounce& complaint, bool global, Duration lasts, Time wall) {
  std::vector<Entry> entries;
  const bool everywhere = global || complaint.stream.empty();
  if (!complaint.stream.empty()) {
    entries.push_back(entry_of(complaint, Cause::Complaint, wall));
    entries.back().scope = {ScopeKind::Stream, complaint.stream};
  }
  if (everywhere) entries.push_back(entry_of(complaint, Cause::Complaint, wall));
  for (Entry& entry : entries) entry.until = until(wall, lasts);
  return entries;
}

Entry Policy::on_unsubscribe(const Bounce& wish, std::string_view list, Time wall) {
  Entry entry = entry_of(wish, Cause::Unsubscribe, wall);
  if (!list.empty()) {
    entry.scope = {ScopeKind::List, std::string(list)};
  } else if (!wish.stream.empty()) {
    entry.scope = {ScopeKind::Stream, wish.stream};
  }
  return entry;
}

}  // namespace penstock::suppression
