// SPDX-License-Identifier: Apache-2.0
// Strong integer ids, so that two numbers of different meaning can never be swapped by accident.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace penstock {

template <class Tag, class Int = std::uint64_t>
struct StrongId {
  Int value = 0;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Int v) : value(v) {}
  constexpr auto operator<=>(const StrongId&) const = default;
  // Zero is "none" for every id.
  constexpr explicit operator bool() const { return value != 0; }
};

}  // namespace penstock

template <class Tag, class Int>
struct std::hash<penstock::StrongId<Tag, Int>> {
  std::size_t operator()(const penstock::StrongId<Tag, Int>& id) const noexcept {
    // Ids are often consecutive; a multiplicative mix spreads them over the buckets.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15ULL);
  }
};
