// SPDX-License-Identifier: Apache-2.0
// Random operations and random ends, thousands of them, against History's simple account of what must hold.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "base/test/effort.h"
#include "spool/test/history.h"

namespace penstock::spool {
namespace {

class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed) : history_(box_) {
    box_.rng = Rng(seed);
    box_.options.cache_bytes = box_.rng.below(2) == 0 ? 0 : 100'000;
    box_.options.compact_below = 0.1 + box_.rng.unit() * 0.5;
    box_.open();
  }
  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    history_.flush();
    box_.spool->maintain();
    box_.reopen();
    history_.verify();
  }

 private:
  void step() {
    const std::uint64_t choice = box_.rng.below(100);
    if (choice < 40) return history_.accept(box_.rng.below(8) == 0 ? 50'000 : 6'000);
    if (choice < 52) return history_.finish_one();
    if (choice < 65) return history_.finish_message();
    if (choice < 75) return history_.attempt_one();
    if (choice < 82) return void(history_.flush());
    if (choice < 87) return box_.spool->maintain();
    if (choice < 89) return history_.verify_open();
    if (choice < 92) return end(&Box::close);
    if (choice < 94) return end(&Box::kill);
    if (choice < 96) return end(&Box::power_cut);
    if (choice < 98) return full_disk();
    failing_disk();
  }
  void end(void (Box::*how)()) {
    (box_.*how)();
    box_.open();
    history_.verify();
  }
  void full_disk() {
    box_.disk.set_capacity(box_.disk.used_bytes() + box_.rng.below(20'000));
    for (int i = 0; i < 8; ++i) history_.accept(20'000);
    history_.finish_message();
    history_.attempt_one();
    history_.flush();
    box_.spool->maintain();
    history_.verify_open();
    box_.disk.set_capacity(1ULL << 40);
    box_.spool->maintain();
    history_.refusals_are_sealed();
    EXPECT_TRUE(box_.spool->healthy());
  }
  void failing_disk() {
    box_.disk.write_short(box_.rng.unit());
    if (box_.rng.below(2) == 0) {
      box_.disk.fail_writes_after(box_.rng.below(10), box_.rng.below(2) == 0 ? EIO : ENOSPC);
    } else {
      box_.disk.fail_syncs_after(box_.rng.below(6), EIO);
    }
    for (int i = 0; i < 4; ++i) history_.accept(6'000);
    history_.attempt_one();
    history_.finish_message();
    history_.flush();
    const bool healed = box_.rng.below(2) == 0;
    if (healed) {
      box_.disk.heal();
      box_.spool->maintain();
      history_.refusals_are_sealed();
    }
    // Only a new start makes it healthy again.
    box_.kill();
    box_.disk.heal();
    box_.open();
    history_.verify();
  }

  Box box_;
  History history_;
};

class RandomSeeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomSeeds, OperationsAndEndsKeepThePromise) {
  const Quiet quiet;
  for (std::uint64_t run = 0; run < effort(100, 25); ++run) {
    const std::uint64_t seed = GetParam() * 1000 + run;
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    RandomRun(seed).run(60);
    ASSERT_FALSE(HasFailure());
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomSeeds, testing::Range<std::uint64_t>(1, 9));

// For a seed that another test named: PENSTOCK_SEED=1267 test_spool --gtest_filter='Random.OneSeed'
TEST(Random, OneSeed) {
  const char* seed = std::getenv("PENSTOCK_SEED");
  RandomRun(seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10)).run(60);
}

}  // namespace
}  // namespace penstock::spool
