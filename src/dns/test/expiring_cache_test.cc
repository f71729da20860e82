// SPDX-License-Identifier: Apache-2.0
#include "dns/expiring_cache.h"

#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"

namespace penstock::dns {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{1'000'000s};

TEST(ExpiringCache, ValueIsThereUntilItsExpiry) {
  ExpiringCache<int> cache(10);
  cache.put("a", 1, kStart + 5s, kStart);
  ASSERT_NE(cache.find("a", kStart + 4s), nullptr);
  EXPECT_EQ(*cache.find("a", kStart + 4s), 1);
  EXPECT_EQ(cache.find("a", kStart + 5s), nullptr);
  EXPECT_EQ(cache.find("b", kStart), nullptr);
}

TEST(ExpiringCache, PutAgainReplacesValueAndExpiry) {
  ExpiringCache<int> cache(10);
  cache.put("a", 1, kStart + 5s, kStart);
  cache.put("a", 2, kStart + 9s, kStart + 6s);
  EXPECT_EQ(*cache.find("a", kStart + 8s), 2);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(ExpiringCache, AtTheLimitWhatWasNotAskedForMakesRoom) {
  ExpiringCache<int> cache(3);
  for (const char* name : {"a", "b", "c"}) cache.put(name, 1, kStart + 1h, kStart);
  EXPECT_NE(cache.find("a", kStart), nullptr);
  EXPECT_NE(cache.find("c", kStart), nullptr);
  cache.put("d", 1, kStart + 1h, kStart);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(cache.find("b", kStart), nullptr);
  EXPECT_NE(cache.find("a", kStart), nullptr);
  EXPECT_NE(cache.find("c", kStart), nullptr);
  EXPECT_NE(cache.find("d", kStart), nullptr);
}

TEST(ExpiringCache, AtTheLimitWhatHasExpiredMakesRoomThoughItWasAskedFor) {
  ExpiringCache<int> cache(2);
  cache.put("old", 1, kStart + 1s, kStart);
  cache.put("new", 1, kStart + 1h, kStart);
  EXPECT_NE(cache.find("old", kStart), nullptr);
  EXPECT_NE(cache.find("new", kStart), nullptr);
  cache.put("third", 1, kStart + 1h, kStart + 2s);
  EXPECT_NE(cache.find("new", kStart + 2s), nullptr);
}

TEST(ExpiringCache, AllAskedForStillMakesRoom) {
  ExpiringCache<int> cache(3);
  for (const char* name : {"a", "b", "c"}) {
    cache.put(name, 1, kStart + 1h, kStart);
    EXPECT_NE(cache.find(name, kStart), nullptr);
  }
  cache.put("d", 1, kStart + 1h, kStart);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_NE(cache.find("d", kStart), nullptr);
}

// The same requests to the cache and to a plain map: a hit is always the value put last, and the limit holds.
TEST(ExpiringCache, LongRandomUseNeverGivesAWrongValue) {
  ExpiringCache<int> cache(50);
  std::map<std::string, std::pair<int, Time>> truth;
  Rng rng(7);
  Time now = kStart;
  int hits = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string name = std::to_string(rng.below(120));
    now += Duration(static_cast<std::int64_t>(rng.below(500'000)));
    switch (rng.below(8)) {
      case 0: {
        const Time expires = now + Duration(static_cast<std::int64_t>(rng.below(60'000'000)));
        cache.put(name, i, expires, now);
        truth[name] = {i, expires};
        break;
      }
      case 1:
        cache.erase(name);
        truth.erase(name);
        break;
      default:
        if (const int* hit = cache.find(name, now)) {
          ++hits;
          ASSERT_TRUE(truth.contains(name));
          EXPECT_EQ(*hit, truth[name].first);
          EXPECT_GT(truth[name].second, now);
        }
    }
    ASSERT_LE(cache.size(), 50U);
  }
  EXPECT_GT(hits, 1000);
  cache.clear();
  EXPECT_EQ(cache.size(), 0U);
  cache.put("a", 1, now + 1s, now);
  EXPECT_NE(cache.find("a", now), nullptr);
}

}  // namespace
}  // namespace penstock::dns
