// SPDX-License-Identifier: Apache-2.0
#include "base/current.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock {
namespace {

TEST(Current, WhoHasLoadedKeepsWhatHeSaw) {
  Current<int> current(std::make_shared<const int>(1));
  const auto before = current.load();
  current.store(std::make_shared<const int>(2));
  EXPECT_EQ(*before, 1);
  EXPECT_EQ(*current.load(), 2);
}

TEST(Current, TheOneBeforeEndsWithItsLastReader) {
  auto first = std::make_shared<const int>(1);
  const std::weak_ptr<const int> watched = first;
  Current<int> current(std::move(first));
  auto reader = current.load();
  current.store(nullptr);
  EXPECT_FALSE(watched.expired());
  reader.reset();
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(current.load(), nullptr);
}

// What ends may look at the one in force: it must not be ended under the lock.
TEST(Current, TheOneBeforeEndsOutsideTheLock) {
  struct Asker {
    const Current<Asker>* current = nullptr;
    bool* found = nullptr;
    ~Asker() {
      if (current != nullptr) *found = current->load() != nullptr;
    }
  };
  Current<Asker> current(nullptr);
  bool found = false;
  auto asker = std::make_shared<Asker>();
  asker->current = &current;
  asker->found = &found;
  current.store(std::move(asker));
  current.store(std::make_shared<const Asker>());
  EXPECT_TRUE(found);
}

TEST(Current, ManyThreadsLoadWhileOneStores) {
  constexpr int kStores = 2'000;
  Current<std::vector<int>> current(std::make_shared<const std::vector<int>>(8, 0));
  std::vector<std::thread> readers;
  readers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&current] {
      int last = 0;
      while (last < kStores) {
        const auto seen = current.load();
        EXPECT_EQ(seen->front(), seen->back());
        EXPECT_GE(seen->front(), last);
        last = seen->front();
      }
    });
  }
  for (int n = 1; n <= kStores; ++n) current.store(std::make_shared<const std::vector<int>>(8, n));
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace penstock
