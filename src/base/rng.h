// SPDX-License-Identifier: Apache-2.0
// Rng: the seam through which randomness comes in. Small, fast, seedable: the same seed gives the same run.
//
// The generator is xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018). It is
// for spreading load and for simulations, never for secrets.   Threads: one owner.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace penstock {

class Rng {
  __extension__ using Wide = unsigned __int128;

 public:
  using result_type = std::uint64_t;
  explicit Rng(std::uint64_t seed) {
    for (auto& word : state_) {  // splitmix64 fills the state, as the authors advise
      seed += 0x9E3779B97F4A7C15ULL;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      word = z ^ (z >> 31);
    }
  }
  static constexpr std::uint64_t min() { return 0; }
  static constexpr std::uint64_t max() { return ~0ULL; }

  std::uint64_t operator()() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  // Evenly in [0, bound); bound must be at least 1. The bias below 2^-32 is accepted.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<Wide>((*this)()) * bound) >> 64);
  }
  // Evenly in [0, 1).
  double unit() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace penstock
