// SPDX-License-Identifier: Apache-2.0
#include "spool/group_pace.h"

#include <gtest/gtest.h>

namespace penstock::spool {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr GroupPace::SteadyTime kStart{std::chrono::hours{5}};

// Takes `messages` every `step`, for a second. Returns when the last were taken.
GroupPace::SteadyTime run(GroupPace& pace, GroupPace::SteadyTime now, microseconds step, std::size_t messages) {
  const GroupPace::SteadyTime end = now + seconds{1};
  for (; now < end; now += step) pace.taken(now, messages);
  return now - step;
}

TEST(GroupPace, FirstMessageNeverWaits) {
  const GroupPace pace;
  EXPECT_LE(pace.gather_until(), kStart);
}

TEST(GroupPace, FewMessagesDoNotWaitForEachOther) {
  GroupPace pace;
  const auto last = run(pace, kStart, microseconds{400}, 1);  // one client, one after another
  EXPECT_EQ(pace.gather_until(), last);
}

TEST(GroupPace, ManyMessagesShareASync) {
  GroupPace pace;
  const auto last = run(pace, kStart, microseconds{200}, 2);
  EXPECT_EQ(pace.gather_until(), last + GroupPace::kGather);
}

TEST(GroupPace, GatheringKeepsOnWhileManyCome) {
  GroupPace pace;
  const auto last = run(pace, kStart, milliseconds{1}, 9);
  EXPECT_EQ(pace.gather_until(), last + GroupPace::kGather);
}

TEST(GroupPace, FewAfterManySoonStopWaiting) {
  GroupPace pace;
  auto now = run(pace, kStart, milliseconds{1}, 9);
  int waited = 0;
  for (int i = 0; i < 20; ++i) {
    now += milliseconds{1};
    pace.taken(now, 1);
    if (pace.gather_until() > now) ++waited;
  }
  EXPECT_LE(waited, 5);
}

TEST(GroupPace, OneMessageAfterAPauseEndsTheGathering) {
  GroupPace pace;
  const auto last = run(pace, kStart, microseconds{200}, 10);  // 50 in a millisecond
  auto now = last + seconds{1};
  EXPECT_LT(pace.gather_until(), now);
  for (int i = 0; i < 10; ++i, now += seconds{1}) pace.taken(now, 1);
  EXPECT_EQ(pace.gather_until(), now - seconds{1});
}

TEST(GroupPace, TwoTakingsAtOneTimeAreNoDivisionByZero) {
  GroupPace pace;
  pace.taken(kStart, 1);
  pace.taken(kStart, 1);
  EXPECT_LE(pace.gather_until(), kStart + GroupPace::kGather);
}

}  // namespace
}  // namespace penstock::spool
