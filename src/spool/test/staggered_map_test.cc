// SPDX-License-Identifier: Apache-2.0
#include "spool/staggered_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace penstock::spool {
namespace {

struct Mix {
  using is_avalanching = void;
  std::size_t operator()(std::uint64_t key) const noexcept {
    std::uint64_t mixed = key * 0x9E3779B97F4A7C15ULL;
    mixed ^= mixed >> 32;
    return mixed * 0xD6E8FEB86659FD93ULL;
  }
};
using Map = StaggeredMap<std::uint64_t, std::uint64_t, Mix>;

TEST(StaggeredMap, FindsWhatWasPutAndForgetsWhatWasErased) {
  Map map;
  for (std::uint64_t key = 0; key < 10'000; ++key) EXPECT_TRUE(map.emplace(key, key * 2));
  EXPECT_EQ(map.size(), 10'000U);
  for (std::uint64_t key = 0; key < 10'000; key += 2) EXPECT_TRUE(map.erase(key));
  EXPECT_FALSE(map.erase(0));
  EXPECT_EQ(map.size(), 5'000U);
  for (std::uint64_t key = 0; key < 10'000; ++key) {
    const std::uint64_t* found = map.find(key);
    ASSERT_EQ(found != nullptr, key % 2 == 1) << key;
    if (found != nullptr) {
      EXPECT_EQ(*found, key * 2);
    }
  }
}

TEST(StaggeredMap, TheFirstValueOfAKeyStays) {
  Map map;
  EXPECT_TRUE(map.emplace(7, 1));
  EXPECT_FALSE(map.emplace(7, 2));
  EXPECT_EQ(*map.find(7), 1U);
  *map.find(7) = 3;
  EXPECT_EQ(*map.find(7), 3U);
}

TEST(StaggeredMap, NoSizeIsMostlyAir) {
  Map map;
  double worst = 0;
  for (std::uint64_t key = 0; key < 1'200'000; ++key) {
    map.emplace(key, key);
    if (key >= 50'000 && key % 5'000 == 0) {
      worst = std::max(worst, static_cast<double>(map.slots()) / static_cast<double>(map.size()));
    }
  }
  EXPECT_LT(worst, 1.8);
}

TEST(StaggeredMap, ShrinkGivesBackTheRoomOfKeysThatAreGone) {
  Map map;
  map.reserve(100'000);
  for (std::uint64_t key = 0; key < 100'000; ++key) map.emplace(key, key);
  for (std::uint64_t key = 100; key < 100'000; ++key) map.erase(key);
  map.shrink();
  EXPECT_LT(map.slots(), 1'000U);
  EXPECT_EQ(*map.find(99), 99U);
}

}  // namespace
}  // namespace penstock::spool
