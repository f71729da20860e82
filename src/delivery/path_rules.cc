// SPDX-License-Identifier: Apache-2.0
#include "delivery/path_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "delivery/own_values.h"

namespace penstock::delivery {
namespace {

// `rule`: "a.example", or "*.a.example" for those below it; neither is "".
bool fits_domain(std::string_view rule, std::string_view domain) {
  if (rule.empty() || domain.empty()) return false;
  return rule.starts_with("*.") ? domain.ends_with(rule.substr(1)) : rule == domain;
}

// Whatever it says of domain and stream.
bool fits_path(const PathRule& rule, model::NameId vmta, const Destination& to) {
  const bool fits_vmta = !rule.vmtas || std::find(rule.vmtas->begin(), rule.vmtas->end(), vmta) != rule.vmtas->end();
  return fits_vmta && (!rule.provider || rule.provider == to.provider) &&
         (!rule.site || (!to.provider && rule.site == to.site));
}

enum class Names : std::uint8_t { Neither, Domain, Stream, Both };

Names names_what(const PathRule& rule) {
  if (rule.stream) return rule.domain.empty() ? Names::Stream : Names::Both;
  return rule.domain.empty() ? Names::Neither : Names::Domain;
}

std::string_view domain_of_group(std::string_view group) {
  constexpr std::string_view kDomain = "domain:";
  return group.starts_with(kDomain) ? group.substr(kDomain.size()) : std::string_view();
}

}  // namespace

void PathRules::set_plan(PlanPtr plan) {
  plan_ = std::move(plan);
  values_.clear();
}

model::NameId PathRules::own_group(model::NameId stream, model::NameId group) {
  model::NameId& made = own_groups_[{stream, group}];
  if (!made) made = names_.intern(shaping::own_group(names_.view(stream), names_.view(group)));
  return made;
}

model::NameId PathRules::group_of(model::NameId vmta, const Stream& stream, const Destination& to) {
  if (!plan_->streams_have_paths) return to.group;
  const std::string_view domain = domain_of_group(names_.view(to.group));
  const bool own = std::any_of(plan_->path_rules.begin(), plan_->path_rules.end(), [&](const PathRule& rule) {
    return rule.stream && rule.stream == stream.id && rule.needs_path() && fits_path(rule, vmta, to) &&
           (rule.domain.empty() || fits_domain(rule.domain, domain));
  });
  return own ? own_group(stream.id, to.group) : to.group;
}

PathRules::Subject PathRules::subject_of(const shaping::PathKey& key, const Destination& to) const {
  const shaping::GroupParts parts = shaping::parts_of_group(names_.view(key.group));
  const model::NameId stream = parts.stream.empty() ? model::NameId{} : names_.find(parts.stream);
  return {key.vmta, stream, domain_of_group(parts.group), to};
}

PathRules::Levels PathRules::levels_of(const Subject& subject) const {
  const Destination& to = subject.to;
  Levels levels;
  levels.own = to.limits;
  levels.home = subject.domain.empty() ? to.limits : to.home_limits;
  if (plan_->path_rules.empty()) return levels;
  const auto apply = [&](Names which, shaping::Limits& limits) {
    bool any = false;
    for (const PathRule& rule : plan_->path_rules) {
      if (names_what(rule) != which || !fits_path(rule, subject.vmta, to)) continue;
      if (rule.stream && rule.stream != subject.stream) continue;
      if (!rule.domain.empty() && !fits_domain(rule.domain, subject.domain)) continue;
      limits = shaping::filled(rule.limits, limits);
      any = any || rule.needs_path();
    }
    return any;
  };
  apply(Names::Neither, levels.home);
  levels.own = levels.home;
  const DomainRule* of_domain = subject.domain.empty() ? nullptr : plan_->find_domain(subject.domain);
  if (of_domain != nullptr && of_domain->limits) levels.own = shaping::filled(*of_domain->limits, levels.home);
  apply(Names::Domain, levels.own);
  if (!subject.stream) return levels;
  levels.stream_home = levels.home;
  levels.has_stream_home = apply(Names::Stream, levels.stream_home);
  levels.stream_own = levels.own;
  apply(Names::Stream, levels.stream_own);
  apply(Names::Both, levels.stream_own);
  return levels;
}

// In the order in which levels_of() lays one over the other.
const PathRules::Values& PathRules::values_of(const shaping::PathKey& key, const Subject& subject) {
  const Destination& to = subject.to;
  Values& values = values_[key];
  if (values.made && values.of_policy == to.policy && values.of_home == to.home_policy &&
      values.of_timeouts == to.timeouts) {
    return values;
  }
  values = {true, to.policy, to.home_policy, to.timeouts, {}, {}, {}, {}, {}};
  values.home = subject.domain.empty() ? to.policy : to.home_policy;
  values.timeouts = to.timeouts;
  TimeoutsPtr unused;
  const auto apply = [&](Names which, shaping::AdaptivePolicyPtr& policy, TimeoutsPtr& timeouts) {
    for (const PathRule& rule : plan_->path_rules) {
      if (names_what(rule) != which || !fits_path(rule, subject.vmta, to)) continue;
      if (rule.stream && rule.stream != subject.stream) continue;
      if (!rule.domain.empty() && !fits_domain(rule.domain, subject.domain)) continue;
      policy = with(policy, rule.backoff);
      timeouts = with(timeouts, rule.timeouts, plan_->timeouts);
    }
  };
  apply(Names::Neither, values.home, values.timeouts);
  values.own = values.home;
  const DomainRule* of_domain = subject.domain.empty() ? nullptr : plan_->find_domain(subject.domain);
  if (of_domain != nullptr) {
    values.own = with(values.own, of_domain->backoff);
    values.timeouts = with(values.timeouts, of_domain->timeouts, plan_->timeouts);
  }
  apply(Names::Domain, values.own, values.timeouts);
  values.stream_home = values.home;
  values.stream_own = values.own;
  if (!subject.stream) return values;
  apply(Names::Stream, values.stream_home, unused);
  apply(Names::Stream, values.stream_own, values.timeouts);
  apply(Names::Both, values.stream_own, values.timeouts);
  return values;
}

PathScopes PathRules::scopes_of(const shaping::PathKey& key, const Destination& to) {
  const Subject subject = subject_of(key, to);
  const Levels levels = levels_of(subject);
  const Values* values = plan_->paths_say_more ? &values_of(key, subject) : nullptr;
  const shaping::AdaptivePolicyPtr* own = values == nullptr ? &to.policy : &values->own;
  const shaping::AdaptivePolicyPtr* home = values == nullptr ? &to.home_policy : &values->home;
  PathScopes scopes;
  const auto add = [&](model::NameId group, const shaping::Limits& limits, const shaping::AdaptivePolicyPtr* policy) {
    scopes.all[scopes.count++] = {{key.vmta, group}, limits, policy};
  };
  if (subject.stream) add(key.group, levels.stream_own, values == nullptr ? own : &values->stream_own);
  add(to.group, levels.own, own);
  if (!to.has_home_limiter()) return scopes;
  if (levels.has_stream_home) {
    add(own_group(subject.stream, to.home), levels.stream_home, values == nullptr ? home : &values->stream_home);
  }
  add(to.home, levels.home, home);
  return scopes;
}

TimeoutsPtr PathRules::timeouts_of(const shaping::PathKey& key, const Destination& to) {
  return plan_->paths_say_more ? values_of(key, subject_of(key, to)).timeouts : to.timeouts;
}

TlsSaid PathRules::tls_of(model::NameId vmta, const Stream& stream, const Destination& to,
                          std::string_view domain) const {
  TlsSaid said = to.said;
  for (const Names which : {Names::Neither, Names::Domain, Names::Stream, Names::Both}) {
    for (const PathRule& rule : plan_->path_rules) {
      if (!rule.tls || names_what(rule) != which || !fits_path(rule, vmta, to)) continue;
      if (rule.stream && rule.stream != stream.id) continue;
      if (!rule.domain.empty() && !fits_domain(rule.domain, domain)) continue;
      (which == Names::Neither ? said.path : said.narrow) = rule.tls;
    }
  }
  return said;
}

void PathRules::forget_unless(const std::function<bool(const shaping::PathKey&)>& used) {
  boost::unordered::erase_if(values_, [&](const auto& entry) { return !used(entry.first); });
}

}  // namespace penstock::delivery
