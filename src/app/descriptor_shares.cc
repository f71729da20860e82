// SPDX-License-Identifier: Apache-2.0
#include "app/descriptor_shares.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr std::uint64_t kOwnLeast = 64;
constexpr std::uint64_t kOwnMost = 4'096;
constexpr std::uint64_t kMany = 1'000'000;  // of each kind: more than any machine serves

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1'024;
}

std::uint64_t incoming_wanted(const config::Config& config) {
  std::uint64_t sum = 0;
  for (const config::Listener& listener : config.listeners) sum += listener.max_connections;
  return sum;
}

constexpr std::string_view kHint = "raise LimitNOFILE of the service, or lower the bound";

}  // namespace

DescriptorShares share_descriptors(std::uint64_t limit, std::uint64_t incoming_wanted) {
  const std::uint64_t own = std::clamp(limit / 8, kOwnLeast, kOwnMost);
  const std::uint64_t rest = limit > own + 2 ? limit - own : 2;
  const std::uint64_t incoming = std::clamp<std::uint64_t>(incoming_wanted, 1, rest / 2 + rest / 4);
  DescriptorShares shares;
  shares.own = static_cast<std::uint32_t>(own);
  shares.incoming = static_cast<std::uint32_t>(std::min(incoming, kMany));
  shares.outgoing = static_cast<std::uint32_t>(std::min(rest - incoming, kMany));
  return shares;
}

DescriptorShares share_descriptors(const config::Config& config) {
  return share_descriptors(descriptor_limit(), incoming_wanted(config));
}

std::vector<delivery::PlanWarning> warnings_of_descriptors(const config::Config& config,
                                                           const DescriptorShares& shares) {
  std::vector<delivery::PlanWarning> warnings;
  const auto warn = [&](const char* part, std::string_view what, std::uint64_t wanted, std::uint32_t allowed) {
    if (wanted <= allowed) return;
    warnings.push_back({part,
                        fmt::format("{} of {} connections is more than the descriptors of this process allow; {} it is",
                                    what, wanted, allowed),
                        std::string(kHint)});
  };
  warn("client.max_connections", "the bound", config.client.max_connections, shares.outgoing);
  warn("listener.max_connections", "the sum", incoming_wanted(config), shares.incoming);
  return warnings;
}

}  // namespace penstock::app
