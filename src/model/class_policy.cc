// SPDX-License-Identifier: Apache-2.0
#include "model/class_policy.h"

#include <array>

#include "base/check.h"

namespace penstock::model {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDay{24h};

constexpr ClassPolicy final_address(OutcomeClass c, Finality finality) {
  return {.outcome_class = c,
          .group = BounceGroup::HardAddress,
          .finality = finality,
          .suppression = Suppress::Suppress,
          .scope = Scope::Recipient};
}
constexpr ClassPolicy refused(OutcomeClass c, Scope scope) {
  return {.outcome_class = c, .group = BounceGroup::HardPolicy, .scope = scope};
}
constexpr ClassPolicy slow_down(OutcomeClass c, Finality finality, Scope scope) {
  return {
      .outcome_class = c, .group = BounceGroup::Reputation, .finality = finality, .slows_path = true, .scope = scope};
}
constexpr ClassPolicy passing(OutcomeClass c, Scope scope) {
  return {.outcome_class = c, .group = BounceGroup::SoftConnection, .scope = scope};
}
constexpr ClassPolicy ended(OutcomeClass c) {
  return {.outcome_class = c, .group = BounceGroup::None, .finality = Finality::Final, .scope = Scope::None};
}

// In the order of OutcomeClass.
constexpr std::array kPolicies{
    ended(OutcomeClass::None),
    final_address(OutcomeClass::InvalidMailbox, Finality::Final),
    final_address(OutcomeClass::InvalidDomain, Finality::AsCode),
    final_address(OutcomeClass::InactiveMailbox, Finality::AsCode),
    ClassPolicy{.outcome_class = OutcomeClass::MailboxFull,
                .group = BounceGroup::SoftQuota,
                .finality = Finality::Retry,
                .tries_max = 3,
                .tries_within = kDay,
                .suppression = Suppress::Suppress,
                .suppressed_for = 14 * kDay,
                .scope = Scope::Recipient},
    ClassPolicy{.outcome_class = OutcomeClass::Policy,
                .group = BounceGroup::HardPolicy,
                .suppression = Suppress::Suppress,
                .investigate = true,
                .scope = Scope::Recipient},
    ClassPolicy{.outcome_class = OutcomeClass::Authentication,
                .group = BounceGroup::HardPolicy,
                .alarm = true,
                .scope = Scope::SenderDomain},
    slow_down(OutcomeClass::SpamContent, Finality::AsCode, Scope::Message),
    slow_down(OutcomeClass::Reputation, Finality::AsCode, Scope::SourceIp),
    slow_down(OutcomeClass::Blocklist, Finality::AsCode, Scope::SourceIp),
    slow_down(OutcomeClass::RateLimit, Finality::Retry, Scope::SourceIp),
    slow_down(OutcomeClass::TooManyConnections, Finality::Retry, Scope::SourceIp),
    ClassPolicy{.outcome_class = OutcomeClass::Greylisting,
                .group = BounceGroup::SoftConnection,
                .finality = Finality::Retry,
                .scope = Scope::Recipient},
    refused(OutcomeClass::MessageTooLarge, Scope::Message),
    refused(OutcomeClass::ContentRejected, Scope::Message),
    refused(OutcomeClass::Virus, Scope::Message),
    passing(OutcomeClass::Protocol, Scope::Message),
    refused(OutcomeClass::RelayDenied, Scope::Recipient),
    passing(OutcomeClass::Routing, Scope::Recipient),
    passing(OutcomeClass::Dns, Scope::ReceivingHost),
    passing(OutcomeClass::Network, Scope::ReceivingHost),
    passing(OutcomeClass::Timeout, Scope::ReceivingHost),
    passing(OutcomeClass::Tls, Scope::ReceivingHost),
    passing(OutcomeClass::ServerTrouble, Scope::ReceivingHost),
    ClassPolicy{.outcome_class = OutcomeClass::Expired,
                .group = BounceGroup::SoftConnection,
                .finality = Finality::Final,
                .scope = Scope::Recipient},
    ended(OutcomeClass::Admin),
    ended(OutcomeClass::Suppressed),
    passing(OutcomeClass::Other, Scope::Recipient),
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kPolicies.size(); ++i) {
    if (static_cast<std::size_t>(kPolicies[i].outcome_class) != i) return false;
  }
  return kPolicies.size() == static_cast<std::size_t>(OutcomeClass::Other) + 1;
}
static_assert(in_order());

}  // namespace

std::string_view to_string(BounceGroup group) {
  switch (group) {
    case BounceGroup::None: return "none";
    case BounceGroup::HardAddress: return "hard-address";
    case BounceGroup::HardPolicy: return "hard-policy";
    case BounceGroup::SoftQuota: return "soft-quota";
    case BounceGroup::SoftConnection: return "soft-connection";
    case BounceGroup::Reputation: return "reputation";
  }
  PENSTOCK_UNREACHABLE();
}

const ClassPolicy& policy_of(OutcomeClass outcome_class) {
  return kPolicies[static_cast<std::size_t>(outcome_class)];
}

bool speaks_of_path(const Outcome& outcome) {
  const Scope scope = outcome.scope == Scope::None ? policy_of(outcome.outcome_class).scope : outcome.scope;
  return scope == Scope::SourceIp || scope == Scope::IpRange || scope == Scope::ReceivingHost;
}

}  // namespace penstock::model
