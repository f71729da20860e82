// SPDX-License-Identifier: Apache-2.0
// PathKey: names one egress path, the unit that owns connections, limits and a ready queue.
//
// The group is "provider:gmail" where a provider matches, else "site:mx1.example,mx2.example" (host names in lower
// case, sorted), so that domains served by the same hosts share one path. A stream that has a path of its own within
// that of the others has "stream:news/provider:gmail". Both parts are interned in the node's NameTable.
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "model/name_table.h"

namespace penstock::shaping {

struct PathKey {
  model::NameId vmta{};   // the sending identity
  model::NameId group{};  // the provider or the site
  constexpr auto operator<=>(const PathKey&) const = default;
};

// The name of a group in parts: the stream whose own it is ("": it is no stream's), and the group it lies in.
struct GroupParts {
  std::string_view stream, group;
};
[[nodiscard]] constexpr GroupParts parts_of_group(std::string_view group) {
  constexpr std::string_view kStream = "stream:";
  const std::size_t slash = group.starts_with(kStream) ? group.find('/') : std::string_view::npos;
  if (slash == std::string_view::npos) return {{}, group};
  return {group.substr(kStream.size(), slash - kStream.size()), group.substr(slash + 1)};
}
[[nodiscard]] inline std::string own_group(std::string_view stream, std::string_view group) {
  return std::string("stream:").append(stream).append("/").append(group);
}

}  // namespace penstock::shaping

template <>
struct std::hash<penstock::shaping::PathKey> {
  std::size_t operator()(const penstock::shaping::PathKey& key) const noexcept {
    const std::uint64_t both = (std::uint64_t{key.vmta.value} << 32) | key.group.value;
    return static_cast<std::size_t>((both ^ (both >> 29)) * 0x9E3779B97F4A7C15ULL);
  }
};
