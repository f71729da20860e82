// SPDX-License-Identifier: Apache-2.0
#include "suppression/filter.h"

#include <gtest/gtest.h>

#include "suppression/address.h"

namespace penstock::suppression {
namespace {

std::uint64_t hash_of(int i) {
  return hash_address("user" + std::to_string(i) + "@example.com");
}

TEST(Filter, KnowsWhatWasAdded) {
  Filter filter(100'000);
  for (int i = 0; i < 100'000; ++i) filter.add(hash_of(i));
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(filter.has(hash_of(i)));
}

TEST(Filter, SaysPerhapsWronglyFewTimesInAThousand) {
  Filter filter(100'000);
  for (int i = 0; i < 100'000; ++i) filter.add(hash_of(i));
  int wrong = 0;
  for (int i = 100'000; i < 200'000; ++i) wrong += filter.has(hash_of(i)) ? 1 : 0;
  EXPECT_LT(wrong, 500);
}

TEST(Filter, StaysRightBeyondItsCapacity) {
  Filter filter(10);
  for (int i = 0; i < 1'000; ++i) filter.add(hash_of(i));
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(filter.has(hash_of(i)));
}

TEST(Filter, TakesTwoBytesEach) {
  EXPECT_EQ(Filter(1'000'000).memory_bytes(), 2'000'000U);
  EXPECT_EQ(Filter(0).memory_bytes(), 64U);
  EXPECT_FALSE(Filter(0).has(1));
}

}  // namespace
}  // namespace penstock::suppression
