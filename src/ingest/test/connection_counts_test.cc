// SPDX-License-Identifier: Apache-2.0
#include "ingest/connection_counts.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock::ingest {
namespace {

TEST(ConnectionCounts, BoundsOfAnAddressAndOfAllHold) {
  ConnectionCounts counts;
  auto a1 = counts.take("a", 3, 2);
  auto a2 = counts.take("a", 3, 2);
  ASSERT_TRUE(a1 && a2);
  EXPECT_FALSE(counts.take("a", 3, 2));
  auto b1 = counts.take("b", 3, 2);
  ASSERT_TRUE(b1);
  EXPECT_FALSE(counts.take("c", 3, 2));
  EXPECT_EQ(counts.all(), 3U);
  a1.reset();
  EXPECT_EQ(counts.all(), 2U);
  EXPECT_TRUE(counts.take("a", 3, 2));
  EXPECT_EQ(counts.all(), 2U);
}

TEST(ConnectionCounts, MovedPlaceCountsOnce) {
  ConnectionCounts counts;
  {
    auto place = counts.take("a", 1, 1);
    ASSERT_TRUE(place);
    const ConnectionCounts::Place moved = std::move(*place);
    place.reset();
    EXPECT_EQ(counts.all(), 1U);
  }
  EXPECT_EQ(counts.all(), 0U);
}

TEST(ConnectionCounts, ThreadsNeverExceedTheBound) {
  ConnectionCounts counts;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&counts, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto place = counts.take(std::to_string(t % 2), 3, 2);
        EXPECT_LE(counts.all(), 3U);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts.all(), 0U);
}

}  // namespace
}  // namespace penstock::ingest
