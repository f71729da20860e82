// SPDX-License-Identifier: Apache-2.0
// BDAT (RFC 3030) and LMTP (RFC 2033).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smtp/client_session.h"
#include "smtp/test/client_script.h"

namespace penstock::smtp {
namespace {

using model::OutcomeKind;
using model::Step;
using testing::ElementsAre;

std::vector<std::string> outcomes_of(const ClientSession& session) {
  std::vector<std::string> out;
  for (const auto& outcome : session.outcomes()) out.push_back(describe(outcome));
  return out;
}

constexpr std::string_view kGroup =
    "MAIL FROM:<s@ours.test>\nRCPT TO:<a@x.test>\nRCPT TO:<b@x.test>\nBDAT 21 LAST\nSubject: x\n\nhello";

class Chunking : public testing::Test {
 protected:
  Mail mail_{{"a@x.test", "b@x.test"}};
  Script begun_ = Script().greet("CHUNKING\nPIPELINING").begin(mail_).we(kGroup);
};

TEST_F(Chunking, AllGoesInOneWrite) {
  Script talk = begun_;
  talk.peer("250\n250\n550 b\n250 2.0.0 ok");
  const auto session = talk.play();
  EXPECT_THAT(outcomes_of(*session),
              ElementsAre("delivered end-of-data none: 250 2.0.0 ok", "bounced rcpt invalid-mailbox: 550 b"));
  EXPECT_TRUE(std::holds_alternative<Idle>(session->next()));
  EXPECT_EQ(session->messages(), 1U);
  talk.begin(mail_).we(kGroup).play();  // no RSET
  const auto check = [](ClientSession& cut, Step) { EXPECT_EQ(cut.outcomes()[0].kind, OutcomeKind::Deferred); };
  Script(begun_).peer("250\n250\n550 b\n250 2.0.0 ok").cut_at_each_step(check);
  Script(begun_).peer("250\n250\n550 b\n250 2.0.0 ok").give_up_at_each_line(check);
}

TEST_F(Chunking, AllRefusedIsFollowedByReset) {
  Script talk = begun_;
  talk.peer("250\n550 a\n450 b\n503 no recipients");
  EXPECT_THAT(outcomes_of(*talk.play()),
              ElementsAre("bounced rcpt invalid-mailbox: 550 a", "deferred rcpt greylisting: 450 b"));
  talk.begin(mail_).we("RSET\n" + std::string(kGroup)).play();
}

TEST_F(Chunking, ChunkTakenWithoutRecipientsDeliversNothing) {
  const auto session = Script(begun_).peer("250\n550 a\n550 b\n250 ok").play();
  EXPECT_EQ(session->outcomes()[0].kind, OutcomeKind::Bounced);
  EXPECT_EQ(session->messages(), 0U);
}

TEST_F(Chunking, RefusedMailConsumesAllAnswers) {
  const auto session = Script(begun_).peer("451 later\n503\n503\n503").play();
  EXPECT_TRUE(std::holds_alternative<Idle>(session->next()));
  EXPECT_THAT(outcomes_of(*session), testing::Each(std::string("deferred mail server-trouble: 451 later")));
}

TEST_F(Chunking, RefusedChunkIsTheAnswerOfTheAccepted) {
  Script talk = begun_;
  talk.peer("250\n250\n250\n554 5.7.1 spam");
  EXPECT_THAT(outcomes_of(*talk.play()), testing::Each(std::string("bounced end-of-data policy: 554 5.7.1 spam")));
  talk.begin(mail_).we("RSET\n" + std::string(kGroup)).play();
}

TEST_F(Chunking, AcceptanceOfAChunkNotWrittenWholeDoesNotCount) {
  const auto session = Script().greet("CHUNKING\nPIPELINING").begin(mail_).play();
  session->on_bytes("250\r\n250\r\n250\r\n250 ok\r\n");
  session->on_lost(model::OutcomeClass::Network, "broken pipe");
  for (const auto& outcome : session->outcomes()) EXPECT_EQ(outcome.kind, OutcomeKind::Deferred);
}

TEST_F(Chunking, IsLeftWhenItDoesNotServe) {
  Mail one;
  const std::string_view data = "MAIL FROM:<s@ours.test>\nRCPT TO:<a@x.test>\nDATA";
  Script({.chunking = false}).greet("CHUNKING\nPIPELINING").begin(one).we(data).play();
  Script({.chunk_bytes_max = 20}).greet("CHUNKING\nPIPELINING").begin(one).we(data).play();
  Script({.lmtp = true}).greet("CHUNKING\nPIPELINING").begin(one).we(data).play();
  Script().greet("CHUNKING").begin(one).we("MAIL FROM:<s@ours.test>").play();
}

TEST_F(Chunking, DotsAreNotDoubledAndTheLastLineIsCompleted) {
  Mail mail({}, ".a\r\n.\r\n.b");
  Script()
      .greet("CHUNKING\nPIPELINING")
      .begin(mail)
      .we("MAIL FROM:<s@ours.test>\nRCPT TO:<a@x.test>\nBDAT 11 LAST\n.a\n.\n.b")
      .peer("250\n250\n250 ok")
      .play();
}

TEST(BinaryMail, IsSentOnceTheRecipientsAreKnown) {
  Mail mail({"a@x.test", "b@x.test"}, std::string("a\0\n\n.\r\n", 7));
  mail.envelope.body_kind = model::BodyKind::BinaryMime;
  Script talk =
      Script().greet("CHUNKING\nBINARYMIME").begin(mail).we("MAIL FROM:<s@ours.test> BODY=BINARYMIME").peer("250");
  talk.we("RCPT TO:<a@x.test>").peer("550 a").we("RCPT TO:<b@x.test>");
  const auto none = Script(talk).peer("550 b").play();
  EXPECT_TRUE(std::holds_alternative<Idle>(none->next()));
  const auto session = Script(talk).peer("250").play();
  std::string written;
  const Action action = session->next();
  for (const auto chunk : std::get<Write>(action).chunks) written += chunk;
  EXPECT_EQ(written, "BDAT 7 LAST\r\n" + mail.body);
  session->on_written();
  EXPECT_EQ(step_of(session->next()), Step::EndOfData);
  session->on_bytes("250 ok\r\n");
  EXPECT_EQ(session->outcomes()[1].kind, OutcomeKind::Delivered);
  EXPECT_EQ(session->outcomes()[0].kind, OutcomeKind::Bounced);
}

class Lmtp : public testing::Test {
 protected:
  Mail mail_{{"a@x.test", "b@x.test", "c@x.test"}};
  Script begun_ = Script({.lmtp = true})
                      .greet("PIPELINING")
                      .begin(mail_)
                      .we("MAIL FROM:<s@ours.test>\nRCPT TO:<a@x.test>\nRCPT TO:<b@x.test>\nRCPT TO:<c@x.test>\nDATA");
};

TEST_F(Lmtp, EachAcceptedRecipientHasItsAnswerAfterTheBody) {
  Script talk = begun_;
  talk.peer("250\n250\n550 b\n250\n354").we("Subject: x\n\nhello\n.").peer("250 2.0.0 a\n452 4.2.2 c is full");
  const auto session = talk.play();
  EXPECT_THAT(outcomes_of(*session),
              ElementsAre("delivered end-of-data none: 250 2.0.0 a", "bounced rcpt invalid-mailbox: 550 b",
                          "deferred end-of-data mailbox-full: 452 4.2.2 c is full"));
  EXPECT_TRUE(std::holds_alternative<Idle>(session->next()));
  EXPECT_EQ(session->messages(), 1U);
}

TEST_F(Lmtp, LossBetweenTheAnswersLeavesTheFirstAsItIs) {
  Script talk = begun_;
  talk.peer("250\n250\n250\n250\n354").we("Subject: x\n\nhello\n.").peer("250 2.0.0 a\n554 b");
  const auto session = talk.play();
  EXPECT_EQ(step_of(session->next()), Step::EndOfData);
  session->on_lost(model::OutcomeClass::Network, "x");
  EXPECT_THAT(outcomes_of(*session),
              ElementsAre("delivered end-of-data none: 250 2.0.0 a", "bounced end-of-data policy: 554 b",
                          "deferred end-of-data network: connection lost at end-of-data: x; the receiver may have the "
                          "message"));
}

TEST_F(Lmtp, ClosingReplyForOneRecipientDefersTheRest) {
  Script talk = begun_;
  talk.peer("250\n250\n250\n250\n354").we("Subject: x\n\nhello\n.").peer("250 2.0.0 a\n250 b\n250 c");
  talk.give_up_at_each_line([](ClientSession& session, Step at) {
    EXPECT_EQ(session.outcomes()[2].kind, OutcomeKind::Deferred);
    EXPECT_EQ(session.outcomes()[2].step, at);
  });
}

TEST_F(Lmtp, DataAskedForWithoutRecipientsEndsTheConnection) {
  const auto session = Script(begun_).peer("250\n550 a\n550 b\n550 c\n354").play();
  EXPECT_TRUE(std::holds_alternative<Closed>(session->next()));
  EXPECT_EQ(session->outcomes()[2].reply.text, "c");
}

}  // namespace
}  // namespace penstock::smtp
