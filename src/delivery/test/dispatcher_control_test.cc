// SPDX-License-Identifier: Apache-2.0
// What operators see and do: pauses, holds, scans, bounces, reloads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "delivery/scan.h"
#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;
using queue::Whereabouts;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DispatcherControlTest : public ::testing::Test {
 protected:
  DispatcherControlTest() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}});
    desk_.dns.a("mx.one.example", {"127.0.0.1"});
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  }
  void wait_for(EventType type, std::size_t count) {
    desk_.run_until([&] { return desk_.events.count(type) >= count; });
    EXPECT_EQ(desk_.events.count(type), count);
  }
  void pause(std::uint64_t id, const queue::SelectionText& what, std::optional<Time> until = {}) {
    queue::Pause made;
    made.id = queue::PauseId{id};
    made.selection = *queue::Selection::make(what, desk_.names);
    made.until = until;
    made.by = "ann";
    made.reason = "asked for";
    EXPECT_TRUE(desk_.dispatcher().add_pause(made));
  }
  // Everything a scan shows, taken out when `take` says so.
  std::vector<std::pair<queue::QueuedRecipient, Dispatcher::Sighting>> scan(std::size_t slice, bool take = false) {
    std::vector<std::pair<queue::QueuedRecipient, Dispatcher::Sighting>> seen;
    const auto scan = desk_.dispatcher().begin_scan();
    while (desk_.dispatcher().scan_slice(*scan, slice, [&](const auto& recipient, const auto& at) {
      seen.push_back({recipient, at});
      return take ? queue::Visit::Take : queue::Visit::Keep;
    })) {
    }
    return seen;
  }
  std::vector<queue::QueuedRecipient> take_all() {
    std::vector<queue::QueuedRecipient> all;
    for (const auto& [recipient, at] : scan(1000, true)) all.push_back(recipient);
    return all;
  }

  // So many recipients of messages that nobody kept: held, or (None) ready for one.example. Held ones are due in an
  // hour.
  void put_aside(std::size_t count, queue::HoldReason reason) {
    std::vector<queue::QueuedRecipient> all(count);
    for (std::size_t i = 0; i < count; ++i) {
      all[i].message = model::MessageId{i + 1};
      all[i].domain = desk_.names.intern("one.example");
      all[i].labels = desk_.labels.intern({"default", "", "", "", ""}, desk_.names);
      all[i].received = queue::second_of(desk_.clock.now());
      all[i].due = reason == queue::HoldReason::None ? 0 : queue::due_second(desk_.clock.now() + 1h);
      all[i].hold = reason;
    }
    desk_.dispatcher().take(all);
  }

  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
};

TEST_F(DispatcherControlTest, PausedWaitsHeldAndResumeSendsIt) {
  pause(1, {.domain = "one.example"});
  desk_.send({"a@one.example"});
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 1; });
  EXPECT_EQ(receiver_->total(), 0U);
  desk_.dispatcher().remove_pause(queue::PauseId{1});
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherControlTest, PauseOfAStreamStopsWhatIsReady) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 1; });
  receiver_->hold();
  for (int i = 0; i < 5; ++i) desk_.send({"a@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  pause(1, {.stream = "default"});
  receiver_->release();
  wait_for(EventType::Delivered, 1);
  desk_.poll();
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
  desk_.dispatcher().remove_pause(queue::PauseId{1});
  wait_for(EventType::Delivered, 5);
}

TEST_F(DispatcherControlTest, PauseEndsByItself) {
  pause(1, {.vmta = "v1"}, desk_.clock.now() + 10min);
  desk_.send({"a@one.example"});
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 1; });
  desk_.clock.advance(10min);
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherControlTest, WithoutUsableVmtaItIsHeldUntilAPlanHasOne) {
  desk_.change_plan([](Plan& plan) { plan.vmtas[0].usable = false; });
  desk_.send({"a@one.example"});
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 1; });
  EXPECT_EQ(scan(10).at(0).first.hold, queue::HoldReason::NoPath);
  desk_.change_plan([](Plan& plan) { plan.vmtas[0].usable = true; });
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherControlTest, PauseAndItsEndAreTold) {
  pause(1, {.domain = "one.example"});
  desk_.send({"a@one.example", "b@one.example"});
  wait_for(EventType::Held, 2);
  for (const Recorded& held : desk_.events.of(EventType::Held)) EXPECT_EQ(held.detail, "paused by ann: asked for");
  EXPECT_EQ(desk_.events.of(EventType::Held)[1].recipient, "b@one.example");
  desk_.dispatcher().remove_pause(queue::PauseId{1});
  wait_for(EventType::Delivered, 2);
  wait_for(EventType::Released, 2);
  EXPECT_EQ(desk_.events.of(EventType::Released)[0].detail, "a pause has ended");
  desk_.run_until([&] { return desk_.dispatcher().in_flight() <= 1; });  // the connection is kept
}

TEST_F(DispatcherControlTest, WantOfAVmtaAndItsEndAreTold) {
  desk_.change_plan([](Plan& plan) { plan.vmtas[0].usable = false; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Held, 1);
  EXPECT_EQ(desk_.events.of(EventType::Held)[0].recipient, "a@one.example");
  EXPECT_EQ(desk_.events.of(EventType::Held)[0].detail, "no vMTA of pool \"main\" is usable");
  desk_.change_plan([](Plan&) {});  // changes nothing for it: not told again
  desk_.poll();
  desk_.change_plan([](Plan& plan) { plan.vmtas[0].usable = true; });
  wait_for(EventType::Delivered, 1);
  wait_for(EventType::Released, 1);
  EXPECT_EQ(desk_.events.count(EventType::Held), 1U);
}

TEST_F(DispatcherControlTest, WhoWasHeldBeforeARestartIsNotToldOfAgain) {
  pause(1, {.domain = "one.example"});
  desk_.send({"a@one.example"});
  wait_for(EventType::Held, 1);
  desk_.clock.advance(2s);
  receiver_.reset();
  desk_.end();
  desk_.start();
  pause(1, {.domain = "one.example"});
  desk_.run_until([&] {
    desk_.clock.advance(1s);
    return desk_.count(Whereabouts::Held) == 1;
  });
  desk_.send({"b@one.example"});
  wait_for(EventType::Held, 2);
  EXPECT_EQ(desk_.events.of(EventType::Held)[1].recipient, "b@one.example");
  receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
}

TEST_F(DispatcherControlTest, VmtaThatTheSenderAskedForIsNamed) {
  desk_.change_plan([](Plan& plan) { plan.vmtas[1].usable = false; });
  model::Envelope envelope = desk_.envelope({"a@one.example"});
  envelope.labels.vmta = "v2";
  desk_.admit(desk_.store(envelope));
  wait_for(EventType::Held, 1);
  EXPECT_EQ(desk_.events.of(EventType::Held)[0].detail, "vMTA \"v2\", which the sender asked for, is not usable");
}

TEST_F(DispatcherControlTest, TooManyHoldsAtOnceAreCounted) {
  HoldLog log(desk_.dispatcher().parts());
  queue::QueuedRecipient recipient;  // of no message: its event has no address
  recipient.message = model::MessageId{1};
  for (std::size_t i = 0; i < HoldLog::kWaitingMax + 5; ++i) log.add(EventType::Held, recipient, "a cause");
  desk_.run_until([&] { return !log.busy(); });
  EXPECT_EQ(desk_.events.count(EventType::Held), HoldLog::kWaitingMax);
  EXPECT_EQ(desk_.events.of(EventType::Held)[0].recipient, "");
  ASSERT_EQ(desk_.events.count(EventType::Admin), 1U);
  EXPECT_EQ(desk_.events.of(EventType::Admin)[0].detail.substr(0, 9), "5 events ");
}

TEST_F(DispatcherControlTest, ResumeIsSlicedSoThatOtherWorkGoesOn) {
  constexpr std::size_t kMany = 20'000;
  put_aside(kMany, queue::HoldReason::Paused);
  pause(1, {.domain = "one.example"});
  desk_.dispatcher().remove_pause(queue::PauseId{1});
  std::uint64_t still_held = 0;
  (*desk_.shards)[0].post([&] { still_held = desk_.count(Whereabouts::Held); });
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 0; });
  EXPECT_GT(still_held, kMany / 2);
  EXPECT_EQ(desk_.count(Whereabouts::Scheduled), kMany);
}

TEST_F(DispatcherControlTest, ReleaseOfMoreThanCanBeRecordedAtOnceIsToldInFull) {
  std::size_t told = 0, left_out = 0;
  desk_.events.listener = [&](const Recorded& event) {
    told += event.type == EventType::Released ? 1U : 0U;
    left_out += event.type == EventType::Admin ? 1U : 0U;
  };
  put_aside(HoldLog::kWaitingMax + 10'000, queue::HoldReason::Paused);
  pause(1, {.domain = "one.example"});
  desk_.dispatcher().remove_pause(queue::PauseId{1});
  desk_.run_until([&] { return told + left_out * HoldLog::kWaitingMax >= HoldLog::kWaitingMax + 10'000; });
  EXPECT_EQ(told, HoldLog::kWaitingMax + 10'000);
  EXPECT_EQ(left_out, 0U);
}

TEST_F(DispatcherControlTest, WhoIsPausedOtherwiseTooStaysHeld) {
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);  // where it goes is known
  pause(1, {.domain = "one.example"});
  pause(2, {.path = "site:mx.one.example"});
  desk_.send({"b@one.example"});
  wait_for(EventType::Held, 1);
  desk_.dispatcher().remove_pause(queue::PauseId{1});
  EXPECT_EQ(desk_.count(Whereabouts::Held), 1U);
  desk_.dispatcher().remove_pause(queue::PauseId{2});
  wait_for(EventType::Delivered, 2);
  wait_for(EventType::Released, 1);
}

TEST_F(DispatcherControlTest, WhatIsReadyIsPutAsideInSlices) {
  constexpr std::size_t kMany = 80'000;
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 1; });
  receiver_->hold();
  desk_.send({"first@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  put_aside(kMany, queue::HoldReason::None);
  std::uint64_t held_at_first = 0;
  desk_.events.listener = [&](const Recorded& event) {
    if (event.type == EventType::Held && held_at_first == 0) held_at_first = desk_.count(Whereabouts::Held);
  };
  pause(1, {.domain = "one.example"});
  receiver_->release();
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == kMany; });
  EXPECT_GT(held_at_first, 0U);
  EXPECT_LT(held_at_first, kMany);
}

TEST_F(DispatcherControlTest, WaitingRecipientsHaveThePathTheyWouldTake) {
  model::Envelope later = desk_.envelope({"a@one.example"});
  later.first_attempt = desk_.clock.wall() + 1h;
  desk_.admit(desk_.store(later));
  EXPECT_FALSE(scan(10).at(0).second.place.group);  // nobody has asked DNS yet
  bool learned = false;
  desk_.dispatcher().learn_places(
      {desk_.names.find("one.example")}, [] { return true; }, [&] { learned = true; });
  desk_.run_until([&] { return learned; });
  const queue::Place place = scan(10).at(0).second.place;
  EXPECT_EQ(desk_.names.view(place.group), "site:mx.one.example");
  EXPECT_EQ(desk_.names.view(place.vmta), "v1");  // the only one of its pool
  later.labels.stream = "news";
  desk_.admit(desk_.store(later));
  for (queue::QueuedRecipient& each : take_all()) {
    if (desk_.names.view(desk_.labels.view(each.labels).stream) == "news") desk_.dispatcher().take({{each}});
  }
  EXPECT_FALSE(scan(10).at(0).second.place.vmta);  // either of two
  auto pinned = take_all();
  pinned[0].pinned_vmta = desk_.names.find("v2");
  desk_.dispatcher().take(pinned);
  EXPECT_EQ(desk_.names.view(scan(10).at(0).second.place.vmta), "v2");
}

TEST_F(DispatcherControlTest, LearningOfPlacesEndsWhenItIsNotWanted) {
  bool learned = false;
  desk_.dispatcher().learn_places(
      {desk_.names.intern("one.example")}, [] { return false; }, [&] { learned = true; });
  desk_.run_until([&] { return learned; });
  EXPECT_FALSE(
      desk_.dispatcher().destinations().place_of(desk_.names.find("one.example"), desk_.plan->streams[0]).group);
}

TEST_F(DispatcherControlTest, WhoWaitsForAVmtaTooLongExpires) {
  desk_.change_plan([](Plan& plan) { plan.vmtas[0].usable = false; });
  desk_.send({"a@one.example"});
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 1; });
  desk_.clock.advance(25h);
  wait_for(EventType::Expired, 1);
  EXPECT_EQ(desk_.count(Whereabouts::Held), 0U);
}

TEST_F(DispatcherControlTest, VmtaAskedForIsUsedOrWaitedFor) {
  model::Envelope envelope = desk_.envelope({"a@one.example"});
  envelope.labels.vmta = "v2";
  desk_.admit(desk_.store(envelope));
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(receiver_->mails()[0].source, "127.0.0.3");
  envelope.labels.vmta = "both";  // a pool
  desk_.admit(desk_.store(envelope));
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[1].recipient, "a@one.example");
  desk_.change_plan([](Plan& plan) { plan.vmtas[1].usable = false; });
  envelope.labels.vmta = "v2";
  desk_.admit(desk_.store(envelope));
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 1; });
}

TEST_F(DispatcherControlTest, PinnedToAVmtaThatIsOffItWaits) {
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "RCPT" ? "450 4.7.1 slow down" : ""; });
  desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 1}}; });
  desk_.send({"a@one.example"}, "news");
  wait_for(EventType::Deferred, 1);
  desk_.change_plan([](Plan& plan) {
    plan.pools[1].members = {{0, 1}, {1, 1}};
    plan.vmtas[0].usable = false;
  });
  receiver_->set_answer({});
  desk_.clock.advance(1min);
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 1; });
  EXPECT_THAT(receiver_->mails(), IsEmpty());
  desk_.change_plan([](Plan& plan) { plan.vmtas[0].usable = true; });
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(receiver_->mails()[0].source, "127.0.0.2");
}

TEST_F(DispatcherControlTest, WhoWasToldToWaitByAVmtaThatIsGoneIsHeldUntilItIsBack) {
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "RCPT" ? "450 4.7.1 slow down" : ""; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  const std::uint32_t name = desk_.names.find("v1").value;
  std::uint32_t index = 0;
  desk_.change_plan([&](Plan& plan) {
    index = plan.vmta_by_name.at(name);
    plan.vmta_by_name.erase(name);
    plan.pools[0].members = {{1, 1}};
  });
  receiver_->set_answer({});
  desk_.clock.advance(1min);
  wait_for(EventType::Held, 1);
  EXPECT_THAT(desk_.events.of(EventType::Held).back().detail, ::testing::HasSubstr("\"v1\""));
  EXPECT_TRUE(receiver_->mails().empty()) << "nobody else comes with it";
  desk_.send({"b@one.example"});
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(receiver_->mails()[0].source, "127.0.0.3") << "who is new does not wait";
  desk_.change_plan([&](Plan& plan) { plan.vmta_by_name[name] = index; });
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->mails()[1].source, "127.0.0.2");
}

TEST_F(DispatcherControlTest, ReadyRecipientsLeaveAVmtaThatIsSwitchedOff) {
  desk_.change_plan([](Plan& plan) {
    plan.default_limits.connections = 1;
    plan.pools[0].members = {{0, 1}};
  });
  receiver_->hold();
  for (int i = 0; i < 4; ++i) desk_.send({"a@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  desk_.change_plan([](Plan& plan) {
    plan.vmtas[0].usable = false;
    plan.pools[0].members = {{0, 1}, {1, 1}};
  });
  receiver_->release();
  wait_for(EventType::Delivered, 4);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(receiver_->mails()[i].source, "127.0.0.3");
}

TEST_F(DispatcherControlTest, RaisedLimitHoldsAtOnceForWhatWaits) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 1; });
  receiver_->hold();
  for (int i = 0; i < 4; ++i) desk_.send({"a@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 3; });
  desk_.run_until([&] { return receiver_->waiting() == 3; });
  receiver_->release();
  wait_for(EventType::Delivered, 4);
}

TEST_F(DispatcherControlTest, ChangedRouteHoldsAtOnceForWhatWaits) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 1; });
  receiver_->hold();
  for (int i = 0; i < 4; ++i) desk_.send({"a@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  desk_.change_plan([](Plan& plan) { plan.domains["one.example"].route = Route{RouteKind::Null, {}}; });
  wait_for(EventType::Delivered, 3);
  receiver_->release();
  wait_for(EventType::Delivered, 4);
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
}

TEST_F(DispatcherControlTest, ScanSeesEverythingOnceWhereverItIs) {
  pause(1, {.tenant = "paused"});
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 1; });
  desk_.dns.mx("two.example", {{10, "mx.one.example"}});
  receiver_->hold();
  desk_.send({"first@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  std::set<model::RecipientId> expected;
  const auto expect_all_of = [&](model::MessageId id, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) expected.insert({id, i});
  };
  for (int i = 0; i < 20; ++i) {
    expect_all_of(desk_.send({"a@one.example", "b@two.example"}), 2);  // ready
    model::Envelope later = desk_.envelope({"a@one.example"});
    later.first_attempt = desk_.clock.wall() + std::chrono::minutes{i + 1};
    const auto scheduled = desk_.store(later);
    desk_.admit(scheduled);
    expect_all_of(scheduled, 1);
    model::Envelope paused = desk_.envelope({"a@one.example", "c@one.example"});
    paused.labels.tenant = "paused";
    const auto held = desk_.store(paused);
    desk_.admit(held);
    expect_all_of(held, 2);
  }
  desk_.run_until([&] { return desk_.dispatcher().in_flight() == 1; });
  for (const std::size_t slice : {1U, 7U, 1000U}) {
    std::multiset<model::RecipientId> seen;
    for (const auto& [recipient, at] : scan(slice)) seen.insert(recipient.id());
    EXPECT_EQ(seen.size(), expected.size()) << slice;
    EXPECT_EQ((std::set<model::RecipientId>(seen.begin(), seen.end())), expected) << slice;
  }
  const queue::QueueTotals& totals = desk_.dispatcher().totals();
  EXPECT_EQ(totals.count(Whereabouts::Scheduled), 20U);
  EXPECT_EQ(totals.count(Whereabouts::Held) + totals.count(Whereabouts::Active), 81U);
}

// So that a second command waits for those that the first one has in hand.
TEST_F(DispatcherControlTest, WhomAScanTookOutIsInFlightUntilGivenBack) {
  pause(1, {.domain = "one.example"});
  desk_.send({"a@one.example", "b@one.example"});
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 2; });
  const auto in_flight = [&] {
    std::multiset<std::uint32_t> seen;
    desk_.dispatcher().visit_in_flight([&](const auto& recipient, const auto&) { seen.insert(recipient.index); });
    return seen;
  };
  const auto taken = take_all();
  ASSERT_THAT(taken, SizeIs(2));
  EXPECT_THAT(in_flight(), ::testing::ElementsAre(0, 1));
  desk_.dispatcher().take({taken.data(), 1});
  EXPECT_THAT(in_flight(), ::testing::ElementsAre(taken[1].index));
  const auto again = take_all();
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_THAT(in_flight(), ::testing::ElementsAre(0, 1));
  desk_.dispatcher().bounce(taken, {model::OutcomeKind::Bounced, model::Step::Connect, model::OutcomeClass::Admin,
                                    model::Reply{0, {5, 7, 0}, "returned"}});
  const std::uint64_t mark = desk_.dispatcher().flights().next();
  wait_for(EventType::Bounced, 2);
  desk_.run_until([&] { return desk_.dispatcher().flights().over_before(mark); });
}

TEST_F(DispatcherControlTest, HeldByAnOperatorStaysOverARestartUntilReleased) {
  model::Envelope later = desk_.envelope({"a@one.example"});
  later.first_attempt = desk_.clock.wall() + 1h;
  desk_.admit(desk_.store(later));
  auto taken = take_all();
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
  taken[0].hold = queue::HoldReason::Operator;
  desk_.dispatcher().persist(taken);
  desk_.dispatcher().take(taken);
  EXPECT_EQ(desk_.count(Whereabouts::Held), 1U);
  receiver_.reset();
  desk_.end();
  desk_.start();
  receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
  desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  EXPECT_EQ(desk_.count(Whereabouts::Held), 1U);
  desk_.clock.advance(2h);
  taken = take_all();
  taken[0].hold = queue::HoldReason::None;
  taken[0].due = 0;
  desk_.dispatcher().persist(taken);
  desk_.dispatcher().take(taken);
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherControlTest, ThatADomainDoesNotExistIsConfirmedAcrossARestart) {
  desk_.change_plan([](Plan& plan) { plan.nxdomain_confirmations = 2; });
  desk_.dns.fail("gone.example", dns::Status::NxDomain);
  model::Envelope envelope = desk_.envelope({"a@gone.example"});
  envelope.sender = "";  // no notice
  desk_.admit(desk_.store(envelope));
  wait_for(EventType::Deferred, 1);
  receiver_.reset();
  desk_.end();
  desk_.start();
  desk_.clock.advance(1min);
  wait_for(EventType::Bounced, 1);
  EXPECT_EQ(desk_.events.of(EventType::Deferred).at(0).attempt, 1U);
  EXPECT_EQ(desk_.events.of(EventType::Bounced).at(0).attempt, 2U);
}

TEST_F(DispatcherControlTest, DomainThatTakesNoMailFailsAtTheFirstAttempt) {
  desk_.dns.mx("null.example", {{0, ""}});
  model::Envelope envelope = desk_.envelope({"a@null.example"});
  envelope.sender = "";  // no notice
  desk_.admit(desk_.store(envelope));
  wait_for(EventType::Bounced, 1);
  EXPECT_EQ(desk_.events.of(EventType::Bounced).at(0).attempt, 1U);
  EXPECT_TRUE(desk_.events.of(EventType::Bounced).at(0).has_step);
}

TEST_F(DispatcherControlTest, ThatADomainDoesNotExistCountsInARowOnly) {
  desk_.change_plan([](Plan& plan) { plan.nxdomain_confirmations = 2; });
  desk_.dns.fail("one.example", dns::Status::NxDomain);
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  desk_.dns.ok("one.example");
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "RCPT" ? "451 4.3.0 later" : ""; });
  desk_.clock.advance(1min);
  wait_for(EventType::Deferred, 2);
  desk_.dns.fail("one.example", dns::Status::NxDomain);
  desk_.clock.advance(2h);  // what was known of the domain is forgotten
  wait_for(EventType::Deferred, 3);
  EXPECT_EQ(desk_.events.count(EventType::Bounced), 0U);
}

TEST_F(DispatcherControlTest, DelayIsToldOnceAcrossARestart) {
  const auto tell_delay = [](Plan& plan) {
    for (Stream& stream : plan.streams) stream.dsn.delay = 30s;
  };
  desk_.change_plan(tell_delay);
  receiver_->set_answer([](const Heard& heard) {
    return heard.verb == "RCPT" && heard.argument.find("a@one.example") != std::string::npos ? "451 4.3.0 later" : "";
  });
  desk_.dns.mx("shop.example", {{10, "mx.one.example"}});
  model::Envelope envelope = desk_.envelope({"a@one.example"});
  envelope.recipients[0].notify = model::kNotifyDelay;
  desk_.admit(desk_.store(envelope));
  wait_for(EventType::Deferred, 1);
  desk_.clock.advance(1min);
  wait_for(EventType::Deferred, 2);
  wait_for(EventType::Delivered, 1);  // the notice
  receiver_.reset();
  desk_.end();
  desk_.start();
  receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "RCPT" ? "451 4.3.0 later" : ""; });
  desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  desk_.clock.advance(2min);
  wait_for(EventType::Deferred, 3);
  desk_.box.spool->flush();
  desk_.poll();
  EXPECT_EQ(desk_.dispatcher().totals().total(), 1U) << "another notice was sent";
}

TEST_F(DispatcherControlTest, BounceByAnOperatorIsFinal) {
  pause(1, {.stream = "default"});
  model::Envelope envelope = desk_.envelope({"a@one.example", "b@one.example"});
  envelope.sender = "";  // no notice
  desk_.admit(desk_.store(envelope));
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) + desk_.count(Whereabouts::Active) == 2; });
  desk_.run_until([&] { return desk_.dispatcher().in_flight() == 0; });
  desk_.dispatcher().bounce(take_all(), {model::OutcomeKind::Bounced, model::Step::Connect, model::OutcomeClass::Admin,
                                         model::Reply{0, {5, 7, 0}, "returned by the operator"}});
  wait_for(EventType::Bounced, 2);
  EXPECT_FALSE(desk_.events.of(EventType::Bounced).at(0).has_step) << "no receiver was asked";
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
  EXPECT_EQ(desk_.dispatcher().in_flight(), 0U);
  receiver_.reset();
  desk_.end();
  EXPECT_THAT(desk_.box.sink.found, IsEmpty());
}

TEST_F(DispatcherControlTest, OperatorEndsASuspension) {
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "BANNER" ? "421 4.3.2 not now" : ""; });
  desk_.change_plan([](Plan& plan) {
    plan.trouble.failures = 1;
    plan.trouble.first = 10h;
    plan.trouble.longest = 10h;
  });
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  receiver_->set_answer({});
  desk_.dispatcher().reset_trouble([](const Path&) { return true; });
  desk_.clock.advance(1min);
  wait_for(EventType::Delivered, 1);
}

}  // namespace
}  // namespace penstock::delivery
