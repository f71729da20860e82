// SPDX-License-Identifier: Apache-2.0
#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <thread>

using namespace penstock::metrics;

TEST(Registry, SameNameAndLabelsIsTheSameCounter) {
  Registry registry;
  Counter& a = registry.counter("penstock_x_total", "X", {{"step", "rcpt"}});
  EXPECT_EQ(&a, &registry.counter("penstock_x_total", "X", {{"step", "rcpt"}}));
  EXPECT_NE(&a, &registry.counter("penstock_x_total", "X", {{"step", "data"}}));
}

TEST(Registry, TextIsPrometheusExposition) {
  Registry registry;
  registry.counter("penstock_a_total", "Things", {{"who", "a\"b\\c\nd"}}).add(3);
  registry.gauge("penstock_b", "Level").set(-2);
  auto& h = registry.histogram("penstock_c_seconds", "Spans", {0.1, 1});
  h.observe(0.05);
  h.observe(0.1);
  h.observe(5);
  EXPECT_EQ(registry.text(),
            "# HELP penstock_a_total Things\n# TYPE penstock_a_total counter\n"
            "penstock_a_total{who=\"a\\\"b\\\\c\\nd\"} 3\n"
            "# HELP penstock_b Level\n# TYPE penstock_b gauge\npenstock_b -2\n"
            "# HELP penstock_c_seconds Spans\n# TYPE penstock_c_seconds histogram\n"
            "penstock_c_seconds_bucket{le=\"0.1\"} 2\npenstock_c_seconds_bucket{le=\"1\"} 2\n"
            "penstock_c_seconds_bucket{le=\"+Inf\"} 3\npenstock_c_seconds_sum 5.15\npenstock_c_seconds_count 3\n");
}

TEST(Counter, ThreadsLoseNothing) {
  Counter counter;
  auto work = [&] {
    for (int i = 0; i < 100'000; ++i) counter.add();
  };
  std::thread a(work);
  std::thread b(work);
  a.join();
  b.join();
  EXPECT_EQ(counter.value(), 200'000U);
}

TEST(Registry, CounterKeptElsewhereIsReadWhenTheTextIsMade) {
  Registry registry;
  double value = 3;
  registry.counter_from("penstock_kept_elsewhere_total", "Kept elsewhere", [&value] { return value; });
  value = 4;
  const std::string text = registry.text();
  EXPECT_NE(text.find("# TYPE penstock_kept_elsewhere_total counter\npenstock_kept_elsewhere_total 4\n"),
            std::string::npos)
      << text;
}
