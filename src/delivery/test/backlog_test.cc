// SPDX-License-Identifier: Apache-2.0
#include "delivery/backlog.h"

#include <gtest/gtest.h>

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;

class BacklogTest : public ::testing::Test {
 protected:
  BacklogTest() {
    found_.id = {model::MessageId{42}, 7};
    found_.domain = "one.example";
    found_.stream = "news";
    found_.tenant = "shop";
    found_.received = clock_.wall() - 1h;
    found_.body_bytes = 1024;
  }
  queue::QueuedRecipient only(std::size_t shards = 1) {
    Backlog backlog(clock_, names_, labels_, shards);
    backlog.recovered(found_);
    EXPECT_EQ(backlog.size(), 1U);
    for (std::size_t i = 0; i < shards; ++i) {
      const auto taken = backlog.take(i);
      if (!taken.empty()) return taken.front();
    }
    return {};
  }
  FakeClock clock_;
  model::NameTable names_;
  queue::LabelSetTable labels_;
  spool::RecoveredRecipient found_;
};

TEST_F(BacklogTest, WhatTheSpoolKnowsBecomesADescriptor) {
  found_.pinned_vmta = "v2";
  found_.attempts = 3;
  found_.next_due = clock_.wall() + 10min;
  found_.first_attempt = clock_.wall() - 50min;
  const auto one = only();
  EXPECT_EQ(one.id(), found_.id);
  EXPECT_EQ(names_.view(one.domain), "one.example");
  EXPECT_EQ(names_.view(labels_.view(one.labels).stream), "news");
  EXPECT_EQ(names_.view(one.pinned_vmta), "v2");
  EXPECT_EQ(one.attempts, 3U);
  EXPECT_EQ(one.body_kib, 1U);
  EXPECT_EQ(queue::time_of(one.due), clock_.now() + 10min);
  EXPECT_EQ(queue::time_of(one.received), clock_.now() - 1h);
}

TEST_F(BacklogTest, NotAttemptedYetWaitsForItsFirstAttempt) {
  EXPECT_EQ(only().due, 0U);
  found_.first_attempt = clock_.wall() + 2h;
  EXPECT_EQ(queue::time_of(only().due), clock_.now() + 2h);
}

TEST_F(BacklogTest, TimesFollowTheWallClockOfTheDisk) {
  clock_.step_wall(-3h);  // the schedule is three hours ahead of the wall
  found_.next_due = clock_.wall() + 5min;
  found_.received = clock_.wall();
  EXPECT_EQ(queue::time_of(only().due), clock_.now() + 5min);
  EXPECT_EQ(queue::time_of(only().received), clock_.now());
}

TEST_F(BacklogTest, HoldStays) {
  found_.hold = static_cast<std::uint8_t>(queue::HoldReason::Operator);
  EXPECT_EQ(only().hold, queue::HoldReason::Operator);
}

TEST_F(BacklogTest, WhatTheSenderAsksOfTlsStays) {
  EXPECT_EQ(labels_.view(only().labels).tls, model::TlsWish::Usual);
  found_.tls = model::TlsWish::Required;
  EXPECT_EQ(labels_.view(only().labels).tls, model::TlsWish::Required);
}

TEST_F(BacklogTest, HugeNumbersAreCut) {
  found_.attempts = 1'000'000;
  found_.body_bytes = ~0ULL - 2000;
  const auto one = only();
  EXPECT_EQ(one.attempts, 65535U);
  EXPECT_EQ(one.body_kib, 0xFFFFFFFFU);
}

TEST_F(BacklogTest, RecipientsOfADomainGoToOneShardAndLeaveOnce) {
  Backlog backlog(clock_, names_, labels_, 3);
  for (std::uint32_t i = 0; i < 30; ++i) {
    const std::string domain = "d" + std::to_string(i % 5) + ".example";
    found_.domain = domain;
    found_.id.index = i;
    backlog.recovered(found_);
  }
  std::size_t sum = 0;
  std::vector<int> shards_of(100, -1);
  for (int shard = 0; shard < 3; ++shard) {
    for (const auto& one : backlog.take(static_cast<std::size_t>(shard))) {
      ++sum;
      int& of = shards_of.at(one.domain.value);
      EXPECT_TRUE(of == -1 || of == shard);
      of = shard;
    }
  }
  EXPECT_EQ(sum, 30U);
  EXPECT_EQ(backlog.size(), 0U);
}

}  // namespace
}  // namespace penstock::delivery
