// SPDX-License-Identifier: Apache-2.0
#include "app/shaping_store.h"

#include <gtest/gtest.h>

#include "app/test/temp_folder.h"

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using shaping::Dimension;

class ShapingStoreTest : public ::testing::Test {
 protected:
  ShapingStoreTest() { open(); }
  void open() {
    auto writer = state::Writer::open(folder_.path + "/state.db");
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

TEST_F(ShapingStoreTest, ActionsThatHaveEndedAreForgotten) {
  shaping::Action action{.kind = shaping::ActionKind::Suspend, .key = {}};
  action.key[Dimension::Campaign] = names_.intern("may");
  action.since = clock_.now();
  action.until = clock_.now() + 1h;
  store_->save(0, {{}, {action}});
  EXPECT_EQ(after(30min).actions.size(), 1U);
  EXPECT_TRUE(after(40min).actions.empty());
}

}  // namespace
}  // namespace penstock::app
