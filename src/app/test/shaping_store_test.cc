// SPDX-License-Identifier: Apache-2.0
#include "app/shaping_store.h"

#include <gtest/gtest.h>

#include "base/test/temp_folder.h"

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using shaping::Dimension;

class ShapingStoreTest : public ::testing::Test {
 protected:
  ShapingStoreTest() { open(); }
  void open() {
    auto writer = state::Writer::open(folder_.file("state.db"));
    ASSERT_TRUE(writer) << writer.error().to_string();
    writer_ = std::move(*writer);
    store_ = std::make_unique<ShapingStore>(*writer_, clock_, names_, 2);
    ASSERT_TRUE(store_->open());
  }
  delivery::LearnedPath path(const char* vmta) {
    delivery::LearnedPath path{{names_.intern(vmta), names_.intern("provider:gmail")}, {}};
    path.state.rate = 40;
    path.state.rate_ceiling = 50;
    path.state.connections = 8;
    path.state.connection_ceiling = 9;
    path.state.suspended_until = clock_.now() + 2h;
    path.state.rule = "wait: the receiver asks for 2h";
    path.state.cause = "421 4.7.0 later";
    return path;
  }
  delivery::ShapingMemory after(Duration time) {
    writer_->stop();
    store_.reset();
    writer_.reset();
    clock_.advance(time);
    open();
    auto memory = store_->load();
    EXPECT_TRUE(memory);
    return memory.value_or(delivery::ShapingMemory{});
  }

  TempFolder folder_;
  FakeClock clock_;
  model::NameTable names_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<ShapingStore> store_;
};

TEST_F(ShapingStoreTest, RestartKeepsSuspensionCeilingPinAndAction) {
  delivery::LearnedPath learned = path("v1");
  learned.pin =
      shaping::Pin{.connections = 3, .rate = 2.5, .suspended = false, .until = clock_.now() + 5h, .by = "ann"};
  shaping::Action action{.kind = shaping::ActionKind::Stop, .key = {}};
  action.key[Dimension::SenderDomain] = names_.intern("shop.example");
  action.rule = "authentication-fails";
  action.reply = "550 5.7.26 no";
  action.since = clock_.now();
  action.alarm = true;
  learned.messages = {20, clock_.now() - 5min, 60};
  const Time wall_end = clock_.to_wall(learned.state.suspended_until);
  store_->save(0, {{learned}, {action}});
  const delivery::ShapingMemory memory = after(10min);
  ASSERT_EQ(memory.paths.size(), 1U);
  const delivery::LearnedPath& back = memory.paths[0];
  EXPECT_EQ(back.key, learned.key);
  EXPECT_EQ(back.state.rate, 40);
  EXPECT_EQ(back.state.rate_ceiling, 50);
  EXPECT_EQ(back.state.connection_ceiling, 9U);
  EXPECT_EQ(clock_.to_wall(back.state.suspended_until), wall_end);
  EXPECT_EQ(back.state.cause, "421 4.7.0 later");
  EXPECT_EQ(back.messages.known, 20U);
  EXPECT_EQ(back.messages.since, clock_.now() - 15min);
  EXPECT_EQ(back.messages.grown, 60U);
  ASSERT_TRUE(back.pin);
  EXPECT_EQ(back.pin->connections, 3U);
  EXPECT_EQ(back.pin->rate, 2.5);
  EXPECT_EQ(back.pin->by, "ann");
  ASSERT_EQ(memory.actions.size(), 1U);
  EXPECT_EQ(memory.actions[0].key, action.key);
  EXPECT_EQ(memory.actions[0].kind, shaping::ActionKind::Stop);
  EXPECT_EQ(memory.actions[0].until, std::nullopt);
  EXPECT_TRUE(memory.actions[0].alarm);
}

TEST_F(ShapingStoreTest, WhatIsOldDecays) {
  store_->save(0, {{path("v1")}, {}});
  delivery::ShapingMemory memory = after(90min);
  ASSERT_EQ(memory.paths.size(), 1U);
  EXPECT_EQ(memory.paths[0].state.rate, 20);
  EXPECT_EQ(memory.paths[0].state.connections, 4U);
  EXPECT_EQ(memory.paths[0].state.rate_ceiling, 50) << "what the receiver takes is still a good guess";
  EXPECT_TRUE(after(25h).paths.empty());
}

TEST_F(ShapingStoreTest, EachShardReplacesItsOwnPart) {
  store_->save(0, {{path("v1")}, {}});
  store_->save(1, {{path("v2"), path("v3")}, {}});
  store_->save(1, {{path("v3")}, {}});
  const delivery::ShapingMemory memory = after(1s);
  ASSERT_EQ(memory.paths.size(), 2U);
  EXPECT_EQ(names_.view(memory.paths[0].key.vmta), "v1");
  EXPECT_EQ(names_.view(memory.paths[1].key.vmta), "v3");
}

TEST_F(ShapingStoreTest, TroubleAndWhatIsAvoidedOutlastARestartUntilTheirEnd) {
  delivery::LearnedPath troubled{.key = {names_.intern("v1"), names_.intern("site:mx.one.example")}, .state = {}};
  troubled.trouble = shaping::TroubleState{.failures = 5,
                                           .suspensions = 3,
                                           .ramp = 1,
                                           .ramp_successes = 0,
                                           .since = clock_.now() - 1min,
                                           .until = clock_.now() + 14min,
                                           .cause = "connection refused"};
  delivery::LearnedPath avoided{.key = {names_.intern("v2"), names_.intern("provider:gmail")}, .state = {}};
  avoided.avoided_until = clock_.now() + 50min;
  const Time trouble_end = clock_.to_wall(troubled.trouble->until);
  const Time avoided_end = clock_.to_wall(avoided.avoided_until);
  store_->save(0, {{troubled, avoided}, {}});
  delivery::ShapingMemory memory = after(10min);
  ASSERT_EQ(memory.paths.size(), 2U);
  ASSERT_TRUE(memory.paths[0].trouble);
  const shaping::TroubleState& back = *memory.paths[0].trouble;
  EXPECT_EQ(back.failures, 5U);
  EXPECT_EQ(back.suspensions, 3U);
  EXPECT_EQ(back.ramp, 1U);
  EXPECT_EQ(clock_.to_wall(back.until), trouble_end);
  EXPECT_EQ(back.cause, "connection refused");
  EXPECT_EQ(clock_.to_wall(memory.paths[1].avoided_until), avoided_end);
  memory = after(45min);
  ASSERT_EQ(memory.paths.size(), 2U);
  ASSERT_TRUE(memory.paths[0].trouble) << "its probe is still to come";
  EXPECT_EQ(memory.paths[1].avoided_until, Time{});
  memory = after(18min);
  ASSERT_TRUE(memory.paths[0].trouble) << "59 minutes after its end";
  memory = after(2min);
  ASSERT_FALSE(memory.paths.empty());
  EXPECT_FALSE(memory.paths[0].trouble) << "an hour after its end nobody knows";
  EXPECT_TRUE(after(25h).paths.empty());
}

// Rows of a daemon that knew less, or more.
TEST_F(ShapingStoreTest, RowsOfOtherVersionsAreRead) {
  const std::int64_t saved = clock_.wall().time_since_epoch().count();
  const auto work = [saved](state::Database& db) -> Result<> {
    auto insert = db.prepare("INSERT INTO shaping (shard, row, saved, value) VALUES (0, ?1, ?2, ?3)");
    if (!insert) return fail(insert.error());
    const char* rows[] = {R"({"path":"v1","group":"provider:gmail","rate":7,"connections":3,"moon":"full"})",
                          R"({"path":"v2","group":"provider:gmail","rate":7,"trouble":"none","avoided_until":"soon"})",
                          R"({"action":"stop","key":{"campaign":"may"},"rule":"wrong link","pinned":true})"};
    for (std::int64_t i = 0; i < 3; ++i) {
      insert->bind(1, i);
      insert->bind(2, saved);
      insert->bind(3, std::string_view(rows[i]));
      if (auto done = insert->run(); !done) return done;
    }
    return {};
  };
  writer_->submit(work, [](const Result<>& done) { EXPECT_TRUE(done); });
  const delivery::ShapingMemory memory = after(1min);
  ASSERT_EQ(memory.paths.size(), 2U);
  EXPECT_EQ(memory.paths[0].state.rate, 7);
  EXPECT_FALSE(memory.paths[1].trouble);
  EXPECT_EQ(memory.paths[1].avoided_until, Time{});
  ASSERT_EQ(memory.actions.size(), 1U);
  EXPECT_FALSE(memory.actions[0].until);
  EXPECT_FALSE(memory.actions[0].ramps());
}

TEST_F(ShapingStoreTest, RampGoesOnWhereItWas) {
  shaping::Action action{.kind = shaping::ActionKind::Slow, .key = {}};
  action.key[Dimension::Campaign] = names_.intern("may");
  action.since = clock_.now() - 2h;
  action.until = clock_.now() - 1min;
  action.rate = 40;
  action.usual = 100;
  action.ramp_from = 25;
  action.recovery = shaping::Recovery::Ramp;
  store_->save(0, {{}, {action}});
  const auto actions = after(5min).actions;
  ASSERT_EQ(actions.size(), 1U);
  EXPECT_TRUE(actions[0].ramps());
  EXPECT_EQ(actions[0].rate, 40);
  EXPECT_EQ(actions[0].usual, 100);
  EXPECT_EQ(actions[0].answered, clock_.now());
  EXPECT_TRUE(after(2h).actions.empty());
}

TEST_F(ShapingStoreTest, ActionsThatEndedLongAgoAreForgotten) {
  shaping::Action action{.kind = shaping::ActionKind::Suspend, .key = {}};
  action.key[Dimension::Campaign] = names_.intern("may");
  action.since = clock_.now();
  action.until = clock_.now() + 1h;
  store_->save(0, {{}, {action}});
  EXPECT_EQ(after(30min).actions.size(), 1U);
  EXPECT_EQ(after(40min).actions.size(), 1U) << "its ramp is still to come";
  EXPECT_TRUE(after(2h).actions.empty());
}

TEST_F(ShapingStoreTest, RowsThatChangedAreOnDiskOnceWaitReturns) {
  const auto kept = [&] {
    EXPECT_TRUE(store_->wait());
    const auto memory = store_->load();  // while the writer is open, as after a kill
    return memory.value_or(delivery::ShapingMemory{});
  };
  delivery::LearnedPath first = path("v1");
  const delivery::LearnedPath second = path("v2");
  store_->save(0, {{first, second}, {}});
  ASSERT_EQ(kept().paths.size(), 2U);
  first.pin = shaping::Pin{.suspended = true, .by = "ann", .since = clock_.now()};
  store_->save(0, {{first, second}, {}});
  const auto of = [&](const char* vmta) {
    for (const auto& each : kept().paths) {
      if (each.key.vmta == names_.intern(vmta)) return each;
    }
    ADD_FAILURE() << vmta;
    return first;
  };
  ASSERT_TRUE(of("v1").pin);
  EXPECT_TRUE(of("v1").pin->suspended);
  EXPECT_EQ(of("v1").pin->since, clock_.now());
  EXPECT_FALSE(of("v2").pin);
  store_->save(0, {{second}, {}});
  EXPECT_EQ(kept().paths.size(), 1U);
  EXPECT_FALSE(of("v2").pin);
  store_->save(0, {});
  EXPECT_TRUE(kept().paths.empty());
}

// That it is fresh counts for rows that did not change as well.
TEST_F(ShapingStoreTest, WhatStaysAsItIsStaysFresh) {
  store_->save(0, {{path("v1"), path("v2")}, {}});
  for (int i = 0; i < 3; ++i) {
    clock_.advance(2h);
    delivery::LearnedPath other = path("v2");
    other.state.rate = 10 + i;
    store_->save(0, {{path("v1"), other}, {}});
  }
  for (const auto& each : after(30min).paths)
    EXPECT_EQ(each.state.rate, each.key.vmta == names_.intern("v1") ? 40 : 12);
}

}  // namespace
}  // namespace penstock::app
