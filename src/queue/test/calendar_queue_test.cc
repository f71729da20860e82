// SPDX-License-Identifier: Apache-2.0
#include "queue/calendar_queue.h"

#include <limits>
#include <set>

#include "queue/test/queued.h"

using namespace penstock;
using namespace penstock::queue;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace {

constexpr Second kWindow = 4096;

class Calendar : public ::testing::Test {
 protected:
  std::vector<std::uint64_t> pop(Time now, std::size_t max = 1'000'000) {
    std::vector<QueuedRecipient> out;
    const std::size_t count = calendar_.pop_due(now, max, out);
    EXPECT_EQ(count, out.size());
    return numbers(out);
  }
  std::vector<std::uint64_t> pop(Second now, std::size_t max = 1'000'000) { return pop(time_of(now), max); }
  void push(std::uint64_t n, Second due) { calendar_.push(numbered(n, due)); }

  ChunkPool pool_;
  CalendarQueue calendar_{pool_, time_of(kStart)};
};

}  // namespace

TEST_F(Calendar, NothingIsPoppedBeforeItsSecond) {
  push(1, kStart + 10);
  EXPECT_THAT(pop(kStart + 9), IsEmpty());
  EXPECT_THAT(pop(time_of(kStart + 10) - 1us), IsEmpty());
  EXPECT_THAT(pop(kStart + 10), ElementsAre(1));
  EXPECT_THAT(pop(kStart + 10), IsEmpty());
}

TEST_F(Calendar, TimesWithinASecondRoundUp) {
  push(1, due_second(time_of(kStart) + 1us));
  EXPECT_THAT(pop(kStart), IsEmpty());
  EXPECT_THAT(pop(kStart + 1), ElementsAre(1));
}

TEST_F(Calendar, EarlierSecondsComeFirst) {
  push(3, kStart + 30);
  push(1, kStart + 10);
  push(4, kStart + 2 * kWindow);
  push(2, kStart + 20);
  push(5, kStart + 50 * kWindow);
  EXPECT_THAT(pop(kStart + 60 * kWindow), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(Calendar, PassedTimeMeansNow) {
  push(1, kStart - 1000);
  push(2, 0);
  EXPECT_EQ(calendar_.next_due(), time_of(kStart));
  EXPECT_THAT(pop(kStart), UnorderedElementsAre(1, 2));
  EXPECT_THAT(pop(kStart + 500), IsEmpty());
  push(3, kStart + 499);
  EXPECT_THAT(pop(kStart + 500), ElementsAre(3));
}

TEST_F(Calendar, TimeThatStepsBackCountsAsTheLast) {
  EXPECT_THAT(pop(kStart + 100), IsEmpty());
  push(1, kStart + 50);
  push(2, kStart + 101);
  EXPECT_THAT(pop(kStart), ElementsAre(1));
  EXPECT_THAT(pop(kStart + 101), ElementsAre(2));
}

TEST_F(Calendar, PopIsBoundedAndGoesOnWhereItStopped) {
  for (std::uint64_t n = 0; n < 100; ++n) push(n, kStart + static_cast<Second>(n / 10));
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 15; ++i) {
    const auto some = pop(kStart + 100, 7);
    EXPECT_LE(some.size(), 7U);
    all.insert(all.end(), some.begin(), some.end());
    EXPECT_EQ(calendar_.size(), 100 - all.size());
    EXPECT_LE(calendar_.next_due().value_or(Time{}), time_of(kStart + 100));
  }
  ASSERT_EQ(all.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(all[i] / 10, i / 10) << "order between seconds";
}

TEST_F(Calendar, PushDuringABoundedPopComesInItsTurn) {
  push(1, kStart + 1);
  push(2, kStart + 5);
  EXPECT_THAT(pop(kStart + 9, 1), ElementsAre(1));
  push(3, kStart + 3);
  EXPECT_THAT(pop(kStart + 9, 10), ElementsAre(3, 2));
}

TEST_F(Calendar, NextDueIsExactInThisWindowAndNeverLate) {
  EXPECT_EQ(calendar_.next_due(), std::nullopt);
  const Second window_end = (kStart / kWindow + 1) * kWindow;
  push(1, kStart + 100 * kWindow);
  EXPECT_LE(*calendar_.next_due(), time_of(kStart + 100 * kWindow));
  EXPECT_GT(*calendar_.next_due(), time_of(kStart + 98 * kWindow));
  push(2, window_end + 77);
  EXPECT_EQ(calendar_.next_due(), time_of(window_end + 77));
  push(3, window_end - 1);
  EXPECT_EQ(calendar_.next_due(), time_of(window_end - 1));
}

// A loop that sleeps until next_due() pops everything in its own second and does not turn without need.
TEST_F(Calendar, SleepingUntilNextDueIsEnough) {
  std::multimap<Second, std::uint64_t> due;
  for (std::uint64_t n = 0; n < 500; ++n) {
    const auto at = static_cast<Second>(kStart + n * n * 37 % 5'000'000);
    push(n, at);
    due.emplace(at, n);
  }
  int turns = 0;
  while (const auto next = calendar_.next_due()) {
    ++turns;
    for (const std::uint64_t n : pop(*next)) {
      const auto [from, until] = due.equal_range(second_of(*next));
      const auto found = std::find_if(from, until, [n](const auto& entry) { return entry.second == n; });
      ASSERT_NE(found, until) << n << " was popped in another second than its own";
      due.erase(found);
    }
  }
  EXPECT_TRUE(due.empty());
  EXPECT_LE(turns, 500 + 5'000'000 / static_cast<int>(kWindow) + 1);
}

TEST_F(Calendar, WindowsMoveLittleByLittle) {
  constexpr std::uint64_t kCount = 20'000;
  const Second from = (kStart / kWindow + 2) * kWindow;  // not in this window or the next
  for (std::uint64_t n = 0; n < kCount; ++n) push(n, from + static_cast<Second>(n % kWindow));
  std::uint64_t popped = 0;
  for (Second now = kStart; now < from + kWindow; ++now) {
    for (const std::uint64_t n : pop(now)) {
      ASSERT_EQ(from + n % kWindow, now) << n;
      ++popped;
    }
  }
  EXPECT_EQ(popped, kCount);
  EXPECT_EQ(pool_.chunks_in_use(), 0U);
}

TEST_F(Calendar, LongSleepCatchesUpInOrder) {
  for (std::uint64_t n = 0; n < 10'000; ++n) push(n, kStart + static_cast<Second>(n * 7919 % (20 * kWindow)));
  Second last = 0;
  std::size_t popped = 0;
  std::vector<QueuedRecipient> out;
  while (calendar_.size() > 0) {
    out.clear();
    popped += calendar_.pop_due(time_of(kStart + 30 * kWindow), 333, out);
    for (const QueuedRecipient& recipient : out) {
      ASSERT_GE(recipient.due, last);
      last = recipient.due;
    }
  }
  EXPECT_EQ(popped, 10'000U);
}

TEST_F(Calendar, TimesReachTo2106) {
  constexpr Second kLast = std::numeric_limits<Second>::max();
  push(1, kLast);
  push(2, kLast - kWindow);
  push(3, kLast - 1);
  EXPECT_THAT(pop(kLast - kWindow - 1), IsEmpty());
  EXPECT_THAT(pop(kLast - kWindow), ElementsAre(2));
  EXPECT_THAT(pop(kLast - 2), IsEmpty());
  EXPECT_EQ(calendar_.next_due(), time_of(kLast - 1));
  EXPECT_THAT(scan_all(calendar_), ElementsAre(3, 1));
  EXPECT_THAT(pop(kLast - 1), ElementsAre(3));
  EXPECT_THAT(pop(time_of(kLast) + 24h * 365), ElementsAre(1));
  push(4, kStart);
  EXPECT_EQ(calendar_.next_due(), time_of(kLast));
  EXPECT_THAT(pop(kLast), ElementsAre(4));
}

TEST_F(Calendar, ScanShowsAllWindowsInOrder) {
  const Second next = (kStart / kWindow + 1) * kWindow;
  push(4, next + 9 * kWindow);
  push(2, kStart + 7);
  push(3, next + 3);
  push(1, kStart);
  push(5, next + 30 * kWindow);
  EXPECT_THAT(scan_all(calendar_, 1), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(scan_all(calendar_, 1), ElementsAre(1, 2, 3, 4, 5)) << "a scan changes nothing";
  EXPECT_EQ(calendar_.size(), 5U);
}

TEST_F(Calendar, TakenAreGoneAndTheirBucketsToo) {
  for (std::uint64_t n = 0; n < 3000; ++n) push(n, kStart + static_cast<Second>(n * 11));
  CalendarQueue::Cursor cursor;
  while (!cursor.done()) calendar_.scan(cursor, 100, [](const QueuedRecipient&) { return Visit::Take; });
  EXPECT_EQ(calendar_.size(), 0U);
  EXPECT_EQ(calendar_.next_due(), std::nullopt);
  EXPECT_EQ(pool_.chunks_in_use(), 0U);
  EXPECT_THAT(pop(kStart + 100'000), IsEmpty());
}

// `retry` of an operator: everything takes a new time while the scan goes on.
TEST_F(Calendar, VisitorMayPushBackWithAnotherTime) {
  for (std::uint64_t n = 0; n < 5000; ++n) push(n, kStart + static_cast<Second>(n * 5));
  CalendarQueue::Cursor cursor;
  std::size_t shown = 0;
  while (!cursor.done()) {
    const std::size_t slice = calendar_.scan(cursor, 64, [&](QueuedRecipient recipient) {
      recipient.due = kStart + 1;
      calendar_.push(recipient);
      return Visit::Take;
    });
    EXPECT_LE(slice, 64U + 15U);
    shown += slice;
    ASSERT_LT(shown, 20'000U) << "it meets what it pushed";
  }
  EXPECT_GE(shown, 5000U);
  EXPECT_EQ(calendar_.size(), 5000U);
  EXPECT_EQ(pop(kStart + 1).size(), 5000U);
}

TEST_F(Calendar, ScanMissesNothingWhileAWindowMovesToItsSeconds) {
  constexpr std::uint64_t kCount = 30'000;
  const Second from = (kStart / kWindow + 2) * kWindow;
  for (std::uint64_t n = 0; n < kCount; ++n) push(n, from + static_cast<Second>(n * 31 % kWindow));
  EXPECT_THAT(pop(from - kWindow), IsEmpty());  // its window is now the next one
  std::set<std::uint64_t> seen;
  CalendarQueue::Cursor cursor;
  std::size_t shown = 0;
  for (Second now = from - kWindow; !cursor.done(); ++now) {
    shown += calendar_.scan(cursor, 2500, [&](const QueuedRecipient& recipient) {
      seen.insert(recipient.message.value);
      return Visit::Keep;
    });
    EXPECT_THAT(pop(now), IsEmpty());
  }
  EXPECT_EQ(seen.size(), kCount);
  EXPECT_LE(shown, 2 * kCount + 16 * kWindow);
}

TEST_F(Calendar, MillionForFiveDaysTakesLessThanSixtyBytesEach) {
  constexpr std::uint64_t kCount = 1'000'000;
  for (std::uint64_t n = 0; n < kCount; ++n) push(n, kStart + static_cast<Second>(n * 7919 % 432'000));
  EXPECT_LT(pool_.bytes() + sizeof(calendar_), kCount * 60);
}
