// SPDX-License-Identifier: Apache-2.0
// The admin API's operations over a whole node in a folder of its own. Mail waits because its stream is paused, or it
// has a first-attempt time; the route is "null".
#include "app/node_operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "api/errc.h"
#include "app/ask_shards.h"
#include "app/test/node_fixture.h"

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NodeOperationsTest : public NodeFixture {};

TEST_F(NodeOperationsTest, StatusCountsWhatWaits) {
  send({"a@one.example", "b@two.example"});
  EXPECT_EQ(counts().scheduled, 2U);
  const api::Status status = *operations_->status();
  EXPECT_EQ(status.node, "mta1.example");
  EXPECT_EQ(status.state, api::DaemonState::Serving);
  EXPECT_EQ(status.shards, 2U);
  EXPECT_TRUE(operations_->health().healthy);
  EXPECT_THAT(operations_->metrics_text(), HasSubstr("penstock_queue_recipients{state=\"scheduled\"} 2"));
}

TEST_F(NodeOperationsTest, DueMailIsDelivered) {
  send({"a@one.example"}, 0s);
  wait_until([&] { return operations_->status()->totals.delivered == 1; });
  EXPECT_EQ(counts().total(), 0U);
}

TEST_F(NodeOperationsTest, DryRunCountsTheSameAndChangesNothing) {
  for (int i = 0; i < 20; ++i) send({"a@one.example", "b@one.example", "c@two.example"});
  api::ActRequest hold = request(api::Act::Hold, "one.example");
  hold.dry_run = true;
  const api::Job dry = act(hold);
  EXPECT_EQ(dry.state, api::JobState::Done);
  EXPECT_EQ(dry.visited, 60U);
  EXPECT_EQ(dry.matched, 40U);
  EXPECT_EQ(dry.changed, 0U);
  EXPECT_EQ(counts().held, 0U);
  hold.dry_run = false;
  const api::Job real = act(hold);
  EXPECT_EQ(real.matched, 40U);
  EXPECT_EQ(real.changed, 40U);
  EXPECT_EQ(counts().held, 40U);
  EXPECT_EQ(counts().scheduled, 20U);
  EXPECT_EQ(act(hold).matched, 0U);  // they are held already
  EXPECT_THAT(operations_->jobs(), SizeIs(3));
  EXPECT_EQ(operations_->jobs().front().id, 3U);  // newest first
}

TEST_F(NodeOperationsTest, ReleasedMailGoesWhenItWouldHaveGone) {
  send({"a@one.example"});
  (void)act(request(api::Act::Hold, "one.example"));
  EXPECT_EQ(act(request(api::Act::Release, "one.example")).changed, 1U);
  EXPECT_EQ(operations_->status()->queue.scheduled, 1U);
  (void)act(request(api::Act::Retry, "one.example"));
  wait_until([&] { return operations_->status()->totals.delivered == 1; });
}

TEST_F(NodeOperationsTest, RetryMakesItDueNow) {
  send({"a@one.example", "b@two.example"});
  EXPECT_EQ(act(request(api::Act::Retry)).changed, 2U);
  wait_until([&] { return operations_->status()->totals.delivered == 2; });
}

TEST_F(NodeOperationsTest, BounceIsFinal) {
  send({"a@one.example", "b@two.example"});
  EXPECT_EQ(act(request(api::Act::Bounce, "one.example")).changed, 1U);
  wait_until([&] { return operations_->status()->totals.bounced == 1; });
  EXPECT_EQ(counts().total(), 1U);
}

TEST_F(NodeOperationsTest, AddressSelectsOneRecipient) {
  const model::MessageId id = send({"a@one.example", "b@one.example"});
  send({"b@one.example"});
  api::ActRequest hold = request(api::Act::Hold);
  hold.selection = {};
  hold.selection.recipient = "A@one.example";
  hold.dry_run = true;
  EXPECT_EQ(act(hold).matched, 1U);
  hold.dry_run = false;
  EXPECT_EQ(act(hold).changed, 1U);
  for (const api::RecipientRow& row : rows()) {
    const bool held = row.id == model::RecipientId{id, 0};
    EXPECT_EQ(row.state, held ? api::RecipientState::Held : api::RecipientState::Scheduled) << row.recipient;
  }
}

TEST_F(NodeOperationsTest, HoldAndRerouteOutliveTheNode) {
  const model::MessageId id = send({"a@one.example", "b@two.example"});
  api::ActRequest reroute = request(api::Act::Reroute, "one.example");
  reroute.to_stream = "other";
  EXPECT_EQ(act(reroute).changed, 1U);
  (void)act(request(api::Act::Hold, "two.example"));
  api::ActRequest to_vmta = request(api::Act::Reroute, "two.example");
  to_vmta.to_vmta = "v2";
  EXPECT_EQ(act(to_vmta).changed, 1U);
  const auto check = [&] {
    ASSERT_THAT(rows(), SizeIs(2));
    for (const api::RecipientRow& row : rows()) {
      const bool first = row.id == model::RecipientId{id, 0};
      EXPECT_EQ(row.labels.stream, first ? "other" : "default");
      EXPECT_EQ(row.state, first ? api::RecipientState::Scheduled : api::RecipientState::Held);
      EXPECT_EQ(row.vmta, first ? "" : "v2");
    }
  };
  check();
  close();
  open();
  check();
}

TEST_F(NodeOperationsTest, ImpossibleTargetsAreRefused) {
  api::ActRequest reroute = request(api::Act::Reroute);
  reroute.to_stream = "nonsense";
  EXPECT_EQ(operations_->act(reroute, actor_).error().code, make_error_code(api::Errc::BadRequest));
  reroute.to_stream = "";
  reroute.to_vmta = "v9";
  EXPECT_EQ(operations_->act(reroute, actor_).error().code, make_error_code(api::Errc::BadRequest));
  EXPECT_THAT(operations_->jobs(), IsEmpty());
}

TEST_F(NodeOperationsTest, CancelNamesWhyItCannot) {
  EXPECT_EQ(operations_->cancel_job(77, actor_).error().code, make_error_code(api::Errc::NotFound));
  const api::Job done = act(request(api::Act::Hold));
  EXPECT_EQ(operations_->cancel_job(done.id, actor_).error().code, make_error_code(api::Errc::Conflict));
}

TEST_F(NodeOperationsTest, CancelledJobEndsWhereItIs) {
  send({"a@one.example"});
  // The shard is busy, so the job cannot get on.
  std::promise<void> go_on;
  std::shared_future<void> gate = go_on.get_future().share();
  for (std::size_t i = 0; i < 2; ++i) node_->engine().shard(i).post([gate] { gate.wait(); });
  const auto started = operations_->act(request(api::Act::Hold), actor_);
  ASSERT_TRUE(started);
  EXPECT_EQ(started->state, api::JobState::Running);
  auto cancelled = std::async(std::launch::async, [&] { return operations_->cancel_job(started->id, actor_); });
  go_on.set_value();
  const auto job = cancelled.get();
  if (job) {
    EXPECT_EQ(job->state, api::JobState::Cancelled);
  } else {
    EXPECT_EQ(job.error().code, make_error_code(api::Errc::Conflict));  // it was quicker
  }
}

TEST_F(NodeOperationsTest, PauseHoldsOverARestartUntilResume) {
  api::PauseRequest pause;
  pause.selection.stream = "default";
  pause.reason = "spam run";
  ASSERT_TRUE(operations_->pause(pause, actor_));
  send({"a@one.example"}, 0s);
  send({"b@one.example"}, 0s, "other");
  wait_until([&] { return operations_->status()->totals.delivered == 1; });
  close();
  open();
  ASSERT_THAT(operations_->pauses(), SizeIs(1));
  EXPECT_EQ(operations_->pauses()[0].reason, "spam run");
  EXPECT_EQ(counts().total(), 1U);
  EXPECT_THAT(*operations_->resume(pause.selection, actor_), SizeIs(1));
  wait_until([&] { return operations_->status()->totals.delivered == 1; });
  EXPECT_THAT(operations_->pauses(), IsEmpty());
}

TEST_F(NodeOperationsTest, QueuesAreGroupedAndMessagesShown) {
  const model::MessageId id = send({"a@one.example", "b@one.example", "c@two.example"});
  api::QueueQuery query;
  query.by = api::QueueGroup::Domain;
  query.limit = 10;
  const api::QueueList list = *operations_->queues(query);
  EXPECT_EQ(list.groups, 2U);
  ASSERT_THAT(list.rows, SizeIs(2));
  EXPECT_EQ(list.rows[0].name, "one.example");
  EXPECT_EQ(list.rows[0].counts.scheduled, 2U);
  const auto detail = *operations_->message(id);
  ASSERT_TRUE(detail);
  EXPECT_THAT(detail->recipients, SizeIs(3));
  EXPECT_EQ(detail->recipients[2].recipient, "c@two.example");
  EXPECT_FALSE(*operations_->message(model::MessageId{1}));
}

TEST_F(NodeOperationsTest, PathIsExplainedByItsFixedRoute) {
  send({"a@slow.example"}, 0s);
  const auto answer = operations_->explain_path({"v1", "Slow.Example", "", ""});
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->path, "v1/null");
  EXPECT_EQ(answer->provider, "");
  EXPECT_EQ(answer->values.at(0).value, "null");
  EXPECT_EQ(answer->values.at(0).origin, "[[stream]] default");
  EXPECT_EQ(answer->values.at(1).key, "connections");
  EXPECT_EQ(answer->values.at(1).origin, "[defaults], not changed");
}

TEST_F(NodeOperationsTest, PathToANamedProviderShowsItsFile) {
  const auto answer = operations_->explain_path({"v2", "customer.example", "other", "gmail"});
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->path, "v2/provider:gmail");
  EXPECT_EQ(answer->values.at(1).origin, "provider file gmail.toml");
  EXPECT_THAT(answer->values.at(1).reference, HasSubstr("https://"));
  EXPECT_THAT(answer->scopes, IsEmpty());
}

TEST_F(NodeOperationsTest, UnknownNamesOfAPathAreSaid) {
  EXPECT_EQ(operations_->explain_path({"v9", "a.example", "", ""}).error().code, api::Errc::NotFound);
  EXPECT_EQ(operations_->explain_path({"v1", "a.example", "none", ""}).error().code, api::Errc::NotFound);
  EXPECT_EQ(operations_->explain_path({"v1", "a.example", "", "gmial"}).error().code, api::Errc::NotFound);
  EXPECT_EQ(operations_->explain_path({"v1", "", "", ""}).error().code, api::Errc::BadRequest);
}

TEST_F(NodeOperationsTest, WhatWaitsForARestartIsToldByEachReload) {
  const std::string before = folder_.get("penstock.toml");
  std::string changed = before;
  changed.insert(changed.find("shards = 2") + 10, "\nstop_limit = \"20s\"");
  changed.replace(changed.find("shards = 2"), 10, "shards = 3");
  folder_.put("penstock.toml", changed);
  for (int i = 0; i < 2; ++i) {
    const api::ReloadReport report = *operations_->reload(actor_);
    EXPECT_THAT(report.needs_restart, ::testing::ElementsAre("node.shards")) << i;
    EXPECT_EQ(report.changed.size(), i == 0 ? 1U : 0U) << "the stop limit changed by the first one";
  }
  folder_.put("penstock.toml", before);
  EXPECT_THAT(operations_->reload(actor_)->needs_restart, IsEmpty());
}

TEST_F(NodeOperationsTest, ListenerThatIsNewWaitsForARestartWithAllItsKeys) {
  folder_.put("penstock.toml", folder_.get("penstock.toml") +
                                   "[[listener]]\nname = \"second\"\naddress = "
                                   "\"127.0.0.1:2526\"\nrelay_from = \"127.0.0.1\"\nmax_errors = 7\n"
                                   "max_message_size = \"100 KiB\"\n");
  const api::ReloadReport report = *operations_->reload(actor_);
  ASSERT_TRUE(report.applied) << report.problems.at(0).message;
  EXPECT_THAT(report.needs_restart, ::testing::Contains("listener.second.max_errors"));
  EXPECT_THAT(report.changed, IsEmpty());
}

TEST_F(NodeOperationsTest, ReloadAppliesAGoodFileAndRefusesABadOne) {
  folder_.put("penstock.toml", folder_.get("penstock.toml") + "[[stream]]\nname = \"third\"\npool = \"main\"\n");
  const api::ReloadReport good = *operations_->reload(actor_);
  EXPECT_TRUE(good.applied);
  EXPECT_NE(node_->in_force().config->find_stream("third"), nullptr);
  folder_.put("penstock.toml", folder_.get("penstock.toml") + "nonsense = 1\n");
  const api::ReloadReport bad = *operations_->reload(actor_);
  EXPECT_FALSE(bad.applied);
  EXPECT_THAT(bad.problems, ::testing::Not(IsEmpty()));
  EXPECT_NE(node_->in_force().config->find_stream("third"), nullptr);
}

}  // namespace
}  // namespace penstock::app
