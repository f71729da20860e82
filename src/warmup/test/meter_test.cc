// SPDX-License-Identifier: Apache-2.0
#include "warmup/meter.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace penstock::warmup {
namespace {

using namespace std::chrono_literals;
using model::OutcomeClass;
using model::OutcomeKind;
using model::Step;

class MeterTest : public ::testing::Test {
 protected:
  MeterPtr make(std::uint64_t allowance) {
    auto schedule = std::make_shared<Schedule>();
    schedule->plan.days = {allowance};
    return std::make_shared<Meter>(clock_, AccountName{"v1", "gmail"}, std::move(schedule), Ledger{});
  }
  static std::uint64_t under_way(Meter& meter) {
    return meter.with([](const Account& account, Time, Time) { return account.under_way(); });
  }
  static Ledger ledger(Meter& meter) {
    return meter.with([](const Account& account, Time, Time) { return account.ledger(); });
  }
  FakeClock clock_{Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}}};
};

TEST_F(MeterTest, ShareOfNothingLetsEverythingGo) {
  Share share;
  EXPECT_FALSE(share);
  EXPECT_FALSE(share.limits());
  EXPECT_EQ(share.reserve(100), 100U);
  share.settle(100, 50);
  EXPECT_EQ(share.room_now(), UINT64_MAX);
}

TEST_F(MeterTest, ShareGivesBackWhatItStillHolds) {
  const MeterPtr meter = make(86'400);
  {
    Share share(meter);
    (void)share.reserve(1);
    clock_.advance(60s);
    EXPECT_EQ(share.reserve(10), 10U);
    share.settle(4, 3);
    EXPECT_EQ(under_way(*meter), 6U);
    EXPECT_EQ(ledger(*meter).counts.taken, 3U);
  }
  EXPECT_EQ(under_way(*meter), 0U);
  EXPECT_EQ(ledger(*meter).counts.taken, 3U);
}

TEST_F(MeterTest, MovedShareHoldsOnce) {
  const MeterPtr meter = make(86'400);
  Share share(meter);
  (void)share.reserve(1);
  clock_.advance(60s);
  (void)share.reserve(5);
  Share other(std::move(share));
  other = Share(meter);
  EXPECT_EQ(under_way(*meter), 0U);
}

TEST_F(MeterTest, WhatWasNeverReservedGivesNothingBack) {
  const MeterPtr meter = make(86'400);
  Share share(meter);
  share.settle(10, 10);  // under way when the plan came
  EXPECT_EQ(under_way(*meter), 0U);
  EXPECT_EQ(ledger(*meter).counts.taken, 10U);
}

TEST_F(MeterTest, OnlyWhatSpeaksOfTheSenderIsASign) {
  struct Case {
    OutcomeKind kind;
    OutcomeClass outcome_class;
    Step step;
    std::uint16_t code;
    std::uint64_t deferred, bounced;
  };
  const Case cases[] = {
      {OutcomeKind::Deferred, OutcomeClass::RateLimit, Step::Mail, 421, 1, 0},
      {OutcomeKind::Deferred, OutcomeClass::Reputation, Step::EndOfData, 421, 1, 0},
      {OutcomeKind::Deferred, OutcomeClass::Blocklist, Step::Banner, 421, 1, 0},
      {OutcomeKind::Deferred, OutcomeClass::ServerTrouble, Step::Banner, 421, 0, 0},
      {OutcomeKind::Deferred, OutcomeClass::MailboxFull, Step::Rcpt, 452, 0, 0},
      {OutcomeKind::Deferred, OutcomeClass::Greylisting, Step::Rcpt, 451, 0, 0},
      {OutcomeKind::Deferred, OutcomeClass::Network, Step::Mail, 0, 0, 0},
      {OutcomeKind::Deferred, OutcomeClass::Timeout, Step::Connect, 0, 0, 0},
      {OutcomeKind::Bounced, OutcomeClass::InvalidMailbox, Step::Rcpt, 550, 0, 1},
      {OutcomeKind::Bounced, OutcomeClass::SpamContent, Step::EndOfData, 550, 0, 1},
      {OutcomeKind::Bounced, OutcomeClass::Suppressed, Step::Mail, 0, 0, 0},
      {OutcomeKind::Bounced, OutcomeClass::MessageTooLarge, Step::Mail, 552, 0, 0},
      {OutcomeKind::Delivered, OutcomeClass::None, Step::EndOfData, 250, 0, 0},
  };
  for (const Case& one : cases) {
    const MeterPtr meter = make(1000);
    Share share(meter);
    model::Outcome outcome{one.kind, one.step, one.outcome_class, model::Reply{one.code, {}, "said"}};
    share.note(outcome);
    EXPECT_EQ(ledger(*meter).counts.deferred, one.deferred) << model::to_string(one.outcome_class);
    EXPECT_EQ(ledger(*meter).counts.bounced, one.bounced) << model::to_string(one.outcome_class);
  }
}

TEST_F(MeterTest, ChangedLedgerIsTakenOnce) {
  const MeterPtr meter = make(1000);
  (void)meter->take_changed();
  EXPECT_FALSE(meter->take_changed());
  Share(meter).settle(1, 1);
  EXPECT_TRUE(meter->take_changed());
  EXPECT_FALSE(meter->take_changed());
}

// Shards that ask at the same time get no more together than one would.
TEST_F(MeterTest, ThreadsShareOneAllowance) {
  const MeterPtr meter = make(1000);
  (void)meter->with([](Account& account, Time now, Time wall) { return account.reserve(0, now, wall); });
  std::atomic<std::uint64_t> taken{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      Share share(meter);
      while (!over) {
        const std::uint32_t may = share.reserve(3);
        share.settle(may, may);
        taken += may;
      }
    });
  }
  for (int i = 0; i < 1439; ++i) clock_.advance(1min);
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(taken, 1000U);
  EXPECT_EQ(ledger(*meter).counts.taken, taken);
}

}  // namespace
}  // namespace penstock::warmup
