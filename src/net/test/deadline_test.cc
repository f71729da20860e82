// SPDX-License-Identifier: Apache-2.0
#include "net/deadline.h"

#include <gtest/gtest.h>

#include "net/write_time.h"

namespace penstock::net {
namespace {

using namespace std::chrono_literals;

const Deadline::Instant kStart{100h};

TEST(Deadline, RunsOutWhateverComesMeanwhile) {
  const Deadline deadline(5min, kStart);
  EXPECT_EQ(deadline.left(kStart), 5min);
  EXPECT_EQ(deadline.left(kStart + 4min), 1min);
  EXPECT_LE(deadline.left(kStart + 5min), 0s);
  EXPECT_LT(deadline.left(kStart + 6min), 0s);
}

TEST(WriteTime, StartsAnewWithProgressButEndsForTheWhole) {
  const WriteTime time(10 * kLeastWriteRate, 1min, kStart);
  EXPECT_EQ(time.left(kStart), 1min);
  EXPECT_EQ(time.left(kStart + 10s), 1min);  // some was taken: a whole time-out again
  EXPECT_EQ(time.left(kStart + 40s), 30s);
  EXPECT_LE(time.left(kStart + 70s), 0s);
}

TEST(WriteTime, LargeMessageMayTakeLong) {
  const WriteTime time(50UL << 20, 3min, kStart);
  EXPECT_EQ(time.left(kStart + 3h), 3min);
  EXPECT_LE(time.left(kStart + 4h), 0s);
}

}  // namespace
}  // namespace penstock::net
