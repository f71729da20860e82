// SPDX-License-Identifier: Apache-2.0
#include "delivery/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "model/class_policy.h"

namespace penstock::delivery {

std::string_view to_string(TlsLevel level) {
  switch (level) {
    case TlsLevel::None: return "none";
    case TlsLevel::Opportunistic: return "opportunistic";
    case TlsLevel::Require: return "require";
    case TlsLevel::Verify: return "verify";
  }
  return "none";
}

TlsLevel level_of(const TlsSaid& said) {
  if (said.narrow) return *said.narrow;
  if (said.domain) return *said.domain;
  if (said.path) return *said.path;
  return said.provider.value_or(std::max(said.stream, said.provider_least));
}

std::string_view to_string(RouteKind kind) {
  switch (kind) {
    case RouteKind::Mx: return "mx";
    case RouteKind::Relay: return "relay";
    case RouteKind::Lmtp: return "lmtp";
    case RouteKind::Null: return "null";
  }
  PENSTOCK_UNREACHABLE();
}

std::string Route::group() const {
  if (kind == RouteKind::Mx) return {};
  std::string text(to_string(kind));
  char separator = ':';
  if (service && service->signs_in()) {
    text += separator + service->user;
    separator = '@';
  }
  for (const RelayHost& host : hosts) {
    text += separator;
    separator = ',';
    const bool v6 = host.host.find(':') != std::string::npos && host.port != 0;
    if (host.port == 0) {
      text += host.host;
    } else {
      text += v6 ? fmt::format("[{}]:{}", host.host, host.port) : fmt::format("{}:{}", host.host, host.port);
    }
  }
  return text;
}

dns::Families Vmta::families() const {
  if (source_v6.empty()) return dns::Families::V4;
  return source_v4.empty() ? dns::Families::V6 : dns::Families::V4ThenV6;
}

const Stream& Plan::stream_or_default(model::NameId name) const {
  const auto found = stream_by_name.find(name.value);
  return streams[found == stream_by_name.end() ? default_stream : found->second];
}

const Pool& Plan::pool_of(const queue::LabelSet& labels) const {
  if (labels.vmta) {
    if (const auto named = pool_by_name.find(labels.vmta.value); named != pool_by_name.end()) {
      return pools[named->second];
    }
  }
  return pools[stream_or_default(labels.stream).pool];
}

bool Pool::lets_move(const model::Outcome& outcome) const {
  return move_when_listed && outcome.kind == model::OutcomeKind::Deferred &&
         outcome.outcome_class == model::OutcomeClass::Blocklist &&
         (outcome.scope == model::Scope::SourceIp || outcome.scope == model::Scope::IpRange);
}

const Vmta* Plan::find_vmta(model::NameId name) const {
  const auto found = vmta_by_name.find(name.value);
  return found == vmta_by_name.end() ? nullptr : &vmtas[found->second];
}

const DomainRule* Plan::find_domain(std::string_view domain) const {
  if (domains.empty() && suffixes.empty()) return nullptr;
  if (const auto exact = domains.find(std::string(domain)); exact != domains.end()) return &exact->second;
  if (suffixes.empty()) return nullptr;
  for (std::size_t dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.', dot + 1)) {
    const auto suffix = suffixes.find(std::string(domain.substr(dot + 1)));
    if (suffix != suffixes.end()) return &suffix->second;
  }
  return nullptr;
}

TryLimits::TryLimits() {
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    const model::ClassPolicy& policy = model::policy_of(static_cast<model::OutcomeClass>(i));
    limits_[i] = {policy.tries_max, policy.tries_within};
  }
}

}  // namespace penstock::delivery
