// SPDX-License-Identifier: Apache-2.0
// Which vMTA a recipient leaves from. Never dodge (docs/adr/0003-pins.md): who was answered with a deferral keeps his;
// who is new takes one of the pool that is not suspended at that receiver, and waits if all are.
#include <algorithm>

#include "base/check.h"
#include "delivery/dispatcher.h"

namespace penstock::delivery {

// One that was told to wait and is no longer configured: null, and nobody else may take its mail (lost_its_vmta).
const Vmta* Dispatcher::bound_to(const queue::QueuedRecipient& recipient) const {
  if (recipient.pinned_vmta) return plan_->find_vmta(recipient.pinned_vmta);
  const model::NameId asked = parts_.labels.view(recipient.labels).vmta;
  return asked ? plan_->find_vmta(asked) : nullptr;
}

bool Dispatcher::lost_its_vmta(const queue::QueuedRecipient& recipient) const {
  return recipient.pinned_vmta && plan_->find_vmta(recipient.pinned_vmta) == nullptr;
}

model::NameId Dispatcher::certain_vmta(const queue::QueuedRecipient& recipient) const {
  if (const Vmta* bound = bound_to(recipient)) return bound->name;
  if (lost_its_vmta(recipient)) return recipient.pinned_vmta;
  const Vmta* only = nullptr;
  for (const PoolMember& member : plan_->pool_of(parts_.labels.view(recipient.labels)).members) {
    if (member.weight == 0) continue;
    if (only != nullptr) return {};
    only = &plan_->vmtas[member.vmta];
  }
  return only == nullptr ? model::NameId{} : only->name;
}

bool Dispatcher::has_vmta(const queue::QueuedRecipient& recipient) const {
  if (const Vmta* bound = bound_to(recipient)) return bound->usable;
  if (lost_its_vmta(recipient)) return false;
  const std::vector<PoolMember>& members = plan_->pool_of(parts_.labels.view(recipient.labels)).members;
  return std::any_of(members.begin(), members.end(), [this](const PoolMember& member) {
    return member.weight > 0 && plan_->vmtas[member.vmta].usable;
  });
}

Dispatcher::Choice Dispatcher::choose_vmta(const queue::QueuedRecipient& recipient, const Stream& stream,
                                           const Destination& to) {
  if (const Vmta* bound = bound_to(recipient)) return {bound->usable ? bound : nullptr, {}};
  if (lost_its_vmta(recipient)) return {nullptr, {}};
  const std::vector<PoolMember>& members = plan_->pool_of(parts_.labels.view(recipient.labels)).members;
  const Time now = parts_.clock.now();
  // Where there is no choice the path's own queue, or that of the action, is the place to wait.
  const bool choosy = !avoided_.empty() && members.size() > 1;
  bool heeds_actions = !actions_.empty() && members.size() > 1;
  std::uint64_t total = 0;
  Time again{};
  const auto share = [&](const PoolMember& member) -> std::uint64_t {
    const Vmta& vmta = plan_->vmtas[member.vmta];
    if (!vmta.usable || member.weight == 0) return 0;
    const Time until = choosy ? avoided_until(vmta.name, stream, to, now) : Time{};
    if (until > now) {
      again = again == Time{} ? until : std::min(again, until);
      return 0;
    }
    return heeds_actions && is_barred(recipient, vmta.name, to) ? 0 : member.weight;
  };
  for (const PoolMember& member : members) total += share(member);
  if (total == 0 && again != Time{}) return {nullptr, again};
  if (total == 0 && heeds_actions) {
    heeds_actions = false;
    for (const PoolMember& member : members) total += share(member);
  }
  if (total == 0) return {nullptr, again};
  std::uint64_t drawn = parts_.rng.below(total);
  for (const PoolMember& member : members) {
    const std::uint64_t its = share(member);
    if (drawn < its) return {&plan_->vmtas[member.vmta], {}};
    drawn -= its;
  }
  PENSTOCK_UNREACHABLE();
}

bool Dispatcher::is_barred(const queue::QueuedRecipient& recipient, model::NameId vmta, const Destination& to) {
  const shaping::Action* action = actions_.barrier(facts_of(vmta, to, recipient), parts_.clock.now());
  return action != nullptr && action->key[shaping::Dimension::Vmta];
}

Time Dispatcher::avoided_until(model::NameId vmta, const Stream& stream, const Destination& to, Time now) {
  Time until = now;
  if (avoided_.empty()) return until;
  for (const PathScopes::Scope& scope : path_rules_.scopes_of({vmta, path_rules_.group_of(vmta, stream, to)}, to)) {
    const auto found = avoided_.find(scope.key);
    if (found != avoided_.end()) until = std::max(until, found->second);
  }
  return until;
}

void Dispatcher::look_at_state(Path& path, const model::Outcome* because) {
  const Time now = parts_.clock.now();
  const auto& scopes = path.limiter().scopes();
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    const shaping::PathKey key = path.scope_keys()[i];
    tell_state(key, *scopes[i], because);
    if (scopes[i]->state(now) != shaping::State::Suspended) continue;
    const std::optional<Time> ends = scopes[i]->explain(now).until;
    const Time until = ends.value_or(now + std::chrono::hours{1});
    Time& known = avoided_[key];
    if (until <= known) continue;
    const bool begins = known <= now;
    known = until;
    // One that grows longer while it lasts is to be on disk as soon as a new one.
    if (ends) state_changed_ = true;
    if (begins) move_unbound(path);
  }
}

void Dispatcher::avoid(Path& path, Time until) {
  Time& known = avoided_[path.key()];
  if (until <= known) return;
  known = until;
  move_unbound(path);
}

// Who was never attempted, and only happened to be given this vMTA, is given another.
void Dispatcher::move_unbound(Path& path) {
  std::vector<queue::QueuedRecipient> free;
  for (const auto& [site, lane] : path.lanes()) {
    queue::FairQueue::Cursor cursor;
    while (!lane->ready.empty() && !cursor.done()) {
      lane->ready.scan(cursor, 4096, [&](const queue::QueuedRecipient& recipient) {
        const auto& members = plan_->pool_of(parts_.labels.view(recipient.labels)).members;
        if (members.size() < 2 || bound_to(recipient) != nullptr) return queue::Visit::Keep;
        free.push_back(recipient);
        return queue::Visit::Take;
      });
    }
  }
  if (free.empty()) return;
  path.warmup().set_in_line(path.ready());
  parts_.shard.post([this, rerouting = begin_reroute(std::move(free))] { reroute_slice(rerouting); });
}

}  // namespace penstock::delivery
