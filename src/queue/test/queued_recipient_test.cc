// SPDX-License-Identifier: Apache-2.0
#include "queue/queued_recipient.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/result.h"
#include "queue/errc.h"

using namespace penstock;
using namespace penstock::queue;
using namespace std::chrono_literals;

TEST(Seconds, DueRoundsUpAndTheOtherDown) {
  const Time whole{1'800'000'000s};
  EXPECT_EQ(due_second(whole), 1'800'000'000U);
  EXPECT_EQ(due_second(whole + 1us), 1'800'000'001U);
  EXPECT_EQ(second_of(whole + 999'999us), 1'800'000'000U);
  EXPECT_EQ(time_of(second_of(whole)), whole);
}

TEST(Seconds, TimesOutsideCountAsTheEnds) {
  constexpr Second kLast = std::numeric_limits<Second>::max();
  EXPECT_EQ(second_of(Time{-1us}), 0U);
  EXPECT_EQ(due_second(Time{-5s}), 0U);
  EXPECT_EQ(due_second(time_of(kLast) + 1us), kLast);
  EXPECT_EQ(second_of(Time::max()), kLast);
}

TEST(QueuedRecipients, AreFortyBytesAndNamed) {
  EXPECT_EQ(sizeof(QueuedRecipient), 40U);
  const QueuedRecipient recipient{.message = model::MessageId{5}, .index = 3};
  EXPECT_EQ(recipient.id(), (model::RecipientId{model::MessageId{5}, 3}));
}

TEST(HoldReasons, HaveNames) {
  EXPECT_STREQ(to_string(HoldReason::None), "none");
  EXPECT_STREQ(to_string(HoldReason::Operator), "operator");
  EXPECT_STREQ(to_string(HoldReason::Paused), "paused");
  EXPECT_STREQ(to_string(HoldReason::Wave), "wave");
  EXPECT_STREQ(to_string(HoldReason::NoPath), "no-path");
}

TEST(QueueErrors, SayWhatIsWrongAndAreNotTransient) {
  for (const Errc errc : {Errc::BadSelection, Errc::BadWindow, Errc::UnknownZone, Errc::BadZone, Errc::TooMany}) {
    EXPECT_FALSE(describe(errc).empty());
    EXPECT_FALSE(is_transient(errc));
    const Error error{errc, "x"};
    EXPECT_EQ(error.to_string(), "queue: " + std::string(describe(errc)) + ": x");
  }
}
