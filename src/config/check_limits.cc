// SPDX-License-Identifier: Apache-2.0
// Checks of [[limit]]: names that exist, kinds that the tuple can hold.
#include <algorithm>

#include "base/ascii.h"
#include "config/checker.h"

namespace penstock::config {
namespace {

bool only_with_message(const Limit& limit) {
  return !limit.stream.empty() || !limit.tenant.empty() || !limit.campaign.empty() || !limit.sender_domain.empty() ||
         !limit.dkim_domain.empty();
}

bool sets_nothing(const Limit& limit) {
  return limit.connections == 0 && limit.connection_rate.count <= 0 && limit.messages_per_connection == 0 &&
         limit.message_rate.count <= 0 && limit.transaction_rate.count <= 0 && limit.byte_rate.count <= 0;
}

// A name that nothing of ours has: the limit would never be met. It may be declared later, so this is no error.
void warn_unknown(const Entity& entity, const char* key, const std::string& given,
                  const std::vector<std::string>& known, const std::string& why, Checker& checker) {
  if (given.empty() || given == "*" || std::find(known.begin(), known.end(), given) != known.end()) return;
  std::string suggestion = did_you_mean(given, known);
  if (suggestion.empty()) suggestion = "it never holds as it is";
  checker.warn(entity, key, fmt::format("{} \"{}\" {}", key, given, why), std::move(suggestion));
}

void warn_dead(const Config& config, const Limit& limit, const Entity& entity, Checker& checker) {
  std::vector<std::string> sources, signers, pooled;
  for (const Vmta& vmta : config.vmtas) {
    if (vmta.source_v4) sources.push_back(vmta.source_v4->to_string());
    if (vmta.source_v6) sources.push_back(vmta.source_v6->to_string());
  }
  for (const Dkim& key : config.dkim) signers.push_back(key.domain);
  for (const Pool& pool : config.pools) {
    for (const PoolMember& member : pool.members) pooled.push_back(member.vmta);
  }
  warn_unknown(entity, "source_ip", limit.source_ip, sources, "is the source of no vMTA", checker);
  warn_unknown(entity, "dkim_domain", ascii::lower(limit.dkim_domain), signers, "is declared by no [[dkim]]", checker);
  if (config.find_vmta(limit.vmta) != nullptr) {
    warn_unknown(entity, "vmta", limit.vmta, pooled, "is in no pool", checker);
  }
}

void check_limit(const Config& config, std::size_t i, Checker& checker) {
  const Limit& limit = config.limits[i];
  const Entity entity = Checker::entity("limit", i, limit.name);
  const std::string of = fmt::format("limit \"{}\"", limit.name);
  const auto expect = [&](const char* key, const std::string& name, const char* what,
                          const std::vector<std::string>& known) {
    if (name != "*") checker.expect_known(entity, key, name, what, known, of);
  };
  expect("vmta", limit.vmta, "vmta", Checker::names_of(config.vmtas));
  expect("pool", limit.pool, "pool", Checker::names_of(config.pools));
  expect("stream", limit.stream, "stream", Checker::names_of(config.streams));
  warn_dead(config, limit, entity, checker);
  if (sets_nothing(limit)) {
    checker.warn_if_all_good(entity, of + " is a dead rule: it limits nothing", "give connections or a rate");
  }
  if (!only_with_message(limit)) return;
  const std::string why = "stream, tenant, campaign and domains are known with the message, not with the connection";
  if (limit.connection_rate.count > 0)
    checker.error(entity, "connection_rate", of + " cannot hold connection_rate", why);
  if (limit.messages_per_connection != 0) {
    checker.error(entity, "messages_per_connection", of + " cannot hold messages_per_connection", why);
  }
}

}  // namespace

void check_limits(const Config& config, Checker& checker) {
  checker.expect_unique("limit", config.limits);
  for (std::size_t i = 0; i < config.limits.size(); ++i) check_limit(config, i, checker);
}

}  // namespace penstock::config
