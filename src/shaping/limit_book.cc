// SPDX-License-Identifier: Apache-2.0
#include "shaping/limit_book.h"

#include <algorithm>

namespace penstock::shaping {

void LimitBook::set_rules(std::vector<LimitRule> rules, Time now) {
  std::vector<Entry> before = std::exchange(entries_, {});
  for (LimitRule& rule : rules) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const Entry& entry) {
      return entry.rule.name == rule.name && entry.rule.match == rule.match && entry.rule.per == rule.per;
    });
    Entry entry{std::move(rule), {}};
    if (same != before.end()) {
      entry.limiters = std::move(same->limiters);
      for (const auto& [key, limiter] : entry.limiters) limiter->set_limits(entry.rule.limits, now);
    }
    entries_.push_back(std::move(entry));
  }
}

std::vector<std::shared_ptr<Limiter>> LimitBook::find(const LimitKey& facts, Part part, const model::NameTable& names) {
  std::vector<std::shared_ptr<Limiter>> found;
  const Dimensions said = facts.said();
  for (Entry& entry : entries_) {
    const LimitRule& rule = entry.rule;
    const bool early = rule.per.within(kKnownAtConnect) && rule.match.said().within(kKnownAtConnect);
    if (early != (part == Part::Connection)) continue;
    if (!rule.match.covers(facts) || !rule.per.within(said)) continue;
    const LimitKey key = facts.only(rule.per);
    auto& slot = entry.limiters[key];
    if (!slot) {
      std::string scope = rule.name;
      for (const model::NameId name : key.names) {
        if (name) scope.append(1, ' ').append(names.view(name));
      }
      slot = std::make_shared<Limiter>(std::move(scope), rule.limits);
    }
    found.push_back(slot);
  }
  return found;
}

void LimitBook::drop_unused(Time now) {
  for (Entry& entry : entries_) {
    boost::unordered::erase_if(entry.limiters,
                               [now](const auto& one) { return one.second.use_count() == 1 && one.second->idle(now); });
  }
}

std::size_t LimitBook::size() const {
  std::size_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.limiters.size();
  return sum;
}

}  // namespace penstock::shaping
