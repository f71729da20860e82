// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smtp/client_session.h"
#include "smtp/test/client_script.h"

namespace penstock::smtp {
namespace {

using model::OutcomeClass;
using model::OutcomeKind;
using model::Step;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kMail = "MAIL FROM:<s@ours.test>";
constexpr std::string_view kBody = "Subject: x\n\nhello\n.";

bool is_idle(const ClientSession& session) {
  return std::holds_alternative<Idle>(session.next());
}
bool is_closed(const ClientSession& session) {
  return std::holds_alternative<Closed>(session.next());
}
std::vector<std::string> outcomes_of(const ClientSession& session) {
  std::vector<std::string> out;
  for (const auto& outcome : session.outcomes()) out.push_back(describe(outcome));
  return out;
}
std::string lines(std::initializer_list<std::string_view> list) {
  std::string out;
  for (const auto line : list) {
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

// Three recipients in one pipelined group; the second is refused.
class ThreeRecipients : public testing::Test {
 protected:
  Mail mail_{{"a@x.test", "b@x.test", "c@x.test"}};
  Script begun_ = Script()
                      .greet("PIPELINING")
                      .begin(mail_)
                      .we(lines({kMail, "RCPT TO:<a@x.test>", "RCPT TO:<b@x.test>", "RCPT TO:<c@x.test>", "DATA"}));
};

TEST(ClientMail, StepByStepWithoutPipelining) {
  Mail mail;
  Script talk = Script().greet();
  talk.begin(mail).we(kMail).peer("250 ok").we("RCPT TO:<a@x.test>").peer("250 ok").we("DATA").peer("354 go");
  talk.we(kBody).peer("250 2.0.0 queued as 1");
  const auto session = talk.play();
  EXPECT_TRUE(is_idle(*session));
  EXPECT_THAT(outcomes_of(*session), ElementsAre("delivered end-of-data none: 250 2.0.0 queued as 1"));
  EXPECT_EQ(session->messages(), 1U);
  EXPECT_EQ(session->transactions(), 1U);
  talk.cut_at_each_step([](ClientSession& cut, Step at) {
    const model::Outcome& outcome = cut.outcomes()[0];
    EXPECT_EQ(outcome.kind, OutcomeKind::Deferred);
    EXPECT_EQ(outcome.step, at);
    EXPECT_EQ(outcome.outcome_class, OutcomeClass::Network);
    EXPECT_EQ(outcome.reply.code, 0);
    EXPECT_EQ(cut.messages(), 0U);
  });
  talk.give_up_at_each_line([](ClientSession& ended, Step at) {
    EXPECT_EQ(describe(ended.outcomes()[0]),
              "deferred " + std::string(model::to_string(at)) + " server-trouble: 421 4.3.2 going down");
  });
}

TEST(ClientMail, PipeliningTurnedOffIsNotUsed) {
  Mail mail;
  EXPECT_EQ(step_of(Script({.pipelining = false}).greet("PIPELINING").begin(mail).we(kMail).play()->next()),
            Step::Mail);
}

TEST(ClientMail, LossAfterTheBodySaysThatItMayHaveArrived) {
  Mail mail;
  const auto session = Script()
                           .greet()
                           .begin(mail)
                           .we(kMail)
                           .peer("250")
                           .we("RCPT TO:<a@x.test>")
                           .peer("250")
                           .we("DATA")
                           .peer("354")
                           .we(kBody)
                           .play();
  session->on_lost(OutcomeClass::Timeout, "no answer within 10m");
  EXPECT_THAT(
      outcomes_of(*session),
      ElementsAre("deferred end-of-data timeout: timed out at end-of-data: no answer within 10m; the receiver may "
                  "have the message"));
  EXPECT_FALSE(session->was_stale());
}

TEST_F(ThreeRecipients, EachHasItsOwnAnswer) {
  Script talk = begun_;
  talk.peer("250 ok\n250 ok\n550 5.1.1 no such user\n451 4.2.0 greylisted\n354 go").we(kBody).peer("250 2.0.0 ok");
  const auto session = talk.play();
  EXPECT_TRUE(is_idle(*session));
  EXPECT_THAT(outcomes_of(*session), ElementsAre("delivered end-of-data none: 250 2.0.0 ok",
                                                 "bounced rcpt invalid-mailbox: 550 5.1.1 no such user",
                                                 "deferred rcpt server-trouble: 451 4.2.0 greylisted"));
}

TEST_F(ThreeRecipients, WhatIsCertainStaysWhenTheLinkIsLost) {
  Script talk = begun_;
  talk.peer("250 ok\n250 ok\n550 5.1.1 no such user\n250 ok\n354 go").we(kBody).peer("250 2.0.0 ok");
  const auto check = [](ClientSession& session, Step at) {
    EXPECT_EQ(session.outcomes()[0].kind, OutcomeKind::Deferred);
    EXPECT_EQ(session.outcomes()[2].kind, OutcomeKind::Deferred);
    const bool known = at == Step::Data || at == Step::EndOfData;
    const OutcomeKind second = session.outcomes()[1].kind;
    EXPECT_TRUE(second == OutcomeKind::Bounced || !known);
    EXPECT_TRUE(second == OutcomeKind::Deferred || at != Step::Mail);
  };
  talk.cut_at_each_step(check);
  talk.give_up_at_each_line(check);
}

TEST_F(ThreeRecipients, RefusedMailIsTheAnswerOfAllAndTheRestIsConsumed) {
  const auto session = Script(begun_).peer("451 4.7.1 later\n503 x\n503 x\n503 x\n503 x").play();
  EXPECT_TRUE(is_idle(*session));
  EXPECT_THAT(outcomes_of(*session), testing::Each(std::string("deferred mail policy: 451 4.7.1 later")));
  const auto partly = Script(begun_).peer("550 5.7.1 no\n503 x\n503 x").play();
  EXPECT_TRUE(partly->finished());
  EXPECT_EQ(step_of(partly->next()), Step::Rcpt);
  partly->on_lost(OutcomeClass::Network, "x");
  EXPECT_THAT(outcomes_of(*partly), testing::Each(std::string("bounced mail policy: 550 5.7.1 no")));
}

TEST_F(ThreeRecipients, RecipientsTakenAfterARefusedMailDoNotCount) {
  const auto session = Script(begun_).peer("550 no\n250 ok\n250 ok\n250 ok\n354 go").we(".").peer("250 ok").play();
  EXPECT_TRUE(is_idle(*session));
  EXPECT_THAT(outcomes_of(*session), testing::Each(std::string("bounced mail policy: 550 no")));
  EXPECT_EQ(session->messages(), 0U);
}

TEST_F(ThreeRecipients, AllRefusedButDataAskedForEndsInALoneDot) {
  Script talk = begun_;
  talk.peer("250 ok\n550 a\n550 b\n450 c\n354 go").we(".").peer("250 ok");
  const auto session = talk.play();
  EXPECT_TRUE(is_idle(*session));
  EXPECT_THAT(outcomes_of(*session),
              ElementsAre("bounced rcpt invalid-mailbox: 550 a", "bounced rcpt invalid-mailbox: 550 b",
                          "deferred rcpt greylisting: 450 c"));
  EXPECT_EQ(session->messages(), 0U);
  // The end of data ended the transaction: no RSET.
  talk.begin(mail_).we(lines({kMail, "RCPT TO:<a@x.test>", "RCPT TO:<b@x.test>", "RCPT TO:<c@x.test>", "DATA"}));
  talk.play();
}

TEST_F(ThreeRecipients, RefusedDataIsTheAnswerOfTheAccepted) {
  const auto session = Script(begun_).peer("250 ok\n250 a\n550 b\n250 c\n451 4.3.0 disk").play();
  EXPECT_THAT(outcomes_of(*session),
              ElementsAre("deferred data server-trouble: 451 4.3.0 disk", "bounced rcpt invalid-mailbox: 550 b",
                          "deferred data server-trouble: 451 4.3.0 disk"));
}

TEST_F(ThreeRecipients, RefusedBodyIsTheAnswerOfTheAccepted) {
  const auto session = Script(begun_).peer("250\n250\n550 b\n250\n354").we(kBody).peer("554 5.6.0 spam").play();
  EXPECT_THAT(outcomes_of(*session),
              ElementsAre("bounced end-of-data content-rejected: 554 5.6.0 spam", "bounced rcpt invalid-mailbox: 550 b",
                          "bounced end-of-data content-rejected: 554 5.6.0 spam"));
}

TEST_F(ThreeRecipients, AnswersThatDoNotFitEndTheConnection) {
  for (const char* answers : {"354 x", "250\n354 x", "250\n250\n250\n250\n250 x", "250\n250\n250\n250\n221 x", "abc"}) {
    const auto session = Script(begun_).peer(answers).play();
    EXPECT_TRUE(is_closed(*session)) << answers;
    for (const auto& outcome : session->outcomes()) {
      EXPECT_EQ(outcome.kind, OutcomeKind::Deferred) << answers;
      EXPECT_EQ(outcome.outcome_class, OutcomeClass::Protocol) << answers;
      EXPECT_EQ(outcome.reply.code, 0) << answers;
    }
  }
  const auto session = Script(begun_).peer("250\n250\n250\n250\n354").we(kBody).peer("354 more").play();
  EXPECT_THAT(outcomes_of(*session)[0], HasSubstr("deferred end-of-data protocol: the answer does not fit"));
}

TEST_F(ThreeRecipients, AnswerBeforeTheBodyIsNoAnswerToIt) {
  const auto session = begun_.play();
  session->on_bytes("250\r\n250\r\n250\r\n250\r\n354 go\r\n250 ok\r\n");
  EXPECT_THAT(outcomes_of(*session),
              testing::Each(std::string("deferred end-of-data protocol: the receiver spoke out of turn: 250 ok")));
}

TEST_F(ThreeRecipients, OneAnswerTooManyEndsTheConnectionAfterTheOutcome) {
  const auto session = Script(begun_).peer("250\n250\n250\n250\n354").we(kBody).peer("250 ok\n421 bye").play();
  EXPECT_TRUE(is_closed(*session));
  EXPECT_THAT(outcomes_of(*session), testing::Each(std::string("delivered end-of-data none: 250 ok")));
}

TEST_F(ThreeRecipients, RefusalSaidWhileTheBodyIsWrittenCounts) {
  const auto session = Script(begun_).peer("250\n250\n250\n250\n354").play();
  session->on_bytes("552 5.3.4 too big\r\n");
  session->on_lost(OutcomeClass::Network, "broken pipe");
  EXPECT_THAT(outcomes_of(*session),
              testing::Each(std::string("bounced end-of-data message-too-large: 552 5.3.4 too big")));
  EXPECT_TRUE(is_closed(*session));
}

TEST_F(ThreeRecipients, AcceptanceSaidWhileTheBodyIsWrittenDoesNotCount) {
  const auto session = Script(begun_).peer("250\n250\n250\n250\n354").play();
  session->on_bytes("250 ok\r\n");
  session->on_lost(OutcomeClass::Network, "broken pipe");
  for (const auto& outcome : session->outcomes()) EXPECT_EQ(outcome.kind, OutcomeKind::Deferred);
}

TEST_F(ThreeRecipients, AnswersSaidBeforeTheCommandsFailedCount) {
  const auto session = Script().greet("PIPELINING").begin(mail_).play();
  session->on_bytes("250 ok\r\n550 a\r\n421 4.7.0 too many\r\n");
  session->on_lost(OutcomeClass::Network, "broken pipe");
  EXPECT_THAT(outcomes_of(*session),
              ElementsAre("bounced rcpt invalid-mailbox: 550 a", "deferred rcpt policy: 421 4.7.0 too many",
                          "deferred rcpt policy: 421 4.7.0 too many"));
}

TEST_F(ThreeRecipients, PeerThatFloodsDuringAWriteIsLeft) {
  const auto session = Script().greet("PIPELINING").begin(mail_).play();
  const std::string flood(64 * 1024, '2');
  for (int n = 0; n < 5; ++n) session->on_bytes(flood);
  EXPECT_TRUE(is_closed(*session));
  EXPECT_THAT(outcomes_of(*session)[0], HasSubstr("says too much"));
}

TEST(ClientReset, UnfinishedTransactionIsResetInTheNextWrite) {
  Mail mail;
  Script talk = Script().greet("PIPELINING");
  const std::string group = lines({kMail, "RCPT TO:<a@x.test>", "DATA"});
  talk.begin(mail).we(group).peer("250\n550 no\n503 no recipients");
  talk.begin(mail).we("RSET\n" + group).peer("250 reset\n250\n250\n354").we(kBody).peer("250 ok");
  const auto session = talk.play();
  EXPECT_THAT(outcomes_of(*session), ElementsAre("delivered end-of-data none: 250 ok"));
  EXPECT_EQ(session->transactions(), 2U);
  EXPECT_EQ(session->messages(), 1U);
  talk.begin(mail).we(group).play();  // and no more
  talk.cut_at_each_step([](ClientSession&, Step) {});
}

TEST(ClientReset, RefusedMailNeedsNone) {
  Mail mail;
  Script talk = Script().greet();
  talk.begin(mail).we(kMail).peer("450 no").begin(mail).we(kMail).play();
}

TEST(ClientReset, WithoutPipeliningItHasAnAnswerOfItsOwn) {
  Mail mail;
  Script talk = Script().greet();
  talk.begin(mail).we(kMail).peer("250").we("RCPT TO:<a@x.test>").peer("550 no").begin(mail).we("RSET");
  EXPECT_EQ(step_of(talk.play()->next()), Step::Rset);
  EXPECT_EQ(step_of(Script(talk).peer("250").we(kMail).play()->next()), Step::Mail);
  const auto refused = Script(talk).peer("500 what").play();
  EXPECT_TRUE(is_closed(*refused));
  EXPECT_EQ(refused->outcomes()[0].step, Step::Rset);
  EXPECT_EQ(refused->outcomes()[0].kind, OutcomeKind::Deferred);
}

TEST(ClientStale, ConnectionThatEndedWhileIdleIsToldApart) {
  Mail mail;
  Script talk = Script().greet("PIPELINING");
  const std::string group = lines({kMail, "RCPT TO:<a@x.test>", "DATA"});
  const auto first = Script(talk).begin(mail).we(group).play();
  first->on_lost(OutcomeClass::Network, "closed by peer");
  EXPECT_FALSE(first->was_stale());  // a receiver that takes nothing at all is trouble of its own
  talk.begin(mail).we(group).peer("250\n250\n354").we(kBody).peer("250 ok").begin(mail);
  const auto lost = talk.play();
  lost->on_lost(OutcomeClass::Network, "reset by peer");
  EXPECT_TRUE(lost->was_stale());
  const auto slow = Script(talk).we(group).play();
  slow->on_lost(OutcomeClass::Timeout, "x");
  EXPECT_FALSE(slow->was_stale());
  const auto answered = Script(talk).we(group).peer("250").play();
  answered->on_lost(OutcomeClass::Network, "x");
  EXPECT_FALSE(answered->was_stale());
}

TEST(ClientPipelining, ManyRecipientsGoInBoundedGroups) {
  std::vector<std::string> addresses;
  for (int n = 0; n < 1000; ++n) addresses.push_back("user" + std::to_string(n) + "@x.test");
  Mail mail(addresses);
  const auto session = Script().greet("PIPELINING").begin(mail).play();
  std::size_t groups = 0;
  std::size_t commands = 0;
  while (!is_idle(*session)) {
    const Action action = session->next();
    if (const auto* write = std::get_if<Write>(&action)) {
      std::string text;
      for (const auto chunk : write->chunks) text += chunk;
      session->on_written();
      if (write->step == Step::EndOfData) {
        session->on_bytes("250 ok\r\n");
        continue;
      }
      EXPECT_LE(text.size(), 8 * 1024U + 64);
      ++groups;
      const auto here = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
      const bool data = text.ends_with("DATA\r\n");
      for (std::size_t n = 0; n < here - (data ? 1 : 0); ++n) session->on_bytes("250 ok\r\n");
      if (data) session->on_bytes("354 go\r\n");
      commands += here;
    }
  }
  EXPECT_EQ(commands, 1002U);
  EXPECT_GE(groups, 3U);
  EXPECT_LE(groups, 6U);
  for (const auto& outcome : session->outcomes()) EXPECT_EQ(outcome.kind, OutcomeKind::Delivered);
}

TEST(ClientPipelining, RefusedMailStopsFurtherGroups) {
  Mail mail({"a@x.test", "b@x.test"});
  Script talk = Script({.pipeline_bytes_max = 30}).greet("PIPELINING").begin(mail);
  talk.we(lines({kMail, "RCPT TO:<a@x.test>"})).peer("550 no\n503 x");
  EXPECT_TRUE(is_idle(*talk.play()));
}

TEST(ClientPipelining, NoDataWhenAllWereRefusedInEarlierGroups) {
  Mail mail({"a@x.test", "b@x.test"});
  Script talk = Script({.pipeline_bytes_max = 40}).greet("PIPELINING").begin(mail);
  talk.we(lines({kMail, "RCPT TO:<a@x.test>"})).peer("250\n550 x").we(lines({"RCPT TO:<b@x.test>", "DATA"}));
  talk.peer("550 y\n503 z");
  EXPECT_TRUE(is_idle(*talk.play()));
  Script one = Script({.pipeline_bytes_max = 1}).greet("PIPELINING").begin(mail);
  one.we(kMail).peer("250").we("RCPT TO:<a@x.test>").peer("550 x").we("RCPT TO:<b@x.test>").peer("550 y");
  EXPECT_TRUE(is_idle(*one.play()));
}

TEST(ClientOwnRefusal, MessageTooLargeIsBouncedUnsaid) {
  Mail mail({"a@x.test", "b@x.test"});
  const auto session = Script().greet("SIZE 10").begin(mail).play();
  EXPECT_TRUE(is_idle(*session));
  EXPECT_EQ(session->outcomes().size(), 2U);
  EXPECT_EQ(session->outcomes()[1].step, Step::Mail);
  EXPECT_EQ(session->outcomes()[1].reply.code, 552);
  EXPECT_EQ(session->transactions(), 0U);
}

TEST(ClientOwnRefusal, OneRecipientIsLeftOutAndTheOthersGo) {
  Mail mail({"a@x.test", "\xC3\xBC@x.test", "c@x.test"});
  Script talk = Script().greet("PIPELINING").begin(mail);
  talk.we(lines({kMail, "RCPT TO:<a@x.test>", "RCPT TO:<c@x.test>", "DATA"})).peer("250\n250\n550 c\n354");
  const auto session = talk.we(kBody).peer("250 ok").play();
  EXPECT_EQ(session->outcomes()[0].kind, OutcomeKind::Delivered);
  EXPECT_EQ(session->outcomes()[1].reply.enhanced, (model::EnhancedStatus{5, 6, 7}));
  EXPECT_EQ(session->outcomes()[2].reply.text, "c");
}

TEST(ClientTransaction, OnlyTheChosenRecipientsAreSentTo) {
  Mail mail({"a@x.test", "b@x.test", "c@x.test"});
  mail.indexes = {2, 0};
  const auto session = Script()
                           .greet("PIPELINING")
                           .begin(mail)
                           .we(lines({kMail, "RCPT TO:<c@x.test>", "RCPT TO:<a@x.test>", "DATA"}))
                           .peer("250\n550 c\n250\n354")
                           .we(kBody)
                           .peer("250 ok")
                           .play();
  EXPECT_EQ(session->outcomes()[0].reply.text, "c");
  EXPECT_EQ(session->outcomes()[1].kind, OutcomeKind::Delivered);
}

TEST(ClientTransaction, BodyInPartsWithLeadingDots) {
  Mail mail({}, "");
  mail.parts = {"Received: x\r\n", "\r", "\n.", "hidden\r\nend"};
  Script talk = Script().greet("PIPELINING").begin(mail).we(lines({kMail, "RCPT TO:<a@x.test>", "DATA"}));
  talk.peer("250\n250\n354").we("Received: x\n\n..hidden\nend\n.").peer("250 ok").play();
}

TEST(ClientTransaction, LargeBodyIsWrittenInBlocks) {
  Mail mail({}, std::string(5 * DotStuffer::kBytesMax, 'x') + "\r\n");
  const auto session = Script()
                           .greet("PIPELINING")
                           .begin(mail)
                           .we(lines({kMail, "RCPT TO:<a@x.test>", "DATA"}))
                           .peer("250\n250\n354")
                           .play();
  int writes = 0;
  for (; std::holds_alternative<Write>(session->next()); ++writes) session->on_written();
  EXPECT_GE(writes, 5);
  EXPECT_EQ(step_of(session->next()), Step::EndOfData);
}

}  // namespace
}  // namespace penstock::smtp
