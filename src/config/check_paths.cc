// SPDX-License-Identifier: Apache-2.0
// Checks of [[path]]: names that exist, values in order, and that no other table leaves one without effect.
#include <algorithm>
#include <optional>
#include <set>

#include "config/checker.h"
#include "config/schema.h"

namespace penstock::config {
namespace {

bool names_no_path(const PathRule& rule) {
  return rule.vmta.empty() && rule.pool.empty() && rule.provider.empty() && rule.site.empty() && rule.domain.empty() &&
         rule.stream.empty();
}

// The keys that it sets, as written in the file.
std::set<std::string> said_by(const PathRule& rule) {
  std::set<std::string> keys;
  const auto add = [&keys](const Section& section, const void* object, const std::string& within) {
    for (const Key& key : section.keys) {
      if (!key.write(object).empty()) keys.insert(within + key.name);
    }
  };
  add(limits_section(), &rule.limits, "");
  add(own_timeouts_section(), &rule.timeouts, "timeouts.");
  add(backoff_section(), &rule.backoff, "backoff.");
  if (rule.tls) keys.insert("tls");
  return keys;
}

// Nothing: all there are.
std::optional<std::set<std::string>> vmtas_of(const Config& config, const PathRule& rule) {
  if (!rule.vmta.empty()) return std::set{rule.vmta};
  const Pool* pool = rule.pool.empty() ? nullptr : config.find_pool(rule.pool);
  if (pool == nullptr) return std::nullopt;
  std::set<std::string> vmtas;
  for (const PoolMember& member : pool->members) vmtas.insert(member.vmta);
  return vmtas;
}

bool covers_domain(const std::string& wide, const std::string& narrow) {
  return wide == narrow || (wide.starts_with("*.") && narrow.ends_with(std::string_view(wide).substr(1)));
}

// `other` fits every path that `rule` fits, and counts at the same place in the order of layers.
bool covers(const Config& config, const PathRule& other, const PathRule& rule) {
  const auto is = [](const std::string& wide, const std::string& narrow) { return wide.empty() || wide == narrow; };
  if (other.stream != rule.stream || other.domain.empty() != rule.domain.empty()) return false;
  if (!covers_domain(other.domain, rule.domain)) return false;
  if (!is(other.provider, rule.provider) || !is(other.site, rule.site)) return false;
  const auto wide = vmtas_of(config, other);
  if (!wide) return true;
  const auto narrow = vmtas_of(config, rule);
  return narrow && std::includes(wide->begin(), wide->end(), narrow->begin(), narrow->end());
}

// Of two that fit, the later one that gives a value counts.
void warn_shadowed(const Config& config, std::size_t i, const Entity& entity, Checker& checker) {
  std::set<std::string> left = said_by(config.paths[i]);
  if (left.empty()) return;
  for (std::size_t later = i + 1; later < config.paths.size(); ++later) {
    if (!covers(config, config.paths[later], config.paths[i])) continue;
    for (const std::string& key : said_by(config.paths[later])) left.erase(key);
    if (!left.empty()) continue;
    checker.warn_if_all_good(entity,
                             fmt::format("the [[path]] is a dead rule: what it says is said again, for all its paths, "
                                         "up to the one at {}, and the later one counts",
                                         checker.where(Checker::entity("path", later, ""), "")),
                             "take it out, or put it behind that one");
    return;
  }
}

void check_vmta_and_pool(const Config& config, const PathRule& rule, const Entity& entity, Checker& checker) {
  const Pool* pool = rule.vmta.empty() || rule.pool.empty() ? nullptr : config.find_pool(rule.pool);
  if (pool == nullptr || config.find_vmta(rule.vmta) == nullptr) return;
  const bool member = std::any_of(pool->members.begin(), pool->members.end(),
                                  [&](const PoolMember& one) { return one.vmta == rule.vmta; });
  if (member) return;
  checker.error(entity, "vmta",
                fmt::format("the [[path]] fits no path: vmta \"{}\" is not in pool \"{}\"", rule.vmta, rule.pool),
                "leave one of the two out");
}

}  // namespace

void check_path_rules(const Config& config, Checker& checker) {
  for (std::size_t i = 0; i < config.paths.size(); ++i) {
    const PathRule& rule = config.paths[i];
    const Entity entity = Checker::entity("path", i, std::to_string(i + 1));
    checker.expect_known(entity, "vmta", rule.vmta, "vmta", Checker::names_of(config.vmtas), "a [[path]]");
    checker.expect_known(entity, "pool", rule.pool, "pool", Checker::names_of(config.pools), "a [[path]]");
    checker.expect_known(entity, "stream", rule.stream, "stream", Checker::names_of(config.streams), "a [[path]]");
    check_vmta_and_pool(config, rule, entity, checker);
    check_range(rule.limits, entity, checker);
    if (!rule.site.empty() && !rule.provider.empty()) {
      checker.error(entity, "site", "a site of a provider has no path of its own", "give domain, or leave site out");
    }
    if (names_no_path(rule)) {
      checker.error(entity, "", "the [[path]] names no path", "give vmta, pool, provider, site, domain or stream");
    }
    check_backoff(rule.backoff, rule.limits, entity, checker);
    if (!rule.needs_path() && !rule.tls) {
      checker.warn_if_all_good(entity, "the [[path]] is a dead rule: it sets nothing");
    }
    warn_shadowed(config, i, entity, checker);
  }
}

}  // namespace penstock::config
