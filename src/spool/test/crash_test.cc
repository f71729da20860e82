// SPDX-License-Identifier: Apache-2.0
// The power fails at every single change of the disk, one after the other; what was promised is there afterwards.
#include <gtest/gtest.h>

#include "base/test/effort.h"
#include "spool/test/history.h"

namespace penstock::spool {
namespace {

// Messages, finals, attempts; full segments, compaction, recycling. Ends early when the power has failed.
void work(Box& box, History& history, int rounds) {
  for (int round = 0; round < rounds && box.disk.powered(); ++round) {
    for (int i = 0; i < 3; ++i) history.accept(12000);
    history.attempt_one();
    history.finish_message();
    history.finish_one();
    if (round % 2 == 0) history.flush();
    history.attempt_one();
    history.finish_message();
    if (round % 3 == 2) {
      history.flush();
      box.spool->maintain();
    }
  }
}

// Opens it again; now and then the power fails during that as well.
void open_after_cut(Box& box) {
  for (int tries = 0; tries < 3 && box.rng.below(2) == 0; ++tries) {
    box.disk.power_fails_after(box.rng.below(12));
    const auto opened = box.try_open();
    box.power_cut();
    if (!opened) continue;
  }
  box.open();
}

// False when the script ends before the power fails.
bool crash_at(std::uint64_t change, std::uint64_t seed) {
  SCOPED_TRACE(testing::Message() << "power fails at change " << change << ", seed " << seed);
  const Quiet quiet;
  Box box;
  box.rng = Rng(seed);
  box.open();
  History history(box);
  box.disk.power_fails_after(change);
  work(box, history, 9);
  const bool failed = !box.disk.powered();
  box.power_cut();
  open_after_cut(box);
  history.verify();
  work(box, history, 3);
  history.flush();
  box.spool->maintain();
  box.reopen();
  history.verify();
  return failed;
}

class Crash : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Crash, AtEveryChangeOfTheDiskKeepsThePromise) {
  std::uint64_t change = 0;
  while (crash_at(change, GetParam()) && !HasFailure()) ++change;
  EXPECT_GT(change, 100U);
}
INSTANTIATE_TEST_SUITE_P(Seeds, Crash, testing::Values(1, 2, 3));

TEST(Crash, KilledAtAnyPointLosesNothing) {
  const Quiet quiet;
  for (std::uint64_t seed = 0; seed < effort(100, 25); ++seed) {
    SCOPED_TRACE(seed);
    Box box;
    box.rng = Rng(seed);
    box.open();
    History history(box);
    for (int life = 0; life < 5; ++life) {
      work(box, history, static_cast<int>(1 + box.rng.below(6)));
      box.kill();
      box.open();
      history.finals_are_noted();
      history.verify();
    }
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

TEST(Crash, WhileTheFirstSegmentIsMadeLeavesAUsableFolder) {
  const Quiet quiet;
  for (std::uint64_t change = 0; change < 20; ++change) {
    Box box;
    box.rng = Rng(change);
    box.disk.power_fails_after(change);
    if (box.try_open()) (void)box.accept(make_envelope(), "x");
    box.power_cut();
    box.open();
    EXPECT_EQ(box.spool->stats().damaged_records, 0U) << change;
    box.store();
  }
}

}  // namespace
}  // namespace penstock::spool
