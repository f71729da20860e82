// SPDX-License-Identifier: Apache-2.0
// LimitKey: what a limit or an action is about: any tuple of these. A name of 0 means that the tuple does not say.
//
// A provider's limit has the provider and no site, so all its sites share it; a limit "per vMTA and provider" has both.
// Where mail goes to no known provider the receiving site stands in its place ("site:mx.example"), a fixed route under
// its own name ("relay:192.0.2.1:25"): whatever is split by provider is split by receiver.
// Dimensions: a set of the tuple's places, as bits. Names are interned in the node's NameTable. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "model/name_table.h"

namespace penstock::shaping {

enum class Dimension : std::uint8_t {
  Vmta,
  SourceIp,
  Pool,
  Stream,
  Tenant,
  Campaign,
  SenderDomain,
  DkimDomain,
  Provider,
  Site,
  MxHost,
  RemoteIp,
};
inline constexpr std::size_t kDimensions = 12;
// As configuration and API call it: "vmta", "source_ip", "sender_domain", …
[[nodiscard]] std::string_view to_string(Dimension which);
[[nodiscard]] std::optional<Dimension> parse_dimension(std::string_view name);

class Dimensions {
 public:
  constexpr Dimensions() = default;
  template <class... More>
  constexpr explicit Dimensions(Dimension first, More... more) : bits_(bit(first)) {
    ((bits_ |= bit(more)), ...);
  }
  [[nodiscard]] constexpr bool has(Dimension which) const { return (bits_ & bit(which)) != 0; }
  constexpr void add(Dimension which) { bits_ |= bit(which); }
  [[nodiscard]] constexpr bool within(Dimensions other) const { return (bits_ & ~other.bits_) == 0; }
  constexpr bool operator==(const Dimensions&) const = default;

 private:
  static constexpr std::uint16_t bit(Dimension which) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(which));
  }
  std::uint16_t bits_ = 0;
};

// What is known before a connection is opened: only limits on these can hold connections.
inline constexpr Dimensions kKnownAtConnect{Dimension::Vmta,     Dimension::SourceIp, Dimension::Pool,
                                            Dimension::Provider, Dimension::Site,     Dimension::MxHost,
                                            Dimension::RemoteIp};

struct LimitKey {
  std::array<model::NameId, kDimensions> names{};

  [[nodiscard]] constexpr model::NameId& operator[](Dimension which) { return names[static_cast<std::size_t>(which)]; }
  [[nodiscard]] constexpr model::NameId operator[](Dimension which) const {
    return names[static_cast<std::size_t>(which)];
  }
  // The places that are said.
  [[nodiscard]] constexpr Dimensions said() const {
    Dimensions all;
    for (std::size_t i = 0; i < kDimensions; ++i) {
      if (names[i]) all.add(static_cast<Dimension>(i));
    }
    return all;
  }
  // Only these places of it.
  [[nodiscard]] constexpr LimitKey only(Dimensions which) const {
    LimitKey key;
    for (std::size_t i = 0; i < kDimensions; ++i) {
      if (which.has(static_cast<Dimension>(i))) key.names[i] = names[i];
    }
    return key;
  }
  // All that this key says holds for `facts` too.
  [[nodiscard]] constexpr bool covers(const LimitKey& facts) const {
    for (std::size_t i = 0; i < kDimensions; ++i) {
      if (names[i] && names[i] != facts.names[i]) return false;
    }
    return true;
  }
  constexpr bool operator==(const LimitKey&) const = default;
};
// "campaign=autumn provider=gmail"; "everything" for an empty one.
[[nodiscard]] std::string describe(const LimitKey& key, const model::NameTable& names);

}  // namespace penstock::shaping

template <>
struct std::hash<penstock::shaping::LimitKey> {
  std::size_t operator()(const penstock::shaping::LimitKey& key) const noexcept {
    std::uint64_t mixed = 0x9E3779B97F4A7C15ULL;
    for (const auto name : key.names) mixed = (mixed ^ name.value) * 0xBF58476D1CE4E5B9ULL, mixed ^= mixed >> 29;
    return static_cast<std::size_t>(mixed);
  }
};
