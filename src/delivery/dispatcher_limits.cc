// SPDX-License-Identifier: Apache-2.0
// Limits on tuples ([[limit]]): taken before a connection, before a host and before MAIL (LimitDesk).
#include <algorithm>

#include "delivery/dispatcher.h"

namespace penstock::delivery {
namespace {

using shaping::Dimension;

// Slots are another shard's to give back; it tells nobody.

std::uint32_t least_messages(const std::vector<shaping::LeasePtr>& leases) {
  std::uint32_t least = 0;
  for (const shaping::LeasePtr& lease : leases) {
    const std::uint32_t its = lease->limits().messages_per_connection;
    if (its != 0) least = least == 0 ? its : std::min(least, its);
  }
  return least;
}

}  // namespace

bool Dispatcher::take_path_limits(Path& path, const Lane& lane, shaping::HeldLimits& held, std::uint32_t& messages) {
  shaping::LimitKey facts;
  facts[Dimension::Vmta] = path.key().vmta;
  facts[Dimension::Provider] = lane.destination->provider ? lane.destination->provider : lane.destination->home;
  facts[Dimension::Site] = lane.destination->site;
  std::vector<model::NameId> pools;
  for (const Pool& pool : plan_->pools) {
    const bool has = std::any_of(pool.members.begin(), pool.members.end(), [&](const PoolMember& member) {
      return plan_->vmtas[member.vmta].name == path.key().vmta;
    });
    if (has) pools.push_back(pool.id);
  }
  const auto leases = limits_.before_open(facts, pools);
  messages = least_messages(leases);
  if (held.take(leases, parts_.clock)) return true;
  const Time now = parts_.clock.now();
  Time at = now + Duration{1000};
  for (const shaping::LeasePtr& lease : leases) at = std::max(at, lease->next_open(now).value_or(now + kLookAgain));
  path.scheduled = true;
  wakes_.emplace(at, path.key());
  return false;
}

bool Dispatcher::may_connect(const Lane& lane, const std::string& host, const std::string& address,
                             const std::string& source, shaping::HeldLimits& held, std::uint32_t& messages) {
  shaping::LimitKey facts;
  facts[Dimension::Vmta] = lane.path.key().vmta;
  facts[Dimension::Provider] = lane.destination->provider ? lane.destination->provider : lane.destination->home;
  facts[Dimension::Site] = lane.destination->site;
  facts[Dimension::MxHost] = parts_.names.intern(host);
  facts[Dimension::RemoteIp] = parts_.names.intern(address);
  if (!source.empty()) facts[Dimension::SourceIp] = parts_.names.intern(source);
  const auto leases = limits_.before_hop(facts);
  messages = least_messages(leases);
  return held.take(leases, parts_.clock);
}

void Dispatcher::connection_limited(Lane& lane, Duration after) {
  lane.path.limiter().abandoned(parts_.clock.now());
  if (lane.path.scheduled) return;
  lane.path.want(lane);
  lane.path.scheduled = true;
  wakes_.emplace(parts_.clock.now() + after, lane.path.key());
}

void Dispatcher::transaction_ended(Transaction transaction) {
  transaction.slots.release();
  if (limits_.someone_waits()) let_out(limits_.let_out(transaction.leases));
}

void Dispatcher::transaction_dropped(Transaction transaction) {
  for (const shaping::LeasePtr& lease : transaction.leases) lease->give_back(transaction.recipients, transaction.bytes);
  transaction_ended(std::move(transaction));
}

void Dispatcher::wait_in(LimitDesk::Room& room, const queue::QueuedRecipient& recipient) {
  if (!watches_.empty() && is_met(recipient, queue::Whereabouts::Active, place_of(recipient))) {
    return totals_.left(queue::Whereabouts::Active);
  }
  const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
  limits_.wait(room, recipient, stream.priority, stream.retry.expires_at(queue::time_of(recipient.received)));
}

void Dispatcher::let_out(std::vector<queue::QueuedRecipient> recipients) {
  if (recipients.empty()) return;
  reroute_slice(begin_reroute(std::move(recipients)));
}

}  // namespace penstock::delivery
