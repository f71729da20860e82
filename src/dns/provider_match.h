// SPDX-License-Identifier: Apache-2.0
// ProviderTable: which mailbox provider a domain belongs to, by its MX hosts or by its own name.
//
// Use:  ProviderTable table({{"gmail", {"google.com", "googlemail.com"}, {"gmail.com"}}});
//       std::optional<std::size_t> provider = table.find("customer.example", hosts);   if (provider)
//       table.name(*provider)
// Rules: a domain listed by name belongs to that provider, whatever its MX. Otherwise the most preferred hosts decide:
// the longest suffix that ends at a label boundary wins ("google.com" matches "aspmx.l.google.com", not
// "notgoogle.com"). Backup hosts do not count: a filter in front of Gmail is not Gmail. Case and one final dot do not
// matter.   Threads: any; constant.   Cost: one hash look-up per label of a host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dns/hosts.h"

namespace penstock::dns {

// As the configuration and the shipped provider data give it.
struct ProviderPatterns {
  std::string name;
  std::vector<std::string> mx_suffixes;
  std::vector<std::string> domains;
};

class ProviderTable {
 public:
  // Of two providers that claim the same suffix or domain the first has it; see conflicts().
  explicit ProviderTable(std::vector<ProviderPatterns> providers = {});

  // Index into the list given to the constructor.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view domain, const Hosts& hosts) const;
  [[nodiscard]] std::optional<std::size_t> find_by_domain(std::string_view domain) const;
  [[nodiscard]] std::optional<std::size_t> find_by_host(std::string_view host) const;
  [[nodiscard]] const std::string& name(std::size_t provider) const { return names_[provider]; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  // "mx suffix google.com is claimed by gmail and by workspace", for check-config.
  [[nodiscard]] const std::vector<std::string>& conflicts() const { return conflicts_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  using Map = std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>>;
  struct Match {
    std::uint32_t provider;
    std::size_t suffix_length;
  };
  [[nodiscard]] std::optional<Match> longest_suffix(std::string_view host) const;
  void add(Map& map, std::string_view kind, const std::string& pattern, std::size_t provider);

  std::vector<std::string> names_;
  Map suffixes_;  // small letters, no leading or final dot
  Map domains_;
  std::vector<std::string> conflicts_;
};

}  // namespace penstock::dns
