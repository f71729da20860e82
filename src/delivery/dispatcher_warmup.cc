// SPDX-License-Identifier: Apache-2.0
// What warm-up plans (module warmup) mean for paths: how many recipients may stand in line for a new vMTA, and when the
// next may go.
#include <algorithm>

#include "base/check.h"
#include "delivery/dispatcher.h"

namespace penstock::delivery {

const warmup::MeterPtr& Dispatcher::meter_of(model::NameId vmta, const Destination& to) {
  static const warmup::MeterPtr kNone;
  if (parts_.warmups == nullptr || to.kind != RouteKind::Mx) return kNone;
  const auto [known, is_new] = meters_.try_emplace({vmta, to.provider});
  if (is_new) {
    const std::string_view provider = to.provider ? parts_.names.view(to.provider) : std::string_view();
    known->second = parts_.warmups->find(parts_.names.view(vmta), provider);
  }
  return known->second;
}

// Urgent mail stands in no line: there is room for it while those before it and itself may go at once.
bool Dispatcher::has_room(model::NameId vmta, const Destination& to, queue::Priority priority) {
  const warmup::MeterPtr& meter = meter_of(vmta, to);
  if (!meter) return true;
  const bool urgent = priority == queue::Priority::Urgent;
  const std::uint64_t room = meter->with([urgent](warmup::Account& account, Time now, Time wall) {
    if (!account.limits() || account.waits()) return UINT64_MAX;
    return urgent ? account.room_now(now, wall) : account.room_in_line(now, wall);
  });
  return meter->in_line() < room;
}

// What is beyond a warm-up's allowance goes by other members of the pool. Not what was deferred here before or was sent
// to this vMTA by name, nor by one that is suspended there; and when nobody has room it stands in line here.
const Vmta& Dispatcher::with_room(const queue::QueuedRecipient& recipient, const Vmta& chosen, const Stream& stream,
                                  const Destination& to) {
  if (has_room(chosen.name, to, stream.priority) || bound_to(recipient) != nullptr) return chosen;
  const Time now = parts_.clock.now();
  std::vector<PoolMember> members;
  std::uint64_t total = 0;
  for (const PoolMember& member : plan_->pool_of(parts_.labels.view(recipient.labels)).members) {
    const Vmta& other = plan_->vmtas[member.vmta];
    if (!other.usable || member.weight == 0 || avoided_until(other.name, stream, to, now) > now ||
        !has_room(other.name, to, stream.priority))
      continue;
    if (!actions_.empty() && is_barred(recipient, other.name, to)) continue;
    members.push_back(member);
    total += member.weight;
  }
  if (total == 0) return chosen;
  std::uint64_t drawn = parts_.rng.below(total);
  for (const PoolMember& member : members) {
    if (drawn < member.weight) return plan_->vmtas[member.vmta];
    drawn -= member.weight;
  }
  PENSTOCK_UNREACHABLE();
}

// How much goes at once is for the account to say: one connection for each that may go, those that are open first.
std::uint64_t Dispatcher::use_room(Path& path) {
  const std::uint64_t room = path.warmup().room_now();
  std::uint64_t used = 0;
  for (const auto& [site, lane] : path.lanes()) {
    used += lane->opening;
    for (std::uint64_t waiting = lane->ready.size(); waiting > 0 && used < room && !lane->idle.empty(); --waiting) {
      lane->idle.back().wake(false);
      ++used;
    }
  }
  return used < room ? room - used : 0;
}

void Dispatcher::wait_for_room(Path& path) {
  if (path.scheduled) return;
  path.scheduled = true;
  wakes_.emplace(std::max(path.warmup().next_room(), parts_.clock.now() + Duration{1000}), path.key());
}

}  // namespace penstock::delivery
