// SPDX-License-Identifier: Apache-2.0
#include "app/flow_rates.h"

#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using model::EventType;

class CountingSink final : public model::EventSink {
 public:
  void record(const model::Event&) override { ++count; }
  int count = 0;
};

class FlowRatesTest : public ::testing::Test {
 protected:
  void record(EventType type, int times) {
    model::Event event;
    event.type = type;
    for (int i = 0; i < times; ++i) flow_.record(event);
  }
  metrics::Registry registry_;
  CountingSink next_;
  FlowRates flow_{registry_, next_};
  Time now_{1'800'000'000s};
};

TEST_F(FlowRatesTest, CountsByTypeAndPassesOn) {
  const EventType types[] = {EventType::Accepted, EventType::Rejected, EventType::Delivered,  EventType::Deferred,
                             EventType::Bounced,  EventType::Expired,  EventType::Suppressed, EventType::Config};
  int times = 0;
  for (const EventType type : types) record(type, ++times);
  const auto totals = flow_.totals();
  EXPECT_EQ(totals.accepted, 1U);
  EXPECT_EQ(totals.rejected, 2U);
  EXPECT_EQ(totals.delivered, 3U);
  EXPECT_EQ(totals.deferred, 4U);
  EXPECT_EQ(totals.bounced, 5U);
  EXPECT_EQ(totals.expired, 6U);
  EXPECT_EQ(totals.suppressed, 7U);
  EXPECT_EQ(next_.count, 36);
}

TEST_F(FlowRatesTest, NoRateBeforeTwoSamples) {
  record(EventType::Delivered, 5);
  EXPECT_EQ(flow_.rates().delivered, 0);
  flow_.sample(now_);
  EXPECT_EQ(flow_.rates().delivered, 0);
  flow_.sample(now_);  // no time between
  EXPECT_EQ(flow_.rates().delivered, 0);
}

TEST_F(FlowRatesTest, RatesAreThoseOfTheLastMinute) {
  flow_.sample(now_);
  for (int second = 1; second <= 60; ++second) {
    record(EventType::Accepted, second <= 30 ? 4 : 2);
    flow_.sample(now_ + std::chrono::seconds{second});
  }
  EXPECT_DOUBLE_EQ(flow_.rates().accepted, 3);
  for (int second = 61; second <= 120; ++second) flow_.sample(now_ + std::chrono::seconds{second});
  EXPECT_DOUBLE_EQ(flow_.rates().accepted, 0);
  EXPECT_EQ(flow_.totals().accepted, 180U);
}

}  // namespace
}  // namespace penstock::app
