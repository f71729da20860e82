// SPDX-License-Identifier: Apache-2.0
#include "providers/merge.h"

#include <algorithm>
#include <set>

#include "providers/limit_fields.h"
#include "providers/overlay.h"

namespace penstock::providers {

std::vector<config::Provider> merge(const std::vector<config::Provider>& own, const Catalog& catalog) {
  std::vector<config::Provider> all;
  std::set<std::string> names;
  std::set<std::string> mx;
  std::set<std::string> domains;
  for (const config::Provider& table : own) {
    names.insert(table.name);
    mx.insert(table.mx.begin(), table.mx.end());
    domains.insert(table.domains.begin(), table.domains.end());
  }
  const auto without = [](std::vector<std::string> list, const std::set<std::string>& claimed) {
    std::erase_if(list, [&](const std::string& one) { return claimed.contains(one); });
    return list;
  };
  for (const config::Provider& table : own) {
    config::Provider merged = table;
    if (const ProviderData* shipped = catalog.find(table.name)) {
      merged.limits = fill(table.limits, shipped->provider.limits);
      merged.timeouts = overlay(table.timeouts, shipped->provider.timeouts);
      merged.backoff = overlay(table.backoff, shipped->provider.backoff);
      if (merged.mx.empty()) merged.mx = without(shipped->provider.mx, mx);
      if (merged.domains.empty()) merged.domains = without(shipped->provider.domains, domains);
    }
    all.push_back(std::move(merged));
  }
  for (const ProviderData& shipped : catalog.all()) {
    if (names.contains(shipped.provider.name)) continue;
    config::Provider left = shipped.provider;
    left.mx = without(std::move(left.mx), mx);
    left.domains = without(std::move(left.domains), domains);
    all.push_back(std::move(left));
  }
  return all;
}

config::Limits unknown_site_limits() {
  config::Limits limits;
  limits.connections_floor = 1;
  limits.connections_start = 1'000;
  return limits;
}

}  // namespace penstock::providers
