// SPDX-License-Identifier: Apache-2.0
#include "shaping/path_limiter.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using penstock::Rng;
using penstock::Time;
using penstock::model::Outcome;
using penstock::model::Step;
using namespace penstock::shaping;

namespace {

constexpr Time kStart{1'800'000'000s};

std::shared_ptr<Limiter> scope(const char* name, const Limits& limits, bool trouble = false) {
  return std::make_shared<Limiter>(name, limits, trouble ? std::optional(TroublePolicy{.jitter = 0}) : std::nullopt);
}

Outcome refused() {
  Outcome outcome;
  outcome.step = Step::Connect;
  outcome.reply.text = "connection refused";
  return outcome;
}

}  // namespace

TEST(PathLimiter, PermitIsReleasedWithItsScope) {
  const auto path = scope("path", {.connections = 1});
  PathLimiter limiter({path});
  {
    const auto permit = limiter.try_open(kStart);
    ASSERT_TRUE(permit);
    EXPECT_EQ(path->connections(), 1U);
    EXPECT_FALSE(limiter.try_open(kStart));
    EXPECT_EQ(limiter.next_open(kStart), std::nullopt) << "only the end of a connection helps";
  }
  EXPECT_EQ(path->connections(), 0U);
  EXPECT_TRUE(limiter.try_open(kStart));
}

TEST(PathLimiter, MovedPermitIsReleasedOnce) {
  const auto path = scope("path", {.connections = 2});
  PathLimiter limiter({path});
  auto first = limiter.try_open(kStart);
  ConnectionPermit moved = std::move(*first);
  first.reset();
  EXPECT_EQ(path->connections(), 1U);
  auto second = limiter.try_open(kStart);
  moved = std::move(*second);  // gives the first slot back
  EXPECT_EQ(path->connections(), 1U);
  moved.release();
  moved.release();
  EXPECT_EQ(path->connections(), 0U);
}

TEST(PathLimiter, PermitOutlivesThePath) {
  std::optional<ConnectionPermit> permit;
  {
    PathLimiter limiter({scope("path", {})});
    permit = limiter.try_open(kStart);
  }
  permit.reset();
}

TEST(PathLimiter, OneFullScopeTakesNothingFromTheOthers) {
  const auto path = scope("path", {.connections = 5, .connection_rate = {1, 1s}});
  const auto vmta = scope("vmta", {.connections = 1});
  PathLimiter a({path, vmta});
  PathLimiter b({scope("other path", {}), vmta});
  const auto taken = b.try_open(kStart);
  ASSERT_TRUE(taken);
  EXPECT_FALSE(a.try_open(kStart));
  EXPECT_EQ(path->connections(), 0U);
  EXPECT_EQ(path->next_open(kStart), kStart) << "no token of the rate was taken";
}

TEST(PathLimiter, MessageRateIsTakenFromAllOrNone) {
  const auto path = scope("path", {.message_rate = {10, 1s}});
  const auto provider = scope("provider", {.message_rate = {4, 1s}});
  PathLimiter limiter({path, provider});
  EXPECT_TRUE(limiter.try_message(4, kStart));
  EXPECT_FALSE(limiter.try_message(1, kStart));
  EXPECT_TRUE(path->can_send(6, kStart));
  EXPECT_EQ(limiter.next_message(2, kStart), kStart + 500ms);
}

TEST(PathLimiter, MessagesPerConnectionEndTheConnection) {
  PathLimiter limiter({scope("path", {.messages_per_connection = 3}), scope("domain", {.messages_per_connection = 2})});
  auto permit = limiter.try_open(kStart);
  int sent = 0;
  for (; permit->message_left(); ++sent) permit->message_sent();
  EXPECT_EQ(sent, 2);
  EXPECT_EQ(limiter.recipients_per_message(100), 100U);
}

TEST(PathLimiter, MessagesPerConnectionBeginAtTheStartOfTheirRange) {
  const auto path = scope("path", {.messages_per_connection = 50, .messages_per_connection_start = 2});
  PathLimiter limiter({path, scope("domain", {.messages_per_connection = 3})});
  const auto carries = [&] {
    auto permit = limiter.try_open(kStart);
    while (permit->message_left()) {
      permit->message_sent();
      limiter.carried(permit->messages(), kStart);
    }
    return permit->messages();
  };
  EXPECT_EQ(carries(), 2U);
  EXPECT_EQ(path->explain(kStart).messages_per_connection, 3U);
  EXPECT_EQ(carries(), 3U);
  EXPECT_EQ(carries(), 3U) << "the domain takes no more";
  path->reset(kStart);
  EXPECT_EQ(carries(), 2U);
  path->set_limits({.messages_per_connection = 1, .messages_per_connection_start = 1}, kStart);
  EXPECT_EQ(carries(), 1U);
}

TEST(PathLimiter, LoweredLimitKeepsOpenConnections) {
  const auto path = scope("path", {.connections = 3});
  PathLimiter limiter({path});
  std::vector<ConnectionPermit> permits;
  while (auto permit = limiter.try_open(kStart)) permits.push_back(std::move(*permit));
  EXPECT_EQ(permits.size(), 3U);
  path->set_limits({.connections = 2}, kStart);
  permits.pop_back();
  EXPECT_FALSE(limiter.try_open(kStart));
  permits.pop_back();
  EXPECT_TRUE(limiter.try_open(kStart));
}

TEST(PathLimiter, UnreachableReceiverSuspendsOnlyItsScopes) {
  Rng rng(1);
  const auto path = scope("path v1 site:mx", {.connections = 4}, true);
  const auto vmta = scope("vmta v1", {});
  PathLimiter limiter({path, vmta});
  for (int i = 0; i < 3; ++i) limiter.observe(refused(), kStart, rng);
  EXPECT_EQ(limiter.state(kStart), State::Suspended);
  EXPECT_EQ(vmta->state(kStart), State::Normal);
  EXPECT_FALSE(limiter.try_open(kStart));
  EXPECT_EQ(limiter.next_open(kStart), kStart + 30s);
  const auto why = limiter.explain(kStart);
  ASSERT_EQ(why.size(), 1U);
  EXPECT_EQ(why[0].scope, "path v1 site:mx");
  EXPECT_EQ(why[0].cause, "connection refused");
  EXPECT_EQ(why[0].connection_limit, 0U);

  const auto probe = limiter.try_open(kStart + 30s);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(limiter.try_open(kStart + 30s)) << "one connection probes";
  limiter.connected(kStart + 31s);
  EXPECT_EQ(limiter.state(kStart + 31s), State::Slowed);
  limiter.connected(kStart + 31s);  // four are allowed now, as many as configured
  EXPECT_EQ(limiter.state(kStart + 31s), State::Normal);
  EXPECT_EQ(limiter.explain(kStart + 31s)[0].connection_limit, 4U);
}

TEST(PathLimiter, RefusedRecipientIsNoConnectionTrouble) {
  Rng rng(1);
  PathLimiter limiter({scope("path", {}, true)});
  Outcome outcome;
  outcome.step = Step::Rcpt;
  for (int i = 0; i < 100; ++i) limiter.observe(outcome, kStart, rng);
  EXPECT_EQ(limiter.state(kStart), State::Normal);
}

TEST(PathLimiter, TlsThatIsNotAsADomainWantsItIsNoTroubleOfTheScope) {
  const auto path = scope("path", {.connections = 1}, true);
  PathLimiter limiter({path});
  Rng rng(1);
  Outcome outcome;
  outcome.step = Step::StartTls;
  outcome.outcome_class = penstock::model::OutcomeClass::Tls;
  for (int i = 0; i < 20; ++i) {
    const auto permit = limiter.try_open(kStart);
    ASSERT_TRUE(permit);
    limiter.observe(outcome, kStart, rng);
  }
  EXPECT_EQ(limiter.state(kStart), State::Normal);
}

TEST(PathLimiter, IdleLimiterMayBeForgotten) {
  Rng rng(1);
  const auto path = scope("path", {.message_rate = {1, 1s}}, true);
  PathLimiter limiter({path});
  EXPECT_TRUE(path->idle(kStart));
  EXPECT_TRUE(limiter.try_message(1, kStart));
  EXPECT_FALSE(path->idle(kStart));
  EXPECT_TRUE(path->idle(kStart + 1s));
  for (int i = 0; i < 3; ++i) limiter.observe(refused(), kStart, rng);
  EXPECT_FALSE(path->idle(kStart + 1s));
}

// Random opening, closing, sending and failing over scopes shared by several paths: no limit is ever exceeded, and at
// the end nothing is held.
TEST(PathLimiter, RandomScheduleNeverExceedsALimit) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    std::vector<std::shared_ptr<Limiter>> limiters;
    for (int i = 0; i < 6; ++i) {
      const Limits limits{.connections = static_cast<std::uint32_t>(rng.below(6)),
                          .connection_rate = {static_cast<double>(rng.below(4)), 1s}};
      limiters.push_back(scope("scope", limits, i % 2 == 0));
    }
    std::vector<PathLimiter> paths;
    paths.reserve(4);
    for (int i = 0; i < 4; ++i) paths.emplace_back(std::vector{limiters[i], limiters[4], limiters[5]});
    std::vector<std::pair<std::size_t, ConnectionPermit>> open;
    std::size_t opened = 0;
    Time now = kStart;
    for (int step = 0; step < 5000; ++step) {
      now += penstock::Duration{static_cast<std::int64_t>(rng.below(300'000))};
      const std::size_t which = rng.below(paths.size());
      const auto at = paths[which].next_open(now);
      auto permit = paths[which].try_open(now);
      ASSERT_EQ(permit.has_value(), at == now);
      if (permit) {
        ++opened;
        open.emplace_back(which, std::move(*permit));
        if (rng.below(8) == 0)
          paths[which].observe(refused(), now, rng);
        else
          paths[which].connected(now);
      }
      if (!open.empty() && rng.below(2) == 0) {
        std::swap(open[rng.below(open.size())], open.back());
        open.pop_back();
      }
      std::array<std::uint32_t, 6> used{};
      for (const auto& [path, held] : open) ++used[path], ++used[4], ++used[5];
      for (std::size_t i = 0; i < limiters.size(); ++i) {
        ASSERT_EQ(limiters[i]->connections(), used[i]);
        const std::uint32_t limit = limiters[i]->limits().connections;
        if (limit != 0) {
          ASSERT_LE(used[i], limit);
        }
      }
    }
    EXPECT_GT(opened, 100U);
    open.clear();
    for (const auto& limiter : limiters) EXPECT_EQ(limiter->connections(), 0U);
  }
}
