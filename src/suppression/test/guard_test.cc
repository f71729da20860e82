// SPDX-License-Identifier: Apache-2.0
#include "suppression/guard.h"

#include <gtest/gtest.h>

#include <future>

#include "src/suppression/test/store.h"

namespace penstock::suppression {
namespace {

using model::OutcomeClass;
using std::chrono::hours;

constexpr Duration kDay{hours{24}};

Bounce bounce_of(std::string address, OutcomeClass outcome_class) {
  Bounce bounce;
  bounce.address = std::move(address);
  bounce.outcome_class = outcome_class;
  bounce.reason = "450 4.2.0 later";
  bounce.who = "delivery";
  return bounce;
}

class GuardTest : public testing::Test {
 protected:
  void learn(std::vector<Bounce> bounces) {
    std::promise<bool> done;
    guard.learn(std::move(bounces), [&done](const Result<Added>& added) { done.set_value(bool(added)); });
    EXPECT_TRUE(done.get_future().get());
  }
  void use(const config::Suppression& settings) { guard.set_policy(std::make_shared<const Policy>(settings)); }
  // Two soft bounces, a day apart or more, suppress.
  config::Suppression use_two_soft_bounces() {
    config::Suppression settings;
    settings.soft.days = 2;
    settings.soft.messages = 2;
    settings.soft.span = kDay;
    use(settings);
    return settings;
  }
  // What was submitted before is done.
  void flush() {
    EXPECT_TRUE(store.writer().run([](state::Database&) { return Result<>(); }));
  }

  Store store;
  Guard guard{*store, std::make_shared<const Policy>(config::Suppression())};
};

TEST_F(GuardTest, HardBounceSuppressesAtOnce) {
  const Bounce bounce = bounce_of("Gone@Example.com", OutcomeClass::InvalidMailbox);
  EXPECT_TRUE(guard.concerns(bounce));
  EXPECT_FALSE(guard.concerns(bounce_of("a@x.example", OutcomeClass::RateLimit)));
  learn({bounce, bounce_of("full@example.com", OutcomeClass::MailboxFull)});
  EXPECT_EQ(store.cause("gone@example.com"), "invalid-mailbox");
  EXPECT_EQ(store.cause("full@example.com"), "mailbox-full");
  store.reopen();
  EXPECT_EQ(store.cause("gone@example.com"), "invalid-mailbox");
}

TEST_F(GuardTest, WhatIsNoAddressIsPassedOver) {
  learn({bounce_of("nobody", OutcomeClass::InvalidMailbox), bounce_of("a@x.example", OutcomeClass::InvalidMailbox)});
  EXPECT_EQ(store->size(), 1U);
}

TEST_F(GuardTest, SoftBouncesOverSeveralDaysSuppress) {
  config::Suppression settings;
  settings.soft.days = 3;
  settings.soft.messages = 4;
  settings.soft.span = 2 * kDay;
  use(settings);
  const Bounce bounce = bounce_of("slow@example.com", OutcomeClass::Expired);
  learn({bounce, bounce});  // two messages, one day
  store.clock.advance(kDay);
  learn({bounce});
  EXPECT_EQ(store.cause("slow@example.com"), "");
  store.clock.advance(kDay);
  learn({bounce});
  EXPECT_EQ(store.cause("slow@example.com"), "soft-bounces");
  const auto hit = guard.check("slow@example.com", {});
  EXPECT_EQ((*hit)->until, store.clock.wall() + settings.soft.lasts);
}

TEST_F(GuardTest, ManySoftBouncesOfOneDayDoNot) {
  config::Suppression settings;
  settings.soft.days = 2;
  settings.soft.messages = 2;
  use(settings);
  for (int i = 0; i < 20; ++i) learn({bounce_of("slow@example.com", OutcomeClass::Expired)});
  EXPECT_EQ(store.cause("slow@example.com"), "");
}

TEST_F(GuardTest, DeliveryForgivesSoftBounces) {
  use_two_soft_bounces();
  learn({bounce_of("slow@example.com", OutcomeClass::Expired)});
  store.clock.advance(kDay);
  guard.delivered("Slow@example.com");
  flush();
  learn({bounce_of("slow@example.com", OutcomeClass::Expired)});
  EXPECT_EQ(store.cause("slow@example.com"), "");
}

TEST_F(GuardTest, LongQuietForgivesSoftBounces) {
  const config::Suppression settings = use_two_soft_bounces();
  learn({bounce_of("slow@example.com", OutcomeClass::Expired)});
  store.clock.advance(settings.soft.forget + kDay);
  learn({bounce_of("slow@example.com", OutcomeClass::Expired)});
  EXPECT_EQ(store.cause("slow@example.com"), "");
}

TEST_F(GuardTest, AfterTheWriterStoppedNothingIsLearned) {
  store.writer().stop();
  bool failed = false;
  guard.learn({bounce_of("a@x.example", OutcomeClass::InvalidMailbox)},
              [&failed](const Result<Added>& added) { failed = !added; });
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace penstock::suppression
