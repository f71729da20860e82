// SPDX-License-Identifier: Apache-2.0
#include "shaping/signal_window.h"

#include <gtest/gtest.h>

#include "shaping/latency_watch.h"

using namespace std::chrono_literals;
using penstock::Time;
using penstock::model::Step;
using namespace penstock::shaping;

namespace {
constexpr Time kStart{1'800'000'000s};
}

TEST(SignalWindow, ShareNeedsTheVolume) {
  SignalWindow window;
  for (int i = 0; i < 5; ++i) window.add(Signal::Deferred, kStart);
  EXPECT_EQ(window.share(Signal::Deferred, 10, kStart), 0);
  for (int i = 0; i < 15; ++i) window.add(Signal::Taken, kStart);
  EXPECT_DOUBLE_EQ(window.share(Signal::Deferred, 10, kStart), 0.25);
}

TEST(SignalWindow, ForgetsAfterAMinute) {
  SignalWindow window;
  window.add(Signal::Refused, kStart);
  EXPECT_EQ(window.count(Signal::Refused, kStart + 50s), 1U);
  EXPECT_EQ(window.count(Signal::Refused, kStart + 65s), 0U);
  window.add(Signal::Refused, kStart + 70s);
  EXPECT_EQ(window.volume(kStart + 10h), 0U);
}

TEST(SignalWindow, ClearForgetsAtOnce) {
  SignalWindow window;
  window.add(Signal::Taken, kStart);
  window.clear();
  EXPECT_EQ(window.volume(kStart), 0U);
}

TEST(LatencyWatch, RiseIsToldOnce) {
  LatencyWatch watch;
  for (int i = 0; i < 500; ++i) ASSERT_FALSE(watch.observe(Step::EndOfData, 100ms, 4, 20));
  int told = 0;
  for (int i = 0; i < 500; ++i) told += watch.observe(Step::EndOfData, 2s, 4, 20) ? 1 : 0;
  EXPECT_EQ(told, 1);
}

TEST(LatencyWatch, OneSlowAnswerIsNoRise) {
  LatencyWatch watch;
  for (int i = 0; i < 500; ++i) watch.observe(Step::Mail, 100ms, 4, 20);
  EXPECT_FALSE(watch.observe(Step::Mail, 5s, 4, 20));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(watch.observe(Step::Mail, 100ms, 4, 20));
}

TEST(LatencyWatch, FewAnswersAndOtherStepsSayNothing) {
  LatencyWatch watch;
  EXPECT_FALSE(watch.observe(Step::Mail, 10ms, 4, 20));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch.observe(Step::Mail, 9s, 4, 20));
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(watch.observe(Step::Quit, i < 250 ? 10ms : 10s, 4, 20));
}
