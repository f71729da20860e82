// SPDX-License-Identifier: Apache-2.0
// PathKey: names one egress path, the unit that owns connections, limits and a ready queue.
//
// The group is "provider:gmail" where a provider matches, else "site:mx1.example,mx2.example" (host names in lower
// case, sorted), so that domains served by the same hosts share one path. Both parts are interned in the node's
// NameTable. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "model/name_table.h"

namespace penstock::shaping {

struct PathKey {
  model::NameId vmta{};   // the sending identity
  model::NameId group{};  // the provider or the site
  constexpr auto operator<=>(const PathKey&) const = default;
};

}  // namespace penstock::shaping

template <>
struct std::hash<penstock::shaping::PathKey> {
  std::size_t operator()(const penstock::shaping::PathKey& key) const noexcept {
    const std::uint64_t both = (std::uint64_t{key.vmta.value} << 32) | key.group.value;
    return static_cast<std::size_t>((both ^ (both >> 29)) * 0x9E3779B97F4A7C15ULL);
  }
};
