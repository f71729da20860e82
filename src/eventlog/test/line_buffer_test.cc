// SPDX-License-Identifier: Apache-2.0
#include "eventlog/line_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace penstock::eventlog {
namespace {

TEST(LineBuffer, GivesBackWhatABurstNeeded) {
  LineBuffer buffer;
  buffer.append(std::string(4U << 20, 'x'));
  const std::size_t large = buffer.capacity();
  buffer.settle();
  EXPECT_EQ(buffer.capacity(), large) << "it was used";
  EXPECT_TRUE(buffer.empty());
  buffer.append("quiet");
  buffer.settle();
  EXPECT_EQ(buffer.capacity(), 0U);
  buffer.append("again");
  EXPECT_EQ(buffer.view(), "again");
}

TEST(LineBuffer, KeepsWhatIsSmall) {
  LineBuffer buffer;
  buffer.append("a line");
  const std::size_t small = buffer.capacity();
  buffer.settle();
  buffer.settle();
  EXPECT_EQ(buffer.capacity(), small);
}

}  // namespace
}  // namespace penstock::eventlog
