// SPDX-License-Identifier: Apache-2.0
// The admin API's operations over a whole node in a folder of its own. Mail waits because its stream is paused, or it
// has a first-attempt time; the route is "null".
#include "app/node_operations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <future>
#include <map>

#include "api/errc.h"
#include "app/ask_shards.h"
#include "app/test/node_fixture.h"

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class NodeOperationsTest : public NodeFixture {
 protected:
  // The `detail` of the events of a type, oldest first, once there are so many.
  std::vector<std::string> details(const std::string& type, std::size_t count) {
    std::vector<std::string> found;
    wait_until([&] {
      found.clear();
      api::EventQuery query;
      query.last = 500;
      query.types = {type};
      const auto list = operations_->events(query);
      for (const std::string& line : list->events) {
        const boost::json::value event = boost::json::parse(line);
        const boost::json::value* detail = event.as_object().if_contains("detail");
        found.emplace_back(detail != nullptr ? detail->as_string() : boost::json::string());
      }
      return found.size() >= count;
    });
    return found;
  }
};

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

TEST_F(NodeOperationsTest, WhatARuleMadeStandsOnOneShardAfterARestartAndItsRateIsToldOnce) {
  delivery::ShapingMemory memory;
  for (const char* provider : {"gmail", "yahoo", "microsoft", "site:mx.one.example"}) {
    shaping::Action action{.kind = shaping::ActionKind::Slow, .key = {}, .rule = "sender-domain-doubted"};
    action.key[shaping::Dimension::Provider] = node_->names().intern(provider);
    action.key[shaping::Dimension::SenderDomain] = node_->names().intern("shop.example");
    action.rate = 5;
    action.since = node_->clock().now();
    memory.actions.push_back(action);
  }
  ask_shards(node_->engine(), [&](delivery::Dispatcher& dispatcher) { dispatcher.restore(memory); });
  const std::vector<api::ActionRow> rows = operations_->shaping().actions();
  ASSERT_THAT(rows, SizeIs(4));
  for (const api::ActionRow& row : rows) EXPECT_EQ(row.rate, 5);
  std::size_t kept = 0;
  ask_shards(node_->engine(), [&](delivery::Dispatcher& dispatcher) { kept += dispatcher.memory().actions.size(); });
  EXPECT_EQ(kept, 4U);
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

TEST_F(NodeOperationsTest, RerouteIsRecordedWithItsTarget) {
  api::ActRequest reroute = request(api::Act::Reroute, "one.example");
  reroute.to_stream = "other";
  (void)act(reroute);
  reroute.to_stream = "";
  reroute.to_vmta = "v2";
  reroute.reason = "ticket 815";
  (void)act(reroute);
  reroute.force = true;
  (void)act(reroute);
  EXPECT_THAT(details("admin", 3), ElementsAre("root via unix: reroute domain=one.example to_stream=other",
                                               "root via unix: reroute domain=one.example to_vmta=v2: ticket 815",
                                               "root via unix: reroute domain=one.example to_vmta=v2 force=true (also "
                                               "who was deferred for rate or reputation): ticket 815"));
}

TEST_F(NodeOperationsTest, ReasonOfAHoldIsShownAlsoAfterARestart) {
  const model::MessageId id = send({"a@one.example", "b@two.example", "c@three.example"});
  send({"d@one.example"});
  api::ActRequest hold = request(api::Act::Hold, "one.example");
  hold.reason = "first";
  (void)act(hold);
  (void)act(request(api::Act::Release, "one.example"));
  hold.reason = "wrong link, ticket 815";
  (void)act(hold);
  (void)act(request(api::Act::Hold, "two.example"));
  const auto check = [&] {
    std::map<std::string, std::string> reasons;
    for (const api::RecipientRow& row : rows()) reasons[row.recipient] = row.reason;
    EXPECT_THAT(reasons, ElementsAre(Pair("a@one.example", "operator: wrong link, ticket 815"),
                                     Pair("b@two.example", "operator"), Pair("c@three.example", ""),
                                     Pair("d@one.example", "operator: wrong link, ticket 815")));
    EXPECT_EQ((*operations_->message(id))->recipients[0].reason, "operator: wrong link, ticket 815");
  };
  check();
  close();
  open();
  check();
}

TEST_F(NodeOperationsTest, ListOfManyMessagesSaysHowManyLastRepliesItLeavesOut) {
  for (int i = 0; i < 202; ++i) send({"a@one.example"});
  (void)act(request(api::Act::Hold, "one.example"));
  api::RecipientQuery query;
  query.limit = 500;
  const auto list = operations_->recipients(query);
  ASSERT_TRUE(list);
  EXPECT_THAT(list->rows, SizeIs(202));
  EXPECT_EQ(list->untold, 2U);
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

TEST_F(NodeOperationsTest, UnknownNamesOfASelectionAreRefusedWithTheNearest) {
  struct Case {
    std::string api::Selection::*field;
    const char* name;
    const char* says;
  };
  const Case cases[] = {
      {&api::Selection::stream, "othr", "no stream \"othr\" is configured; did you mean \"other\"?"},
      {&api::Selection::stream, "x", "no stream \"x\" is configured; there are default, other"},
      {&api::Selection::vmta, "v9", "no vMTA \"v9\" is configured"},
      {&api::Selection::provider, "gmial", "no provider \"gmial\" is configured; did you mean \"gmail\"?"},
      {&api::Selection::path, "v1/provider:gmial", "did you mean \"gmail\"?"},
      {&api::Selection::path, "v9/site:mx.one.example", "no vMTA \"v9\""},
  };
  for (const Case& one : cases) {
    for (int i = 0; i < 2; ++i) {  // that it was asked for once makes it no name there is
      api::ActRequest hold;
      hold.selection.*one.field = one.name;
      hold.dry_run = i == 0;
      const auto held = operations_->act(hold, actor_);
      ASSERT_FALSE(held) << one.name;
      EXPECT_EQ(held.error().code, make_error_code(api::Errc::NotFound));
      EXPECT_THAT(held.error().detail, HasSubstr(one.says));
      EXPECT_FALSE(operations_->pause({hold.selection, "", {}}, actor_)) << one.name;
    }
  }
  EXPECT_THAT(operations_->jobs(), IsEmpty());
  EXPECT_THAT(operations_->pauses(), IsEmpty());
  api::ActRequest free;
  free.selection.tenant = "nobody";
  free.selection.campaign = "never";
  free.selection.domain = "nowhere.example";
  EXPECT_EQ(act(free).matched, 0U);
  for (const char* path : {"v1/provider:gmail", "v1/site:mx.nowhere.example", "v2/null"}) {
    free.selection = {};
    free.selection.path = path;
    EXPECT_EQ(act(free).matched, 0U);
  }
}

TEST_F(NodeOperationsTest, UnknownNamesOfListsAndActionsAreRefusedToo) {
  api::QueueQuery queues;
  queues.limit = 10;
  queues.selection.stream = "othr";
  EXPECT_THAT(operations_->queues(queues).error().detail, HasSubstr("did you mean \"other\"?"));
  EXPECT_FALSE(operations_->recipients({queues.selection, {}, 10}));
  const std::pair<api::Tuple, const char*> cases[] = {
      {{{"stream", "othr"}}, "no stream \"othr\" is configured; did you mean \"other\"?"},
      {{{"vmta", "zzz"}}, "no vMTA \"zzz\" is configured"},
      {{{"pool", "zzz"}}, "no pool \"zzz\" is configured"},
      {{{"provider", "gmial"}}, "did you mean \"gmail\"?"},
  };
  for (const auto& [tuple, says] : cases) {
    const auto set = operations_->shaping().set_action({"suspend", tuple, 0, "", {}}, actor_);
    ASSERT_FALSE(set) << says;
    EXPECT_THAT(set.error().detail, HasSubstr(says));
  }
  EXPECT_THAT(operations_->shaping().actions(), IsEmpty());
}

TEST_F(NodeOperationsTest, OperatorsRateIsTheWholeRateOfAProviderAndDividedElsewhere) {
  const std::tuple<api::Tuple, double> cases[] = {
      {{{"provider", "gmail"}}, 1.0},
      {{{"tenant", "acme"}, {"provider", "gmail"}}, 1.0},
      {{{"site", "mx.one.example"}}, 1.0},
      {{{"tenant", "acme"}}, 0.5},
  };
  for (const auto& [tuple, each] : cases) {
    ASSERT_TRUE(operations_->shaping().set_action({"slow", tuple, 1, "", {}}, actor_));
    const std::vector<api::ActionRow> rows = operations_->shaping().actions();
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].rate, 1) << "as set";
    ask_shards(node_->engine(), [&, each = each](delivery::Dispatcher& dispatcher) {
      const auto actions = dispatcher.memory().actions;
      ASSERT_THAT(actions, SizeIs(1));
      EXPECT_EQ(actions[0].rate, each) << describe(actions[0].key, node_->names());
    });
    ASSERT_TRUE(operations_->shaping().clear_actions(tuple, false, actor_));
  }
}

TEST_F(NodeOperationsTest, ActionsThatBearOnAPathAreInItsExplanation) {
  const api::Tuple of_path{{"vmta", "v1"}, {"tenant", "acme"}};
  const api::Tuple of_other{{"vmta", "v2"}};
  ASSERT_TRUE(operations_->shaping().set_action({"suspend", of_path, 0, "complaints", {}}, actor_));
  ASSERT_TRUE(operations_->shaping().set_action({"suspend", of_other, 0, "", {}}, actor_));
  const auto answer = operations_->explain_path({"v1", "a.example", "", "gmail"});
  ASSERT_TRUE(answer) << answer.error().to_string();
  ASSERT_THAT(answer->scopes, SizeIs(1));
  EXPECT_EQ(answer->scopes[0].scope, "vmta=v1 tenant=acme");
  EXPECT_EQ(answer->scopes[0].state, "suspend");
  EXPECT_EQ(answer->scopes[0].rule, "complaints");
  EXPECT_EQ(answer->scopes[0].by, actor_.name);
}

TEST_F(NodeOperationsTest, NotesOfAProviderFileAreInTheExplanation) {
  const auto answer = operations_->explain_path({"v1", "a.example", "", "yahoo"});
  ASSERT_TRUE(answer) << answer.error().to_string();
  const auto value = [&](const std::string& key) {
    const auto found = std::find_if(answer->values.begin(), answer->values.end(),
                                    [&](const api::PathValue& one) { return one.key == key; });
    return found == answer->values.end() ? api::PathValue{} : *found;
  };
  EXPECT_EQ(value("connections").origin, "provider file yahoo.toml");
  EXPECT_THAT(value("connections").note, HasSubstr("senders see 5 to 15"));
  EXPECT_EQ(value("connections_start").note, value("connections").note);
  EXPECT_THAT(value("backoff.longest").note, HasSubstr("Yahoo names no time"));
  EXPECT_EQ(value("route").note, "");
}

TEST_F(NodeOperationsTest, MailOfAStreamAndAVmtaThatWereTakenOutIsReached) {
  send({"a@one.example"}, 1h, "other");
  api::ActRequest reroute = request(api::Act::Reroute);
  reroute.to_vmta = "v2";
  EXPECT_EQ(act(reroute).changed, 1U);
  std::string text = read_file(folder_.file("penstock.toml"));
  text.erase(text.find("[[stream]]\nname = \"other\""));
  text.replace(text.find("name = \"v2\""), 11, "name = \"v3\"");
  // While there is one vMTA only, all mail is its.
  text.replace(text.find("{ vmta = \"v1\" }"), 15, "{ vmta = \"v1\" }, { vmta = \"v3\" }");
  write_file(folder_.file("penstock.toml"), text);
  ASSERT_TRUE(operations_->reload(actor_)->applied);
  api::ActRequest hold;
  hold.selection.stream = "other";
  EXPECT_EQ(act(hold).changed, 1U);
  hold.act = api::Act::Release;
  hold.selection = {};
  hold.selection.vmta = "v2";
  EXPECT_EQ(act(hold).changed, 1U);
  hold.act = api::Act::Bounce;
  hold.selection = {};
  hold.selection.stream = "other";
  EXPECT_EQ(act(hold).changed, 1U);
  wait_until([&] { return operations_->status()->totals.bounced == 1; });
  EXPECT_FALSE(operations_->act(hold, actor_)) << "nobody carries it any more";
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

TEST_F(NodeOperationsTest, ResumeThatLiftsNothingIsNoChange) {
  api::Selection none;
  none.domain = "one.example";
  EXPECT_THAT(*operations_->resume(none, actor_), IsEmpty());
  api::PauseRequest pause;
  pause.selection.domain = "two.example";
  ASSERT_TRUE(operations_->pause(pause, actor_));
  EXPECT_THAT(*operations_->resume(pause.selection, actor_), SizeIs(1));
  EXPECT_THAT(details("admin", 2),
              ElementsAre("root via unix: pause domain=two.example", "root via unix: resume domain=two.example"));
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

TEST_F(NodeOperationsTest, WhoIsDoneWasTriedAsOftenAsTheEventsTell) {
  const model::MessageId id = send({"a@one.example", "b@two.example"});
  api::ActRequest retry = request(api::Act::Retry, "one.example");
  (void)act(retry);
  wait_until([&] { return operations_->status()->totals.delivered == 1; });
  const auto detail = *operations_->message(id);
  ASSERT_TRUE(detail);
  EXPECT_EQ(detail->recipients[0].state, api::RecipientState::Done);
  EXPECT_EQ(detail->recipients[0].reason, "delivered");
  EXPECT_EQ(detail->recipients[0].attempts, 1U);
  EXPECT_EQ(detail->recipients[1].state, api::RecipientState::Scheduled);
  EXPECT_EQ(detail->recipients[1].attempts, 0U);
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
  const std::string before = read_file(folder_.file("penstock.toml"));
  std::string changed = before;
  changed.insert(changed.find("shards = 2") + 10, "\nstop_limit = \"20s\"");
  changed.replace(changed.find("shards = 2"), 10, "shards = 3");
  write_file(folder_.file("penstock.toml"), changed);
  for (int i = 0; i < 2; ++i) {
    const api::ReloadReport report = *operations_->reload(actor_);
    EXPECT_THAT(report.needs_restart, ::testing::ElementsAre("node.shards")) << i;
    EXPECT_EQ(report.changed.size(), i == 0 ? 1U : 0U) << "the stop limit changed by the first one";
  }
  const std::vector<api::Trouble> told = troubles();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].part, "configuration");
  EXPECT_EQ(told[0].message, "1 key waits for a restart: node.shards");
  EXPECT_THAT(details("config", 3).back(), EndsWith("0 keys changed, 1 wait for a restart: node.shards"));
  write_file(folder_.file("penstock.toml"), before);
  EXPECT_THAT(operations_->reload(actor_)->needs_restart, IsEmpty());
  EXPECT_THAT(troubles(), IsEmpty());
}

// Also for whoever sent a signal, and so gets no answer.
TEST_F(NodeOperationsTest, MistakesOfARefusedReloadAreInItsEventAndInTheStatus) {
  const std::string before = read_file(folder_.file("penstock.toml"));
  std::string bad = before;
  bad.replace(bad.find("shards = 2"), 10, "shrads = 2");
  write_file(folder_.file("penstock.toml"), bad + "[[vmta]]\nname = 5\n");
  (void)node_->reload();
  const std::string place = folder_.file("penstock.toml") + ":4:1: ";
  const std::string detail = details("config", 2).back();
  EXPECT_THAT(detail, HasSubstr("refused " + folder_.file("penstock.toml") + ": " + place));
  EXPECT_THAT(detail, HasSubstr("shrads"));
  EXPECT_THAT(detail, HasSubstr("did you mean \"shards\"?"));
  EXPECT_THAT(detail, HasSubstr(" / " + folder_.file("penstock.toml") + ":"));
  const std::vector<api::Trouble> told = troubles();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].message, HasSubstr("the last reload was refused, " + place));
  EXPECT_THAT(told[0].message, HasSubstr("more: penstock check-config"));
  write_file(folder_.file("penstock.toml"), before);
  (void)node_->reload();
  EXPECT_THAT(troubles(), IsEmpty());
}

TEST_F(NodeOperationsTest, ListenerThatIsNewWaitsForARestartWithAllItsKeys) {
  write_file(folder_.file("penstock.toml"), read_file(folder_.file("penstock.toml")) +
                                                "[[listener]]\nname = \"second\"\naddress = "
                                                "\"127.0.0.1:2526\"\nrelay_from = \"127.0.0.1\"\nmax_errors = 7\n"
                                                "max_message_size = \"100 KiB\"\n");
  const api::ReloadReport report = *operations_->reload(actor_);
  ASSERT_TRUE(report.applied) << report.problems.at(0).message;
  EXPECT_THAT(report.needs_restart, ::testing::Contains("listener.second.max_errors"));
  EXPECT_THAT(report.changed, IsEmpty());
}

TEST_F(NodeOperationsTest, ReloadAppliesAGoodFileAndRefusesABadOne) {
  write_file(folder_.file("penstock.toml"),
             read_file(folder_.file("penstock.toml")) + "[[stream]]\nname = \"third\"\npool = \"main\"\n");
  const api::ReloadReport good = *operations_->reload(actor_);
  EXPECT_TRUE(good.applied);
  EXPECT_NE(node_->in_force().config->find_stream("third"), nullptr);
  write_file(folder_.file("penstock.toml"), read_file(folder_.file("penstock.toml")) + "nonsense = 1\n");
  const api::ReloadReport bad = *operations_->reload(actor_);
  EXPECT_FALSE(bad.applied);
  EXPECT_THAT(bad.problems, ::testing::Not(IsEmpty()));
  EXPECT_NE(node_->in_force().config->find_stream("third"), nullptr);
}

// Rules of one's own are linted by the check, and a daemon that reloads with bad ones tells of them and runs.
TEST_F(NodeOperationsTest, FaultsOfOwnClassificationRulesAreToldByCheckAndStatus) {
  std::filesystem::create_directories(folder_.file("rules"));
  write_file(folder_.file("rules/own.toml"),
             "provider = \"nobody\"\n[[rule]]\nid = \"mine\"\npattern = 'frob'\nclass = \"policy\"\nreference = "
             "\"https://e.test/\"\nsamples = [\"550 frob\"]\n");
  write_file(folder_.file("penstock.toml"),
             read_file(folder_.file("penstock.toml")) + "[classify]\nrules = \"" + folder_.file("rules") + "\"\n");
  const auto told = [](const auto& all) {
    return std::any_of(all.begin(), all.end(), [](const auto& one) {
      return one.message.find("there is no provider \"nobody\"") != std::string::npos;
    });
  };
  api::ConfigCheckRequest request;
  request.path = folder_.file("penstock.toml");
  EXPECT_TRUE(told(operations_->check_config(request)->problems));
  EXPECT_TRUE(operations_->reload(actor_)->applied);
  EXPECT_TRUE(told(troubles()));
}

}  // namespace
}  // namespace penstock::app
