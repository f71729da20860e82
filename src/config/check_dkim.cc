// SPDX-License-Identifier: Apache-2.0
// Checks of DKIM keys, and of the streams that sign with them. Whether a key file can be used is seen at start and
// reload, by who reads it.
#include <algorithm>
#include <set>

#include "config/check.h"
#include "config/checker.h"

namespace penstock::config {
namespace {

Entity entity_of(const Config& config, std::size_t i) {
  return Checker::entity("dkim", i, config.dkim[i].domain + " " + config.dkim[i].selector);
}

bool is_within(std::string_view name, std::string_view domain) {
  return name == domain ||
         (name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.');
}

void check_key(const Config& config, std::size_t i, Checker& checker) {
  const Dkim& key = config.dkim[i];
  const Entity entity = entity_of(config, i);
  const auto late = [](const std::optional<Time>& first, const std::optional<Time>& second) {
    return first && second && *second <= *first;
  };
  if (late(key.publish, key.sign)) {
    checker.error(entity, "sign", "sign must be later than publish",
                  "leave a few days, so that every resolver has seen the record");
  }
  if (late(key.sign, key.retire) || late(key.publish, key.retire)) {
    checker.error(entity, "retire", "retire must be later than publish and sign");
  }
  const std::size_t at = key.identity.rfind('@');
  if (!key.identity.empty() && !is_within(std::string_view(key.identity).substr(at + 1), key.domain)) {
    checker.error(entity, "identity", fmt::format("identity must be at {} or below it", key.domain));
  }
  for (const std::string& stream : key.streams) {
    checker.expect_known(entity, "streams", stream, "stream", Checker::names_of(config.streams),
                         fmt::format("key {} of {}", key.selector, key.domain));
  }
  for (std::size_t earlier = 0; earlier < i; ++earlier) {
    const Dkim& other = config.dkim[earlier];
    if (other.domain != key.domain || other.selector != key.selector || key.domain.empty()) continue;
    checker.error(entity, "selector",
                  fmt::format("selector \"{}\" of {} is declared twice; the first is at {}", key.selector, key.domain,
                              checker.where(entity_of(config, earlier), "selector")),
                  "give the new key a selector of its own");
    return;
  }
}

}  // namespace

void check_dkim(const Config& config, Checker& checker) {
  std::set<std::string> domains;
  for (std::size_t i = 0; i < config.dkim.size(); ++i) {
    check_key(config, i, checker);
    domains.insert(config.dkim[i].domain);
  }
  const std::vector<std::string> known(domains.begin(), domains.end());
  for (std::size_t i = 0; i < config.streams.size(); ++i) {
    const Stream& stream = config.streams[i];
    const Entity entity = Checker::entity("stream", i, stream.name);
    for (const std::string& domain : stream.dkim) {
      const bool signs = std::any_of(config.dkim.begin(), config.dkim.end(), [&](const Dkim& key) {
        return (domain == kDkimOfFrom || key.domain == domain) && key.signs_for(stream.name);
      });
      if (signs) continue;
      std::string suggestion = did_you_mean(domain, known);
      if (suggestion.empty()) suggestion = "declare a key with [[dkim]]";
      checker.error(entity, "dkim",
                    domain == kDkimOfFrom
                        ? fmt::format("stream \"{}\" signs, but there is no key", stream.name)
                        : fmt::format("domain \"{}\" of stream \"{}\" has no key", domain, stream.name),
                    std::move(suggestion));
    }
  }
}

}  // namespace penstock::config
