// SPDX-License-Identifier: Apache-2.0
// Failures that reports tell of afterwards: for actions and paths they are answers like others, except that the rate
// and the connections of now are not what they speak of.
#include "delivery/dispatcher.h"

namespace penstock::delivery {

using shaping::Dimension;

void Dispatcher::hear(const LateFailure& failure) {
  const model::NameId home = destinations_->home_of(failure.provider, failure.site, failure.recipient_domain);
  if (!home || stopping_) return;
  const std::size_t owner = owner_of(home);
  if (owner == parts_.shard.index()) return hear_here(failure, home);
  Dispatcher& peer = parts_.peers.dispatcher(owner);
  peer.parts_.shard.post([&peer, failure, home] { peer.hear_here(failure, home); });
}

void Dispatcher::hear_here(const LateFailure& failure, model::NameId home) {
  if (stopping_) return;
  const auto name = [this](const std::string& text) {
    return text.empty() ? model::NameId{} : parts_.names.intern(text);
  };
  shaping::LimitKey facts;
  facts[Dimension::Vmta] = name(failure.vmta);
  facts[Dimension::Provider] = failure.provider.empty() ? home : name(failure.provider);
  facts[Dimension::Site] = name(failure.site);
  facts[Dimension::Stream] = name(failure.stream);
  facts[Dimension::Tenant] = name(failure.tenant);
  facts[Dimension::Campaign] = name(failure.campaign);
  facts[Dimension::Pool] = name(failure.pool);
  facts[Dimension::SenderDomain] = name(failure.sender_domain);
  facts[Dimension::DkimDomain] = name(failure.dkim_domain);
  // One mail to somebody who forwards it elsewhere in silence must not stop a domain: a person is told instead.
  const bool by_person = failure.outcome.outcome_class == model::OutcomeClass::Authentication;
  if (!by_person) observe(failure.outcome, facts);
  const bool of_path =
      failure.outcome.scope == model::Scope::SourceIp || failure.outcome.scope == model::Scope::IpRange;
  if (!of_path) return;
  const Time now = parts_.clock.now();
  const shaping::AttemptFacts late{.late = true};
  const shaping::PathKey key{facts[Dimension::Vmta], home};
  if (const auto path = paths_.find(key); path != paths_.end()) {
    path->second->limiter().observe(failure.outcome, now, parts_.rng, late);
    look_at_state(*path->second, &failure.outcome);
  } else if (shaping::Limiter* limiter = limiters_.find(key)) {
    limiter->observe(failure.outcome, now, parts_.rng, late);
    tell_state(key, *limiter, &failure.outcome);
  }
}

}  // namespace penstock::delivery
