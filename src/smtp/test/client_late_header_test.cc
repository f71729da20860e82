// SPDX-License-Identifier: Apache-2.0
// Fields that are made once somebody takes the message (a DKIM signature).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smtp/client_session.h"
#include "smtp/test/client_script.h"

namespace penstock::smtp {
namespace {

using model::OutcomeKind;
using model::Step;

class LateHeader : public testing::Test {
 protected:
  LateHeader() { mail_.late_header_bytes = 100; }
  Mail mail_{{"a@x.test", "b@x.test"}};
  Script pipelined_ = Script()
                          .greet("PIPELINING\nSIZE 1000")
                          .begin(mail_)
                          .we("MAIL FROM:<s@ours.test> SIZE=121\nRCPT TO:<a@x.test>\nRCPT TO:<b@x.test>\nDATA");
};

TEST_F(LateHeader, IsAskedForWhenTheReceiverWantsTheBody) {
  Script talk = pipelined_;
  talk.peer("250\n550 a\n250 b\n354 go").header("DKIM-Signature: x").we("DKIM-Signature: x\nSubject: x\n\nhello\n.");
  Script(talk).cut_at_each_step(
      [](ClientSession& cut, Step) { EXPECT_NE(cut.outcomes()[1].kind, OutcomeKind::Delivered); });
  const auto session = talk.peer("250 2.0.0 ok").play();
  EXPECT_EQ(describe(session->outcomes()[0]), "bounced rcpt invalid-mailbox: 550 a");
  EXPECT_EQ(describe(session->outcomes()[1]), "delivered end-of-data none: 250 2.0.0 ok");
  talk.begin(mail_).we("MAIL FROM:<s@ours.test> SIZE=121\nRCPT TO:<a@x.test>\nRCPT TO:<b@x.test>\nDATA").play();
}

TEST_F(LateHeader, IsNotAskedForWhenNobodyTakesTheMessage) {
  for (const char* answers : {"451 later\n503\n503\n503", "250\n550 a\n450 b\n503", "250\n250\n250\n451 not now"}) {
    const auto session = Script(pipelined_).peer(answers).play();
    EXPECT_TRUE(std::holds_alternative<Idle>(session->next())) << answers;
  }
  // DATA is taken although no recipient was: an empty message, without the fields.
  const auto session = Script(pipelined_).peer("250\n550 a\n550 b\n354 go").we(".").peer("554 no").play();
  EXPECT_EQ(session->outcomes()[0].kind, OutcomeKind::Bounced);
}

TEST_F(LateHeader, MayBeEmpty) {
  const auto session =
      Script(pipelined_).peer("250\n250\n250\n354 go").header("").we("Subject: x\n\nhello\n.").peer("250 ok").play();
  EXPECT_EQ(session->outcomes()[0].kind, OutcomeKind::Delivered);
}

TEST_F(LateHeader, BodyWaitsForTheRecipientsWithChunkingToo) {
  // Not together with the commands, so DATA serves; BDAT does for a binary message.
  Script()
      .greet("PIPELINING\nCHUNKING")
      .begin(mail_)
      .we("MAIL FROM:<s@ours.test>\nRCPT TO:<a@x.test>\nRCPT TO:<b@x.test>\nDATA")
      .play();
  mail_.envelope.body_kind = model::BodyKind::BinaryMime;
  const auto session = Script()
                           .greet("PIPELINING\nCHUNKING\nBINARYMIME")
                           .begin(mail_)
                           .we("MAIL FROM:<s@ours.test> BODY=BINARYMIME\nRCPT TO:<a@x.test>\nRCPT TO:<b@x.test>")
                           .peer("250\n250\n250")
                           .header("A: 1")
                           .we("BDAT 27 LAST\nA: 1\nSubject: x\n\nhello")
                           .peer("250 ok")
                           .play();
  EXPECT_EQ(session->outcomes()[1].kind, OutcomeKind::Delivered);
}

TEST_F(LateHeader, WithoutPipeliningItComesAfterData) {
  const auto session = Script()
                           .greet()
                           .begin(mail_)
                           .we("MAIL FROM:<s@ours.test>")
                           .peer("250")
                           .we("RCPT TO:<a@x.test>")
                           .peer("250")
                           .we("RCPT TO:<b@x.test>")
                           .peer("250")
                           .we("DATA")
                           .peer("354")
                           .header("A: 1")
                           .we("A: 1\nSubject: x\n\nhello\n.")
                           .peer("250")
                           .play();
  EXPECT_EQ(session->messages(), 1U);
}

TEST_F(LateHeader, ReceiverThatSpeaksMeanwhileIsNotTrusted) {
  const auto session = Script(pipelined_).peer("250\n250\n250\n354 go").play();
  session->on_bytes("250 2.0.0 already\r\n");
  EXPECT_TRUE(std::holds_alternative<Closed>(session->next()));
  EXPECT_EQ(session->outcomes()[0].kind, OutcomeKind::Deferred);
  session->on_header("A: 1\r\n");
  EXPECT_TRUE(std::holds_alternative<Closed>(session->next()));
}

}  // namespace
}  // namespace penstock::smtp
