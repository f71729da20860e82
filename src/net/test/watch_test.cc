// SPDX-License-Identifier: Apache-2.0
#include "net/watch.h"

#include <gtest/gtest.h>

using namespace penstock::net;
using namespace std::chrono_literals;

TEST(Watch, FiresOnceAfterItsDeadline) {
  WatchList list;
  int fired = 0;
  Watch watch([&] { ++fired; });
  list.add(watch);
  const auto now = std::chrono::steady_clock::now();
  list.tick(now + 1h);
  EXPECT_EQ(fired, 0) << "no deadline set";
  watch.set(10s);
  list.tick(now + 5s);
  EXPECT_EQ(fired, 0);
  list.tick(now + 20s);
  list.tick(now + 30s);
  EXPECT_EQ(fired, 1);
  EXPECT_TRUE(watch.expired());
}

TEST(Watch, MayDestroyItselfWhenItFires) {
  WatchList list;
  auto first = std::make_unique<Watch>([] {});
  std::unique_ptr<Watch> self;
  self = std::make_unique<Watch>([&] { self.reset(); });
  list.add(*self);
  list.add(*first);
  self->set(0s);
  first->set(0s);
  list.tick(std::chrono::steady_clock::now() + 1s);
  EXPECT_EQ(self, nullptr);
  EXPECT_TRUE(first->expired());
}
