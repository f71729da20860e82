// SPDX-License-Identifier: Apache-2.0
#include "shaping/limit_book.h"

#include <algorithm>

namespace penstock::shaping {
namespace {

constexpr Dimensions kKnownOfPath{Dimension::Vmta, Dimension::Pool, Dimension::Provider, Dimension::Site};

bool limits_connections(const Limits& limits) {
  return limits.connections != 0 || limits.connection_rate.count > 0 || limits.messages_per_connection != 0;
}

bool limits_flow(const Limits& limits) {
  return limits.message_rate.count > 0 || limits.transaction_rate.count > 0 || limits.byte_rate.count > 0;
}

Dimensions both(const LimitRule& rule) {
  Dimensions all = rule.per;
  for (std::size_t i = 0; i < kDimensions; ++i) {
    if (rule.match.names[i]) all.add(static_cast<Dimension>(i));
  }
  return all;
}

}  // namespace

LimitBook::Part part_of(Dimensions said) {
  if (said.within(kKnownOfPath)) return LimitBook::Part::Path;
  return said.within(kKnownAtConnect) ? LimitBook::Part::Hop : LimitBook::Part::Message;
}

std::shared_ptr<SharedLimit> SharedLimits::obtain(const LimitRule& rule, const LimitKey& key,
                                                  const model::NameTable& names, Time now) {
  const std::lock_guard lock(mutex_);
  auto& slot = limits_[rule.name][key];
  if (!slot) {
    std::string scope = rule.name;
    for (const model::NameId name : key.names) {
      if (name) scope.append(1, ' ').append(names.view(name));
    }
    slot = std::make_shared<SharedLimit>(std::move(scope), rule.limits, shards_, now);
  } else {
    slot->set_limits(rule.limits, now);
  }
  return slot;
}

void SharedLimits::drop_unused(Time now) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, by_key] : limits_) {
    std::erase_if(by_key, [now](const auto& one) { return one.second.use_count() == 1 && one.second->idle(now); });
  }
  std::erase_if(limits_, [](const auto& one) { return one.second.empty(); });
}

std::size_t SharedLimits::size() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [name, by_key] : limits_) sum += by_key.size();
  return sum;
}

std::vector<std::shared_ptr<SharedLimit>> SharedLimits::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<SharedLimit>> all;
  for (const auto& [name, by_key] : limits_) {
    for (const auto& [key, limit] : by_key) all.push_back(limit);
  }
  return all;
}

bool LimitBook::Entry::holds_at(Part where) const {
  if (where != Part::Message) return where == part && limits_connections(rule.limits);
  return limits_flow(rule.limits) || (part == Part::Message && rule.limits.connections != 0);
}

void LimitBook::set_rules(LimitRules rules, Time now) {
  if (rules == rules_) return;
  rules_ = std::move(rules);
  std::vector<Entry> before = std::exchange(entries_, {});
  has_ = {};
  if (!rules_) return;
  for (const LimitRule& rule : *rules_) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const Entry& entry) {
      return entry.rule.name == rule.name && entry.rule.match == rule.match && entry.rule.per == rule.per;
    });
    Entry entry{rule, part_of(both(rule)), {}};
    if (same != before.end()) {
      entry.leases = std::move(same->leases);
      for (const auto& [key, lease] : entry.leases) lease->set_limits(rule.limits, now);
    }
    for (const Part part : {Part::Path, Part::Hop, Part::Message}) {
      has_[static_cast<std::size_t>(part)] |= entry.holds_at(part);
    }
    entries_.push_back(std::move(entry));
  }
}

std::vector<LeasePtr> LimitBook::find(const LimitKey& facts, Part part, const model::NameTable& names, Time now) {
  std::vector<LeasePtr> found;
  const Dimensions said = facts.said();
  for (Entry& entry : entries_) {
    const LimitRule& rule = entry.rule;
    if (!entry.holds_at(part) || !rule.match.covers(facts) || !rule.per.within(said)) continue;
    const LimitKey key = facts.only(rule.per);
    auto& slot = entry.leases[key];
    if (!slot) {
      slot = std::make_shared<LimitLease>(shared_.obtain(rule, key, names, now), entry.part == Part::Message);
    }
    found.push_back(slot);
  }
  return found;
}

void LimitBook::drop_unused(Time now) {
  for (Entry& entry : entries_) {
    boost::unordered::erase_if(entry.leases,
                               [now](const auto& one) { return one.second.use_count() == 1 && one.second->idle(now); });
  }
}

std::size_t LimitBook::size() const {
  std::size_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.leases.size();
  return sum;
}

}  // namespace penstock::shaping
