// SPDX-License-Identifier: Apache-2.0
#include "shaping/refusal_budget.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"

using namespace penstock;
using namespace penstock::shaping;

TEST(RefusalBudget, WhoSavedLooksSoonerAndWhoOwesLater) {
  RefusalBudget budget;
  EXPECT_EQ(budget.price(), 1);
  for (int i = 0; i < 1000; ++i) budget.answered(0.004);
  EXPECT_NEAR(budget.saved(), 4, 1e-9);
  EXPECT_LT(budget.price(), 1);
  for (int i = 0; i < 6; ++i) budget.refused();
  EXPECT_NEAR(budget.saved(), -2, 1e-9);
  EXPECT_GT(budget.price(), 1);
}

TEST(RefusalBudget, NeitherSavingsNorDebtsGrowForEver) {
  RefusalBudget saver, debtor;
  for (int i = 0; i < 1'000'000; ++i) saver.answered(0.004);
  for (int i = 0; i < 1000; ++i) debtor.refused();
  EXPECT_LE(saver.saved(), 20);
  EXPECT_GE(debtor.saved(), -20);
  EXPECT_GE(saver.price(), 0.2);
  EXPECT_LE(debtor.price(), 5);
}

TEST(RefusalBudget, WhatOneLeavesAnotherMayUse) {
  const auto pool = std::make_shared<RefusalPool>();
  RefusalBudget fast(pool), slow(pool);
  EXPECT_EQ(slow.help(), 0);
  for (int i = 0; i < 20'000; ++i) fast.answered(0.004);
  EXPECT_EQ(slow.help(), 1);
  const double before = pool->balance();
  slow.refused();
  EXPECT_EQ(slow.saved(), 0) << "others pay";
  EXPECT_NEAR(pool->balance(), before - 1, 1e-9);
}

TEST(RefusalBudget, EmptyPoolPaysNothing) {
  const auto pool = std::make_shared<RefusalPool>();
  RefusalBudget budget(pool);
  pool->add(-5);
  EXPECT_EQ(budget.help(), 0);
  budget.refused();
  EXPECT_EQ(budget.saved(), -1);
  EXPECT_EQ(pool->balance(), -5);
}

// Whatever happens, no more is spent than was saved, but for the debts that are allowed.
TEST(RefusalBudget, NothingIsSpentTwice) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed);
    const auto pool = std::make_shared<RefusalPool>();
    std::vector<RefusalBudget> budgets(8, RefusalBudget(pool));
    double earned = 0, spent = 0;
    for (int i = 0; i < 20'000; ++i) {
      RefusalBudget& one = budgets[rng.below(budgets.size())];
      // Refused only where something is left: debts that are forgiven would count as earned.
      if (rng.below(100) == 0 && one.saved() > 0) {
        one.refused();
        ++spent;
      } else {
        one.answered(0.005);
        earned += 0.005;
      }
    }
    double left = pool->balance();
    for (const RefusalBudget& one : budgets) left += one.saved();
    EXPECT_NEAR(left, earned - spent, 1e-6) << "seed " << seed;
  }
}
