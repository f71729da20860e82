// SPDX-License-Identifier: Apache-2.0
#include "delivery/settlement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/descriptors.h"
#include "delivery/recipient_flags.h"
#include "delivery/test/desk.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;
using model::OutcomeKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RecordingQueue final : public Settlement::Queue {
 public:
  void wait_until(const queue::QueuedRecipient& recipient, Time due) override { waiting.emplace_back(recipient, due); }
  void admit(const model::Envelope& envelope) override { admitted.push_back(envelope); }
  std::vector<std::pair<queue::QueuedRecipient, Time>> waiting;
  std::vector<model::Envelope> admitted;
};

model::Outcome outcome(OutcomeKind kind, std::uint16_t code, model::Step step = model::Step::Rcpt) {
  model::Outcome made;
  made.kind = kind;
  made.step = step;
  made.reply = {code, {static_cast<std::uint16_t>(code / 100), 1, 1}, "said the receiver"};
  made.outcome_class = kind == OutcomeKind::Delivered ? model::OutcomeClass::None : model::OutcomeClass::Other;
  return made;
}
const model::Outcome kDelivered = outcome(OutcomeKind::Delivered, 250, model::Step::EndOfData);
const model::Outcome kDeferred = outcome(OutcomeKind::Deferred, 450);
const model::Outcome kBounced = outcome(OutcomeKind::Bounced, 550);
const model::Outcome kNoAnswer{OutcomeKind::Deferred, model::Step::Connect, model::OutcomeClass::Network,
                               model::Reply{0, {4, 4, 1}, "connection refused"}};

class SettlementTest : public ::testing::Test {
 protected:
  SettlementTest() {
    desk_.start();
    settlement_.emplace(desk_.dispatcher().parts(), queue_, flights_);
    settlement_->set_plan(desk_.plan);
    auto destination = std::make_shared<Destination>();
    destination->group = destination->site = desk_.names.intern("site:mx.example");
    attempted_.destination = destination;
    attempted_.vmta = desk_.names.find("v1");
    attempted_.peer_host = "mx.example";
  }
  // Keeps a message with these recipients.
  Batch batch(const std::vector<std::string>& addresses, std::uint8_t notify = model::kNotifyUnset) {
    model::Envelope envelope = desk_.envelope(addresses);
    envelope.sender = sender_;
    for (model::Recipient& each : envelope.recipients) each.notify = notify;
    const model::MessageId id = desk_.store(std::move(envelope));
    const auto stored = desk_.box.spool->read(id);
    Batch made{{}, stored->envelope, stored->body};
    append_descriptors(*stored->envelope, desk_.clock, desk_.names, desk_.labels, made.recipients);
    return made;
  }
  void settle(const Batch& batch, const std::vector<model::Outcome>& outcomes) {
    settlement_->settle(batch, outcomes, attempted_);
  }
  void change(const std::function<void(Stream&)>& change) {
    auto next = std::make_shared<Plan>(*desk_.plan);
    change(next->streams[0]);
    settlement_->set_plan(next);
  }
  // The recipients that a restart would find. Ends the engine.
  std::map<model::RecipientId, spool::Found> left() {
    settlement_.reset();
    desk_.end();
    return desk_.box.sink.found;
  }
  std::string body_of(model::MessageId id) { return **desk_.box.spool->read_body(id); }

  Desk desk_;
  RecordingQueue queue_;
  FlightLog flights_;
  std::optional<Settlement> settlement_;
  Attempted attempted_;
  std::string sender_ = "news@shop.example";
};

TEST_F(SettlementTest, DeliveredIsFinalAndAnEvent) {
  settle(batch({"a@one.example"}), {kDelivered});
  const auto events = desk_.events.of(EventType::Delivered);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].recipient, "a@one.example");
  EXPECT_EQ(events[0].vmta, "v1");
  EXPECT_EQ(events[0].pool, "main");
  EXPECT_EQ(events[0].route, "mx");
  EXPECT_EQ(events[0].peer_host, "mx.example");
  EXPECT_EQ(events[0].attempt, 1U);
  EXPECT_EQ(events[0].reply, kDelivered.reply);
  EXPECT_THAT(queue_.waiting, IsEmpty());
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(SettlementTest, PoolIsTheOneTheMessageNamed) {
  model::Envelope envelope = desk_.envelope({"a@one.example"});
  envelope.labels.vmta = "both";
  const model::MessageId id = desk_.store(std::move(envelope));
  const auto stored = desk_.box.spool->read(id);
  Batch made{{}, stored->envelope, stored->body};
  append_descriptors(*stored->envelope, desk_.clock, desk_.names, desk_.labels, made.recipients);
  settle(made, {kDelivered});
  EXPECT_EQ(desk_.events.of(EventType::Delivered).at(0).pool, "both");
}

TEST_F(SettlementTest, DeferredWaitsByTheRetryPlanAlsoOverARestart) {
  Batch one = batch({"a@one.example"});
  settle(one, {kDeferred});
  ASSERT_THAT(queue_.waiting, SizeIs(1));
  EXPECT_EQ(queue_.waiting[0].second, desk_.clock.now() + 1min);
  EXPECT_EQ(queue_.waiting[0].first.attempts, 1U);
  const auto events = desk_.events.of(EventType::Deferred);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].attempt, 1U);
  EXPECT_EQ(events[0].next_attempt, desk_.clock.wall() + 1min);
  one.recipients[0] = queue_.waiting[0].first;
  settle(one, {kDeferred});
  EXPECT_EQ(queue_.waiting[1].second, desk_.clock.now() + 2min);
  const Time due = desk_.clock.wall() + 2min;
  const auto found = left();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.begin()->second.attempts, 2U);
  EXPECT_EQ(found.begin()->second.next_due, due);
  EXPECT_EQ(found.begin()->second.pinned_vmta, "v1");
}

TEST_F(SettlementTest, AnsweredDeferralPinsTheVmta) {
  settle(batch({"a@one.example"}), {kDeferred});
  EXPECT_EQ(queue_.waiting.at(0).first.pinned_vmta, desk_.names.find("v1"));
}

TEST_F(SettlementTest, TroubleBeforeAnyAnswerPinsNothing) {
  settle(batch({"a@one.example"}), {kNoAnswer});
  EXPECT_FALSE(queue_.waiting.at(0).first.pinned_vmta);
  EXPECT_EQ(left().begin()->second.pinned_vmta, "");
}

TEST_F(SettlementTest, LinkLostFromMailOnPins) {
  model::Outcome lost = kNoAnswer;
  lost.step = model::Step::Mail;
  settle(batch({"a@one.example"}), {lost});
  EXPECT_FALSE(queue_.waiting.at(0).first.pinned_vmta) << "MAIL was not sent: it is trouble of our own";
  attempted_.asked = true;
  settle(batch({"a@one.example"}), {lost});
  EXPECT_EQ(queue_.waiting.at(1).first.pinned_vmta, desk_.names.find("v1"));
  EXPECT_EQ(left().rbegin()->second.pinned_vmta, "v1");
}

TEST_F(SettlementTest, WaitThatTheReplyOrItsRuleKnowsIsTheLeastWhateverItSpeaksOf) {
  model::Outcome asks = kDeferred;
  asks.scope = model::Scope::SourceIp;
  asks.wait = 30min;
  settle(batch({"a@one.example"}), {asks});
  EXPECT_EQ(queue_.waiting.at(0).second, desk_.clock.now() + 30min);
  asks.wait = 1s;
  settle(batch({"a@one.example"}), {asks});
  EXPECT_EQ(queue_.waiting.at(1).second, desk_.clock.now() + 1min) << "the schedule's is longer";
}

TEST_F(SettlementTest, PaceIsKeptByThePathAndNotByWhomItsProbeMet) {
  model::Outcome asks = kDeferred;
  asks.outcome_class = model::OutcomeClass::RateLimit;
  asks.wait = 1h;
  const auto due_in = [&] {
    settle(batch({"a@one.example"}), {asks});
    return queue_.waiting.back().second - desk_.clock.now();
  };
  EXPECT_EQ(due_in(), Duration{5min}) << "only a rule says that it is an hour";
  asks.scope = model::Scope::Recipient;
  EXPECT_EQ(due_in(), Duration{1h}) << "this mailbox takes too much mail, whatever the pace of the path";
  asks.scope = model::Scope::SourceIp;
  asks.wait_told = true;
  EXPECT_EQ(due_in(), Duration{1h}) << "the receiver is believed";
}

TEST_F(SettlementTest, UrgentMailDoesNotWaitForHoursBecauseARuleDoubtsThePath) {
  model::Outcome asks = kDeferred;
  asks.outcome_class = model::OutcomeClass::Reputation;
  asks.wait = 1h;
  settle(batch({"a@one.example"}), {asks});
  EXPECT_EQ(queue_.waiting.back().second, desk_.clock.now() + 1h);
  change([](Stream& stream) { stream.priority = queue::Priority::Urgent; });
  settle(batch({"a@one.example"}), {asks});
  EXPECT_EQ(queue_.waiting.back().second, desk_.clock.now() + 5min);
  asks.scope = model::Scope::SenderDomain;
  settle(batch({"a@one.example"}), {asks});
  EXPECT_EQ(queue_.waiting.back().second, desk_.clock.now() + 1h);
}

TEST_F(SettlementTest, TroubleKeepsThePinOfAnEarlierAnswer) {
  Batch one = batch({"a@one.example"});
  one.recipients[0].pinned_vmta = desk_.names.find("v2");
  settle(one, {kNoAnswer});
  EXPECT_EQ(queue_.waiting.at(0).first.pinned_vmta, desk_.names.find("v2"));
}

TEST_F(SettlementTest, MixedOutcomesGoTheirOwnWays) {
  change([](Stream& stream) { stream.dsn.enabled = false; });
  settle(batch({"a@one.example", "b@one.example", "c@one.example"}), {kDelivered, kDeferred, kBounced});
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 1U);
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 1U);
  EXPECT_EQ(desk_.events.count(EventType::Bounced), 1U);
  ASSERT_THAT(queue_.waiting, SizeIs(1));
  EXPECT_EQ(queue_.waiting[0].first.index, 1U);
  const auto found = left();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.begin()->first.index, 1U);
}

TEST_F(SettlementTest, DeferralAfterTheExpiryIsAnExpiry) {
  Batch one = batch({"a@one.example"});
  desk_.clock.advance(24h);
  settle(one, {kDeferred});
  EXPECT_THAT(queue_.waiting, IsEmpty());
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 0U);
  const auto events = desk_.events.of(EventType::Expired);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].outcome_class, model::OutcomeClass::Expired);
  EXPECT_EQ(events[0].reply, kDeferred.reply);
  EXPECT_EQ(events[0].attempt, 1U);
  desk_.run_until([&] { return !queue_.admitted.empty(); });
}

TEST_F(SettlementTest, FailureNoticeIsDurableBeforeItsRecipientIsFinal) {
  const Batch one = batch({"a@one.example", "b@one.example"});
  settle(one, {kBounced, kBounced});
  desk_.box.spool->flush();
  EXPECT_EQ(desk_.box.spool->stats().recipients, 3U);  // the notice is there, both are still live
  desk_.run_until([&] { return !queue_.admitted.empty(); });
  ASSERT_THAT(queue_.admitted, SizeIs(1));  // one notice for both
  const model::Envelope& notice = queue_.admitted[0];
  EXPECT_EQ(notice.sender, "");
  EXPECT_EQ(notice.recipients.at(0).address, "news@shop.example");
  EXPECT_EQ(notice.labels.stream, "default");
  const std::string text = body_of(notice.id);
  EXPECT_THAT(text, HasSubstr("a@one.example"));
  EXPECT_THAT(text, HasSubstr("b@one.example"));
  EXPECT_THAT(text, HasSubstr("Action: failed"));
  EXPECT_THAT(text, HasSubstr("mx.example"));
  const auto found = left();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.begin()->first.message, notice.id);
}

TEST_F(SettlementTest, NoNoticeForTheNullSenderNorWhenNotAskedFor) {
  sender_ = "";
  settle(batch({"a@one.example"}), {kBounced});
  sender_ = "news@shop.example";
  settle(batch({"a@one.example"}, model::kNotifyNever), {kBounced});
  change([](Stream& stream) { stream.dsn.enabled = false; });
  settle(batch({"a@one.example"}), {kBounced});
  EXPECT_EQ(desk_.events.count(EventType::Bounced), 3U);
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_THAT(queue_.admitted, IsEmpty());
}

TEST_F(SettlementTest, NoticeThatCannotBeStoredPutsItsRecipientsBack) {
  const spool::Quiet quiet;
  const Batch one = batch({"a@one.example"});
  desk_.box.disk.fail_writes_after(0, ENOSPC);
  settle(one, {kBounced});
  desk_.run_until([&] { return !queue_.waiting.empty(); });
  EXPECT_EQ(queue_.waiting[0].first.id(), one.recipients[0].id());
  EXPECT_GT(queue_.waiting[0].second, desk_.clock.now());
  EXPECT_THAT(queue_.admitted, IsEmpty());
  desk_.box.disk.heal();
}

TEST_F(SettlementTest, NoticeOfSuccessThatCannotBeStoredDoesNotSendTheMessageTwice) {
  const spool::Quiet quiet;
  const Batch one = batch({"a@one.example", "b@one.example"}, model::kNotifySuccess | model::kNotifyFailure);
  desk_.box.disk.fail_writes_after(0, ENOSPC);
  settle(one, {kDelivered, kBounced});
  desk_.run_until([&] { return !queue_.waiting.empty(); });
  ASSERT_THAT(queue_.waiting, SizeIs(1));
  EXPECT_EQ(queue_.waiting[0].first.index, 1U);
  desk_.box.disk.heal();
}

TEST_F(SettlementTest, DeliveredIsNotedWhileOtherAnswersAreToCome) {
  const Batch one = batch({"a@one.example", "b@one.example", "c@one.example"});
  EXPECT_EQ(settlement_->note(one, std::vector{kDelivered, kDeferred, kDeferred}), 1U);
  EXPECT_EQ(settlement_->note(one, std::vector{kDelivered, kBounced, kDelivered}, 1), 3U);
  EXPECT_EQ(settlement_->note(one, std::vector{kDelivered, kBounced, kDelivered}, 3), 3U);
}

TEST_F(SettlementTest, DelayIsToldOnce) {
  change([](Stream& stream) { stream.dsn.delay = 4h; });
  Batch one = batch({"a@one.example"}, model::kNotifyDelay | model::kNotifyFailure);
  settle(one, {kDeferred});
  desk_.clock.advance(4h);
  one.recipients[0] = queue_.waiting.back().first;
  settle(one, {kDeferred});
  desk_.run_until([&] { return !queue_.admitted.empty(); });
  EXPECT_THAT(body_of(queue_.admitted[0].id), HasSubstr("Action: delayed"));
  one.recipients[0] = queue_.waiting.back().first;
  settle(one, {kDeferred});
  EXPECT_THAT(queue_.waiting, SizeIs(3));
  EXPECT_THAT(left(), SizeIs(2));  // he himself, and one notice
}

TEST_F(SettlementTest, DelayIsToldToThoseWhoAskOnlyAndNotWithoutNotices) {
  const struct {
    std::uint8_t notify;
    bool enabled;
  } silent[] = {{model::kNotifyUnset, true}, {model::kNotifyFailure, true}, {model::kNotifyDelay, false}};
  for (const auto& [notify, enabled] : silent) {
    change([on = enabled](Stream& stream) {
      stream.dsn.enabled = on;
      stream.dsn.delay = 4h;
    });
    const Batch one = batch({"a@one.example"}, notify);
    desk_.clock.advance(5h);
    settle(one, {kDeferred});
  }
  EXPECT_THAT(left(), SizeIs(3));  // themselves, and no notice
  EXPECT_THAT(queue_.admitted, IsEmpty());
}

TEST_F(SettlementTest, SuccessIsToldWhereTheNextHopWillNot) {
  const struct {
    RouteKind kind;
    bool passes_dsn;
    const char* action;  // "": no notice
  } cases[] = {{RouteKind::Mx, false, "Action: relayed"},
               {RouteKind::Mx, true, ""},
               {RouteKind::Lmtp, false, "Action: delivered"}};
  for (const auto& one : cases) {
    queue_.admitted.clear();
    auto destination = std::make_shared<Destination>(*attempted_.destination);
    destination->kind = one.kind;
    attempted_.destination = destination;
    attempted_.passes_dsn = one.passes_dsn;
    settle(batch({"a@one.example"}, model::kNotifySuccess), {kDelivered});
    if (*one.action == '\0') continue;
    desk_.run_until([&] { return !queue_.admitted.empty(); });
    EXPECT_THAT(body_of(queue_.admitted[0].id), HasSubstr(one.action));
  }
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 3U);
  EXPECT_THAT(left(), SizeIs(2));  // the two notices
}

TEST_F(SettlementTest, LookUpThatFindsNoWayIsAnAttempt) {
  attempted_ = {};
  attempted_.looked_up = true;
  settle(batch({"a@gone.example"}), {kBounced});
  EXPECT_EQ(desk_.events.of(EventType::Bounced).at(0).attempt, 1U);
}

TEST_F(SettlementTest, WhatIsDecidedInTheQueueIsNoAttempt) {
  attempted_ = {};
  settle(batch({"a@gone.example"}), {kBounced});
  EXPECT_EQ(desk_.events.of(EventType::Bounced).at(0).attempt, 0U);
}

TEST_F(SettlementTest, ReroutedRecipientStaysOnItsStream) {
  Batch one = batch({"a@one.example"});
  queue::LabelSet labels = desk_.labels.view(one.recipients[0].labels);
  labels.stream = desk_.names.find("news");
  one.recipients[0].labels = desk_.labels.intern(labels);
  settle(one, {kDeferred});
  EXPECT_EQ(left().begin()->second.stream, "news");
}

// Who was greylisted twice has not been found full three times.
TEST_F(SettlementTest, OnlyTriesThatMeetTheClassCountAlsoOverARestart) {
  model::Outcome full = kDeferred;
  full.outcome_class = model::OutcomeClass::MailboxFull;
  full.scope = model::Scope::Recipient;
  Batch one = batch({"a@one.example"});
  for (const model::Outcome& said : {kDeferred, kDeferred, full, kDeferred, full}) {
    settle(one, {said});
    ASSERT_THAT(desk_.events.of(EventType::Bounced), IsEmpty());
    one.recipients[0] = queue_.waiting.back().first;
  }
  EXPECT_EQ(one.recipients[0].flags / kTriedOnce, 2);
  EXPECT_EQ(one.recipients[0].attempts, 5U);
  EXPECT_EQ(queue_.waiting.back().second, desk_.clock.now() + 12h) << "three tries in 24 hours";
  const auto found = left();
  EXPECT_EQ(found.begin()->second.flags / kTriedOnce, 2);
}

TEST_F(SettlementTest, ThirdTryThatMeetsAFullMailboxEndsIt) {
  change([](Stream& stream) { stream.dsn.enabled = false; });
  model::Outcome full = kDeferred;
  full.outcome_class = model::OutcomeClass::MailboxFull;
  Batch one = batch({"a@one.example"});
  one.recipients[0].flags = 2 * kTriedOnce;
  one.recipients[0].attempts = 9;
  settle(one, {full});
  const auto bounced = desk_.events.of(EventType::Bounced);
  ASSERT_THAT(bounced, SizeIs(1));
  EXPECT_EQ(bounced[0].outcome_class, model::OutcomeClass::MailboxFull);
  EXPECT_EQ(bounced[0].attempt, 10U);
}
}  // namespace
}  // namespace penstock::delivery
