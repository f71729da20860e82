// SPDX-License-Identifier: Apache-2.0
#include "spool/submissions.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/test/effort.h"

namespace penstock::spool {
namespace {

constexpr std::chrono::milliseconds kFlush{50};
constexpr std::chrono::seconds kRetry{1};

// Adds so many from a thread of its own while the test takes. Returns how many times it took.
std::size_t take_all(Submissions& submissions, std::size_t messages) {
  std::thread sender([&] {
    for (std::size_t i = 0; i < messages; ++i) {
      AcceptItem item;
      ASSERT_TRUE(submissions.add(item));
    }
  });
  std::size_t takings = 0;
  for (std::size_t taken = 0; taken < messages; ++takings) {
    const Work work = submissions.take();
    taken += work.accepts.size();
    submissions.done(work, true);
  }
  sender.join();
  return takings;
}

TEST(Submissions, MessagesThatComeFastAreTakenInGroups) {
  Submissions submissions(kFlush, kRetry);
  EXPECT_LT(take_all(submissions, 20'000), 5'000U);
}

TEST(Submissions, LastMessageOfManyIsTakenThoughNoneFollows) {
  Submissions submissions(kFlush, kRetry);
  (void)take_all(submissions, 20'000);
  AcceptItem item;
  ASSERT_TRUE(submissions.add(item));
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(submissions.take().accepts.size(), 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - before, kPatience);
}

// The group is one message that nobody joins: only what is asked for ends its wait before an hour.
TEST(Submissions, FlushAndStopDoNotWaitForAGroup) {
  for (const bool flushes : {true, false}) {
    Submissions submissions(std::chrono::hours{1}, kRetry, std::chrono::hours{1});
    const auto add = [&submissions] {
      AcceptItem item;
      return submissions.add(item);
    };
    for (int full = 0; full < 3; ++full) {
      for (std::size_t i = 0; i < GroupPace::kGroupFull; ++i) ASSERT_TRUE(add());
      EXPECT_EQ(submissions.take().accepts.size(), GroupPace::kGroupFull);
    }
    ASSERT_TRUE(add());
    std::thread writer([&] {
      for (bool last = false; !last;) {
        const Work work = submissions.take();
        submissions.done(work, true);
        last = work.last;
      }
    });
    if (flushes) {
      EXPECT_TRUE(submissions.flush());
    }
    submissions.stop();
    writer.join();
    EXPECT_EQ(submissions.waiting(), 0U);
  }
}

}  // namespace
}  // namespace penstock::spool
