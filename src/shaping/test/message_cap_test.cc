// SPDX-License-Identifier: Apache-2.0
#include "shaping/message_cap.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace penstock;
using shaping::MessageCap;

namespace {

constexpr Time kStart{1'800'000'000s};

MessageCap learned(std::uint32_t messages) {
  MessageCap cap;
  for (std::uint32_t i = 0; i < MessageCap::kProofs; ++i) cap.ended(messages, kStart);
  return cap;
}

}  // namespace

TEST(MessageCap, OneOddEndTeachesNothing) {
  MessageCap cap;
  cap.ended(20, kStart);
  cap.ended(20, kStart);
  EXPECT_EQ(cap.allowed(kStart), 0U);
  cap.ended(20, kStart);
  EXPECT_EQ(cap.allowed(kStart), 20U);
}

TEST(MessageCap, DifferentNumbersAreNoCap) {
  MessageCap cap;
  for (const std::uint32_t messages : {3U, 4U, 3U, 4U, 3U, 4U}) cap.ended(messages, kStart);
  EXPECT_EQ(cap.allowed(kStart), 0U);
}

TEST(MessageCap, ConnectionThatCarriedMoreRefutes) {
  MessageCap cap;
  cap.ended(1, kStart);
  cap.ended(1, kStart);
  cap.carried(2, kStart);
  cap.ended(1, kStart);
  EXPECT_EQ(cap.allowed(kStart), 0U);
}

TEST(MessageCap, EndBeforeTheFirstMessageIsNoCap) {
  EXPECT_EQ(learned(0).allowed(kStart), 0U);
}

TEST(MessageCap, GrowsByATenthEachHourAndComesBackAtOnce) {
  MessageCap cap = learned(20);
  EXPECT_EQ(cap.allowed(kStart + 59min), 20U);
  EXPECT_EQ(cap.allowed(kStart + 1h), 22U);
  EXPECT_EQ(cap.allowed(kStart + 5h), 30U);
  cap.ended(20, kStart + 5h);
  EXPECT_EQ(cap.allowed(kStart + 5h), 20U);
  cap.carried(24, kStart + 10h);
  cap.ended(24, kStart + 10h);
  EXPECT_EQ(cap.allowed(kStart + 10h), 24U) << "it takes more now";
}

TEST(MessageCap, SmallOneGrowsByOne) {
  EXPECT_EQ(learned(1).allowed(kStart + 2h), 3U);
}

TEST(MessageCap, RangeBeginsAtItsStartAndGrowsWithEachConnectionThatCarriedAll) {
  MessageCap cap({.floor = 5, .start = 20, .ceiling = 24});
  EXPECT_EQ(cap.allowed(kStart), 20U);
  cap.carried(19, kStart);
  EXPECT_EQ(cap.allowed(kStart), 20U) << "it did not carry all it was allowed";
  cap.carried(20, kStart);
  EXPECT_EQ(cap.allowed(kStart), 22U);
  cap.carried(20, kStart);
  EXPECT_EQ(cap.allowed(kStart), 22U) << "one that was opened before";
  cap.carried(22, kStart);
  cap.carried(24, kStart);
  EXPECT_EQ(cap.allowed(kStart), 24U) << "not above the ceiling";
  EXPECT_TRUE(learned(0).learned().empty());
  MessageCap again({.floor = 5, .start = 20, .ceiling = 24});
  again.restore(cap.learned());
  EXPECT_EQ(again.allowed(kStart), 24U);
  cap.forget();
  EXPECT_EQ(cap.allowed(kStart), 20U) << "the range stays";
}

TEST(MessageCap, ReceiverBringsARangeDownButNotBelowItsFloor) {
  MessageCap cap({.floor = 5, .start = 20, .ceiling = 100});
  for (std::uint32_t i = 0; i < MessageCap::kProofs; ++i) cap.ended(8, kStart);
  EXPECT_EQ(cap.allowed(kStart), 8U);
  cap.carried(8, kStart);
  EXPECT_EQ(cap.allowed(kStart), 8U) << "what the receiver said counts; more is tried each hour";
  EXPECT_EQ(cap.allowed(kStart + 1h), 9U);
  EXPECT_EQ(cap.allowed(kStart + 1000h), 100U);
  for (std::uint32_t i = 0; i < MessageCap::kProofs; ++i) cap.ended(2, kStart);
  EXPECT_EQ(cap.allowed(kStart), 5U);
  cap.set_range({.floor = 1});
  EXPECT_EQ(cap.allowed(kStart), 2U);
}

TEST(MessageCap, FloorAloneBeginsAtTheCeiling) {
  MessageCap cap({.floor = 5, .ceiling = 50});
  EXPECT_EQ(cap.allowed(kStart), 0U) << "the fixed limit counts";
  cap.carried(50, kStart);
  EXPECT_EQ(cap.allowed(kStart), 0U);
  for (std::uint32_t i = 0; i < MessageCap::kProofs; ++i) cap.ended(2, kStart);
  EXPECT_EQ(cap.allowed(kStart), 5U);
}

TEST(MessageCap, OneConnectionAtATimeTriesMore) {
  MessageCap cap({.floor = 5, .start = 20, .ceiling = 100});
  EXPECT_EQ(cap.take(kStart), 20U);
  EXPECT_EQ(cap.take(kStart), 20U) << "the start may be carried by all";
  cap.carried(20, kStart);
  EXPECT_EQ(cap.take(kStart), 22U);
  EXPECT_EQ(cap.take(kStart), 20U);
  cap.carried(21, kStart + 1s);
  EXPECT_EQ(cap.take(kStart + 1s), 21U) << "as many as the first has come to";
  cap.carried(22, kStart + 2s);
  EXPECT_EQ(cap.take(kStart + 2s), 24U) << "it carried all: the next one may try";
  EXPECT_EQ(cap.take(kStart + 3s), 22U);
  EXPECT_EQ(cap.take(kStart + 2s + MessageCap::kTrial), 24U) << "the one before did not come so far for want of mail";
}

TEST(MessageCap, EndOfTheOneThatTriesMoreSaysEnough) {
  MessageCap cap({.floor = 5, .start = 20, .ceiling = 100});
  cap.carried(20, kStart);
  EXPECT_EQ(cap.take(kStart), 22U);
  cap.carried(21, kStart);
  cap.ended(21, kStart);
  EXPECT_EQ(cap.take(kStart), 21U);
  EXPECT_EQ(cap.take(kStart + 59min), 21U);
  EXPECT_EQ(cap.take(kStart + 1h), 23U) << "a tenth more each hour";
  EXPECT_EQ(cap.take(kStart + 1h), 21U);
  cap.carried(22, kStart + 1h);
  cap.carried(23, kStart + 1h);
  EXPECT_EQ(cap.take(kStart + 1h), 23U) << "known now";
  EXPECT_EQ(cap.learned().known, 23U);
}

TEST(MessageCap, EndBelowWhatIsKnownNeedsProofs) {
  MessageCap cap({.floor = 1, .start = 20, .ceiling = 100});
  cap.carried(20, kStart);
  cap.carried(22, kStart);
  cap.ended(7, kStart);
  cap.ended(7, kStart);
  EXPECT_EQ(cap.allowed(kStart), 24U);
  cap.ended(7, kStart);
  EXPECT_EQ(cap.allowed(kStart), 7U);
}

TEST(MessageCap, RefusedTwiceAfterTheSameNumberIsALimit) {
  MessageCap cap({.floor = 5, .start = 20, .ceiling = 100});
  EXPECT_FALSE(cap.refused(7, kStart)) << "for another reason";
  cap.carried(20, kStart);
  EXPECT_EQ(cap.take(kStart), 22U);
  cap.carried(21, kStart);
  EXPECT_TRUE(cap.refused(21, kStart));
  EXPECT_EQ(cap.take(kStart), 23U) << "once may be for another reason";
  EXPECT_TRUE(cap.refused(21, kStart));
  EXPECT_EQ(cap.take(kStart), 21U);
  EXPECT_FALSE(cap.refused(21, kStart)) << "no more than it was allowed";
  EXPECT_EQ(cap.take(kStart + 1h), 23U);
}

TEST(MessageCap, RefusalsAfterDifferentNumbersDoNotEndTheGrowth) {
  MessageCap cap({.floor = 5, .start = 20, .ceiling = 100});
  cap.carried(20, kStart);
  EXPECT_TRUE(cap.refused(20, kStart));
  cap.carried(21, kStart);
  EXPECT_TRUE(cap.refused(21, kStart));
  cap.carried(22, kStart);
  EXPECT_EQ(cap.take(kStart), 24U);
}
