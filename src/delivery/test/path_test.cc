// SPDX-License-Identifier: Apache-2.0
#include "delivery/path.h"

#include <gtest/gtest.h>

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;

class FakeIdle final : public IdleConnection {
 public:
  void wake(bool quit) override {
    unlink();
    woken = true;
    told_to_quit = quit;
  }
  bool woken = false;
  bool told_to_quit = false;
};

class PathTest : public ::testing::Test {
 protected:
  Lane& lane(const std::string& site) {
    auto made = std::make_shared<Destination>();
    made->site = names_.intern(site);
    return path_.lane_to(made, pool_, labels_);
  }
  static shaping::PathLimiter limiter() {
    return shaping::PathLimiter({std::make_shared<shaping::Limiter>("v1/gmail", shaping::Limits{.connections = 2})});
  }
  FakeClock clock_;
  model::NameTable names_;
  queue::LabelSetTable labels_;
  queue::ChunkPool pool_;
  Path path_{{model::NameId{1}, model::NameId{2}}, model::NameId{2}, limiter(), {}, clock_.now()};
};

TEST_F(PathTest, EachSiteHasItsLaneWhichFollowsNewerDestinations) {
  Lane& first = lane("mx1");
  Lane& second = lane("mx2");
  EXPECT_NE(&first, &second);
  const DestinationPtr before = first.destination;
  EXPECT_EQ(&lane("mx1"), &first);
  EXPECT_NE(first.destination, before);
  EXPECT_EQ(path_.lanes().size(), 2U);
}

TEST_F(PathTest, LanesWantInTurnAndOnce) {
  Lane& a = lane("a");
  Lane& b = lane("b");
  path_.want(a);
  path_.want(b);
  path_.want(a);
  EXPECT_TRUE(path_.someone_wants());
  EXPECT_TRUE(path_.another_wants(a));
  EXPECT_EQ(path_.next_wanting(), &a);
  path_.want_first(a);
  EXPECT_EQ(path_.next_wanting(), &a);
  EXPECT_TRUE(path_.another_wants(a));
  EXPECT_FALSE(path_.another_wants(b));
  EXPECT_EQ(path_.next_wanting(), &b);
  EXPECT_EQ(path_.next_wanting(), nullptr);
}

TEST_F(PathTest, RecipientsOfAMessageCountAsTheTransactionsTheyNeed) {
  Lane& a = lane("a");
  queue::QueuedRecipient recipient;
  recipient.message = model::MessageId{1};
  for (recipient.index = 0; recipient.index < 5; ++recipient.index) a.push(recipient, queue::Priority::Normal);
  EXPECT_EQ(a.transactions(100), 1U);
  EXPECT_EQ(a.transactions(2), 3U);
  recipient.message = model::MessageId{2};
  a.push(recipient, queue::Priority::Normal);
  EXPECT_EQ(a.transactions(100), 2U);
  EXPECT_TRUE(a.lacks_connections());
  a.opening = 2;
  EXPECT_FALSE(a.lacks_connections());
}

TEST_F(PathTest, IdleSlotOfAnotherLaneIsFreedNotOnesOwn) {
  Lane& a = lane("a");
  Lane& b = lane("b");
  FakeIdle idle;
  a.idle.push_back(idle);
  EXPECT_FALSE(path_.free_idle_slot(a));
  EXPECT_FALSE(idle.woken);
  EXPECT_TRUE(path_.free_idle_slot(b));
  EXPECT_TRUE(idle.woken && idle.told_to_quit);
  EXPECT_FALSE(path_.free_idle_slot(b));
}

TEST_F(PathTest, UnusedLanesAreForgottenUsedOnesNot) {
  EXPECT_TRUE(path_.idle());
  Lane& used = lane("used");
  lane("unused");
  used.ready.push({.message = model::MessageId{1}}, queue::Priority::Normal);
  used.in_delivery = 3;
  used.connections = 2;
  EXPECT_FALSE(path_.idle());
  path_.drop_unused_lanes();
  ASSERT_EQ(path_.lanes().size(), 1U);
  EXPECT_EQ(path_.ready(), 1U);
  EXPECT_EQ(path_.in_delivery(), 3U);
  EXPECT_EQ(path_.connections(), 2U);
  const queue::PauseSet none;
  (void)used.ready.pop(none);
  used.in_delivery = used.connections = 0;
  EXPECT_TRUE(path_.idle());
}

TEST_F(PathTest, LaneThatWantsOrFlushesIsUsed) {
  Lane& one = lane("one");
  path_.want(one);
  EXPECT_FALSE(path_.idle());
  (void)path_.next_wanting();
  one.flushing = true;
  EXPECT_FALSE(path_.idle());
  one.flushing = false;
  EXPECT_TRUE(path_.idle());
}

TEST_F(PathTest, RatesTellTheLastHalfToWholeMinute) {
  path_.count(model::OutcomeKind::Delivered, 300);
  clock_.advance(30s);
  EXPECT_DOUBLE_EQ(path_.rates(clock_.now()).delivered, 10);
  path_.sample(clock_.now());  // the samples now: the start, here
  path_.count(model::OutcomeKind::Delivered, 600);
  path_.count(model::OutcomeKind::Deferred, 60);
  path_.count(model::OutcomeKind::Bounced, 30);
  clock_.advance(30s);
  EXPECT_DOUBLE_EQ(path_.rates(clock_.now()).delivered, 15);
  path_.sample(clock_.now());
  EXPECT_DOUBLE_EQ(path_.rates(clock_.now()).delivered, 20);
  EXPECT_DOUBLE_EQ(path_.rates(clock_.now()).deferred, 2);
  EXPECT_DOUBLE_EQ(path_.rates(clock_.now()).bounced, 1);
  clock_.advance(30s);
  path_.sample(clock_.now());
  EXPECT_DOUBLE_EQ(path_.rates(clock_.now() + 1s).delivered, 0);
  EXPECT_EQ(path_.counts().delivered, 900U);
}

}  // namespace
}  // namespace penstock::delivery
