// SPDX-License-Identifier: Apache-2.0
#include "app/job_watch.h"

#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using queue::Whereabouts;
constexpr delivery::Sighting kDeferred{Whereabouts::Deferred, {}};
constexpr delivery::Sighting kActive{Whereabouts::Active, {}};
constexpr delivery::Sighting kHeld{Whereabouts::Held, {}};

api::Selection select(const std::string& domain, const std::string& recipient = "") {
  api::Selection made;
  made.domain = domain;
  made.recipient = recipient;
  return made;
}

class JobWatchTest : public ::testing::Test {
 protected:
  JobWatch make(api::Act act, JobWatch::Phase phase = JobWatch::Phase::Take) {
    return {*match_, labels_, act, model::MessageId{1000}, 2, phase};
  }
  queue::QueuedRecipient recipient(std::uint64_t message, const std::string& domain = "one.example") {
    queue::QueuedRecipient made;
    made.message = model::MessageId{message};
    made.domain = names_.intern(domain);
    return made;
  }

  model::NameTable names_;
  queue::LabelSetTable labels_;
  Result<SelectionMatch> match_ = SelectionMatch::make(select("one.example"), names_);
};

TEST_F(JobWatchTest, WhoMovesFromQueueToQueueIsTakenOnce) {
  JobWatch watch = make(api::Act::Reroute);
  EXPECT_TRUE(watch.see(recipient(1), kDeferred));
  EXPECT_FALSE(watch.see(recipient(1), kActive));
  EXPECT_FALSE(watch.meets(1, recipient(1), kActive));
  EXPECT_TRUE(watch.meets(1, recipient(2), kActive));
  EXPECT_FALSE(watch.see(recipient(2), kDeferred));
  EXPECT_EQ(watch.matched(), 2U);
  EXPECT_TRUE(watch.take_met(0).empty());
  EXPECT_EQ(watch.take_met(1).size(), 1U);
  EXPECT_TRUE(watch.take_met(1).empty());
}

TEST_F(JobWatchTest, WhoWasDeferredIsKeptWhereverHeIsMet) {
  JobWatch watch = make(api::Act::Reroute);
  watch.keep_deferred(names_.intern("v3"));
  const auto pinned = [&](std::uint64_t message, std::uint16_t attempts, const char* vmta) {
    queue::QueuedRecipient made = recipient(message);
    made.attempts = attempts;
    made.pinned_vmta = names_.intern(vmta);
    return made;
  };
  EXPECT_FALSE(watch.see(pinned(1, 1, "v1"), kDeferred));
  EXPECT_FALSE(watch.meets(0, pinned(2, 3, "v2"), kHeld));
  EXPECT_TRUE(watch.see(pinned(3, 0, "v1"), kDeferred)) << "an operator's wish: nobody answered yet";
  EXPECT_TRUE(watch.see(pinned(4, 1, "v3"), kDeferred)) << "the vMTA he is to get";
  EXPECT_TRUE(watch.see(recipient(5), kDeferred));
  watch.see_in_flight(recipient(6), {});
  watch.see_in_flight(recipient(7), {});
  watch.await();
  EXPECT_FALSE(watch.meets(1, pinned(6, 1, "v1"), kDeferred)) << "deferred just now";
  EXPECT_TRUE(watch.meets(1, recipient(7), kDeferred));
  EXPECT_EQ(watch.matched(), 7U);
  EXPECT_EQ(watch.kept(), 3U);
  EXPECT_EQ(watch.in_flight(), 0U);
}

TEST_F(JobWatchTest, DryRunCountsThoseItWouldKeep) {
  queue::QueuedRecipient deferred = recipient(1);
  deferred.attempts = 1;
  deferred.pinned_vmta = names_.intern("v1");
  queue::QueuedRecipient flying = deferred;
  flying.message = model::MessageId{2};
  JobWatch watch = make(api::Act::Reroute, JobWatch::Phase::Look);
  watch.keep_deferred({});
  EXPECT_FALSE(watch.see(deferred, kDeferred));
  EXPECT_FALSE(watch.see(recipient(3), kDeferred));
  watch.see_in_flight(flying, {});
  EXPECT_EQ(watch.matched(), 3U);
  EXPECT_EQ(watch.kept(), 2U);
  EXPECT_EQ(watch.in_flight(), 0U);
  watch.narrow({deferred});
  EXPECT_EQ(watch.matched(), 1U);
  EXPECT_EQ(watch.kept(), 1U);
}

TEST_F(JobWatchTest, OnlyThoseInFlightAreMetAfterwards) {
  JobWatch watch = make(api::Act::Hold);
  watch.see_in_flight(recipient(1), {});
  watch.see_in_flight(recipient(2, "two.example"), {});
  watch.await();
  EXPECT_EQ(watch.in_flight(), 1U);
  EXPECT_FALSE(watch.meets(0, recipient(3), kDeferred));
  EXPECT_TRUE(watch.meets(0, recipient(1), kDeferred));
  EXPECT_FALSE(watch.meets(0, recipient(1), kDeferred));
  EXPECT_EQ(watch.in_flight(), 0U);
}

TEST_F(JobWatchTest, WhoComesBackBetweenLookingAndAwaitingIsMet) {
  JobWatch watch = make(api::Act::Hold);
  watch.see_in_flight(recipient(1), {});
  EXPECT_TRUE(watch.meets(0, recipient(1), kDeferred));
  EXPECT_EQ(watch.in_flight(), 0U);
  EXPECT_EQ(watch.matched(), 1U);
}

TEST_F(JobWatchTest, LaterMailIsNotItsBusiness) {
  JobWatch watch = make(api::Act::Hold);
  EXPECT_FALSE(watch.see(recipient(1000), kDeferred));
  EXPECT_FALSE(watch.meets(0, recipient(1001), kDeferred));
  watch.see_in_flight(recipient(1000), {});
  EXPECT_EQ(watch.in_flight(), 0U);
}

TEST_F(JobWatchTest, LookingCountsEachOnceAndTakesNobody) {
  JobWatch watch = make(api::Act::Bounce, JobWatch::Phase::Look);
  EXPECT_FALSE(watch.see(recipient(1), kDeferred));
  EXPECT_FALSE(watch.meets(0, recipient(1), kActive));
  watch.see_in_flight(recipient(1), {});
  watch.see_in_flight(recipient(2), {});
  EXPECT_FALSE(watch.meets(0, recipient(2), kDeferred));
  EXPECT_EQ(watch.matched(), 2U);
  EXPECT_EQ(watch.in_flight(), 1U);
}

TEST_F(JobWatchTest, HoldTakesWhatAPauseHoldsAndReleaseLeavesItToThePause) {
  queue::QueuedRecipient paused = recipient(1);
  paused.hold = queue::HoldReason::Paused;
  queue::QueuedRecipient held = recipient(2);
  held.hold = queue::HoldReason::Operator;
  JobWatch hold = make(api::Act::Hold);
  EXPECT_TRUE(hold.see(paused, kHeld));
  EXPECT_FALSE(hold.see(held, kHeld));
  JobWatch release = make(api::Act::Release);
  EXPECT_FALSE(release.see(paused, kHeld));
  EXPECT_TRUE(release.see(held, kHeld));
}

TEST_F(JobWatchTest, ForAnAddressOnlyTheConfirmedAreTaken) {
  match_ = SelectionMatch::make(select("", "a@one.example"), names_);
  JobWatch watch = make(api::Act::Hold, JobWatch::Phase::Look);
  EXPECT_FALSE(watch.see(recipient(1), kDeferred));
  watch.see_in_flight(recipient(2), {});
  EXPECT_EQ(watch.take_candidates().size(), 2U);
  watch.await({recipient(2)});
  EXPECT_FALSE(watch.see(recipient(1), kDeferred));
  EXPECT_TRUE(watch.meets(1, recipient(2), kDeferred));
  EXPECT_EQ(watch.matched(), 1U);
}

}  // namespace
}  // namespace penstock::app
