// SPDX-License-Identifier: Apache-2.0
#include "dns/provider_match.h"

#include <fmt/format.h>

#include "base/ascii.h"

namespace penstock::dns {
namespace {

std::string_view without_final_dot(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  return name;
}

// Names from the resolver are in small letters already; then nothing is copied.
template <class Find>
auto with_small_letters(std::string_view name, Find find) {
  name = without_final_dot(name);
  for (const char c : name) {
    if (ascii::to_lower(c) != c) return find(std::string_view(ascii::lower(name)));
  }
  return find(name);
}

}  // namespace

ProviderTable::ProviderTable(std::vector<ProviderPatterns> providers) {
  for (std::size_t i = 0; i < providers.size(); ++i) names_.push_back(std::move(providers[i].name));
  for (std::size_t i = 0; i < providers.size(); ++i) {
    for (const auto& suffix : providers[i].mx_suffixes) add(suffixes_, "mx suffix", suffix, i);
    for (const auto& domain : providers[i].domains) add(domains_, "domain", domain, i);
  }
}

void ProviderTable::add(Map& map, std::string_view kind, const std::string& pattern, std::size_t provider) {
  std::string_view bare = without_final_dot(pattern);
  if (!bare.empty() && bare.front() == '.') bare.remove_prefix(1);
  const auto [entry, is_new] = map.emplace(ascii::lower(bare), static_cast<std::uint32_t>(provider));
  if (!is_new && entry->second != provider) {
    conflicts_.push_back(
        fmt::format("{} {} is claimed by {} and by {}", kind, entry->first, names_[entry->second], names_[provider]));
  }
}

std::optional<std::size_t> ProviderTable::find_by_domain(std::string_view domain) const {
  return with_small_letters(domain, [this](std::string_view name) -> std::optional<std::size_t> {
    const auto found = domains_.find(name);
    if (found == domains_.end()) return std::nullopt;
    return found->second;
  });
}

std::optional<ProviderTable::Match> ProviderTable::longest_suffix(std::string_view host) const {
  return with_small_letters(host, [this](std::string_view name) -> std::optional<Match> {
    while (!name.empty()) {
      if (const auto found = suffixes_.find(name); found != suffixes_.end()) return Match{found->second, name.size()};
      const std::size_t dot = name.find('.');
      if (dot == std::string_view::npos) break;
      name.remove_prefix(dot + 1);
    }
    return std::nullopt;
  });
}

std::optional<std::size_t> ProviderTable::find_by_host(std::string_view host) const {
  const auto match = longest_suffix(host);
  if (!match) return std::nullopt;
  return match->provider;
}

std::optional<std::size_t> ProviderTable::find(std::string_view domain, const Hosts& hosts) const {
  if (auto listed = find_by_domain(domain)) return listed;
  std::optional<Match> best;
  for (const Host& host : hosts.hosts) {
    if (host.preference != hosts.hosts.front().preference) break;
    const auto match = longest_suffix(host.name);
    if (match && (!best || match->suffix_length > best->suffix_length)) best = match;
  }
  if (!best) return std::nullopt;
  return best->provider;
}

}  // namespace penstock::dns
