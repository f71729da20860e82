// SPDX-License-Identifier: Apache-2.0
#include "sim/load_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/latency.h"

using namespace penstock;
using namespace penstock::sim;
using namespace std::chrono_literals;

TEST(LoadPlan, SameSeedGivesTheSameMessages) {
  PlanOptions options;
  options.domains = *parse_domains("a.test=1,b.test=1");
  options.sizes = *parse_sizes("1KiB:1,4KiB:1");
  const LoadPlan one(options);
  const LoadPlan two(options);
  options.seed = 2;
  const LoadPlan other(options);
  bool differs = false;
  for (std::uint64_t n = 1; n <= 50; ++n) {
    Draft a;
    Draft b;
    Draft c;
    one.fill(n, a);
    two.fill(n, b);
    other.fill(n, c);
    EXPECT_EQ(a.recipients, b.recipients);
    EXPECT_EQ(a.body, b.body);
    differs = differs || a.recipients != c.recipients;
  }
  EXPECT_TRUE(differs);
}

TEST(LoadPlan, MessageHasItsIdItsSizeAndOnlyGoodLines) {
  PlanOptions options;
  options.run = "r";
  options.recipients_per_message = 2;
  options.headers = {"X-Campaign-Type: newsletter"};
  options.from = "bounce+{n}@b.test";
  const LoadPlan plan(options);
  Draft draft;
  plan.fill(7, draft);
  EXPECT_EQ(draft.sim_id, "r-7");
  EXPECT_EQ(draft.sender, "bounce+7@b.test");
  EXPECT_THAT(draft.recipients, testing::ElementsAre("user7-1@example.test", "user7-2@example.test"));
  EXPECT_THAT(draft.head, testing::StartsWith("X-Sim-Id: r-7\r\n"));
  EXPECT_THAT(draft.head, testing::HasSubstr("\r\nX-Campaign-Type: newsletter\r\n"));
  EXPECT_TRUE(draft.head.ends_with("\r\n\r\n"));
  EXPECT_TRUE(draft.body.ends_with("\r\n"));
  EXPECT_EQ(draft.body.find("\n."), std::string_view::npos);
  EXPECT_NEAR(static_cast<double>(draft.head.size() + draft.body.size()), 10240, 80);
}

TEST(LoadPlan, WeightsAreKeptRoughly) {
  PlanOptions options;
  options.domains = *parse_domains("big.test=90,d{1..10}.test=10");
  const LoadPlan plan(options);
  int big = 0;
  Draft draft;
  for (std::uint64_t n = 1; n <= 2000; ++n) {
    plan.fill(n, draft);
    big += draft.recipients[0].ends_with("@big.test") ? 1 : 0;
  }
  EXPECT_NEAR(big, 1800, 100);
}

TEST(LoadPlan, BadListsAreRefused) {
  for (const char* bad : {"", "x", "10KiB:", "10KiB:0", "10KiB:-1", "1KiB:1,,", "1TiB"}) {
    EXPECT_FALSE(parse_sizes(bad)) << bad;
  }
  EXPECT_EQ(parse_sizes("10240")->at(0).bytes, 10240U);
  for (const char* bad : {"", "a.test=", "a.test=x", "=5", "a.test=1,", "d{2..1}.test"}) {
    EXPECT_FALSE(parse_domains(bad)) << bad;
  }
}

TEST(Latencies, PercentilesAreWithinABucket) {
  Latencies latencies;
  EXPECT_EQ(latencies.percentile(0.5), 0us);
  for (int i = 1; i <= 1000; ++i) latencies.add(Duration{i * 100});
  EXPECT_NEAR(static_cast<double>(latencies.percentile(0.5).count()), 50'000, 3500);
  EXPECT_NEAR(static_cast<double>(latencies.percentile(0.99).count()), 99'000, 7000);
  EXPECT_EQ(latencies.max(), 100ms);
  EXPECT_LE(latencies.percentile(1.0), latencies.max());
}
