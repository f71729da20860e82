// SPDX-License-Identifier: Apache-2.0
#include "base/buffer_pool.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace penstock {
namespace {

TEST(BufferPool, ReturnedStringServesAgainEmptyAndAsLarge) {
  BufferPool pool;
  auto first = pool.share(5'000);
  first->assign(5'000, 'x');
  const char* const storage = first->data();
  first.reset();
  EXPECT_GE(pool.kept_bytes(), 5'000U);
  const auto second = pool.share(5'000);
  EXPECT_TRUE(second->empty());
  EXPECT_EQ(second->data(), storage);
  EXPECT_EQ(pool.kept_bytes(), 0U);
}

TEST(BufferPool, GivenStringServesWhoTakesAndWhoShares) {
  BufferPool pool;
  std::string text = pool.take(5'000);
  text.assign(5'000, 'x');
  const char* const storage = text.data();
  pool.give(std::move(text));
  text = pool.take(5'000);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.data(), storage);
  pool.give(std::move(text));
  EXPECT_EQ(pool.share(5'000)->data(), storage);
}

TEST(BufferPool, NobodyGetsAStringFarTooLarge) {
  BufferPool pool;
  pool.give(std::string(100'000, 'x'));
  EXPECT_LT(pool.take(10'000).capacity(), 100'000U);
  EXPECT_GE(pool.take(60'000).capacity(), 100'000U);
}

TEST(BufferPool, RoomIsAsMuchAsWasAskedFor) {
  BufferPool pool;
  for (const std::size_t given : {4'000U, 5'000U, 8'191U, 8'192U, 8'193U}) pool.give(std::string(given, 'x'));
  for (const std::size_t wanted : {1U, 4'096U, 4'097U, 8'192U, 8'193U, 300'000U}) {
    EXPECT_GE(pool.take(wanted).capacity(), wanted);
  }
}

TEST(BufferPool, StringWithoutMemoryOfItsOwnIsNotKept) {
  BufferPool pool;
  pool.give("short");
  EXPECT_EQ(pool.kept_bytes(), 0U);
}

TEST(BufferPool, LentStringsAreDistinct) {
  BufferPool pool;
  const auto one = pool.share(5'000);
  const auto other = pool.share(5'000);
  EXPECT_NE(one.get(), other.get());
}

TEST(BufferPool, LargeStringsAreNotKept) {
  BufferPool pool;
  pool.share(5'000)->assign(BufferPool::kLargestKept + 1, 'x');
  EXPECT_EQ(pool.kept_bytes(), 0U);
}

TEST(BufferPool, KeepsNoMoreThanItsBound) {
  BufferPool pool;
  std::vector<std::shared_ptr<std::string>> lent;
  for (std::size_t at = 0; at < 3 * BufferPool::kKeptBytes / BufferPool::kLargestKept; ++at) {
    lent.push_back(pool.share(5'000));
    lent.back()->reserve(BufferPool::kLargestKept);
  }
  lent.clear();
  EXPECT_GT(pool.kept_bytes(), BufferPool::kKeptBytes / 2);
  EXPECT_LE(pool.kept_bytes(), BufferPool::kKeptBytes);
}

TEST(BufferPool, StringsMayOutliveIt) {
  std::optional<BufferPool> pool(std::in_place);
  const auto text = pool->share(5'000);
  pool.reset();
  text->assign(100, 'x');
  EXPECT_EQ(text->size(), 100U);
}

TEST(BufferPool, ThreadsTakeAndReturnTogether) {
  BufferPool pool;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&pool, thread] {
      for (int round = 0; round < 1'000; ++round) {
        const auto text = pool.share(5'000);
        text->assign(2'000, static_cast<char>('a' + thread));
        ASSERT_EQ(text->find_first_not_of(static_cast<char>('a' + thread)), std::string::npos);
      }
    });
  }
}

}  // namespace
}  // namespace penstock
