// SPDX-License-Identifier: Apache-2.0
// The connection: greeting, trouble, end. What carries a message is in client_session_mail_test.cc.
#include "smtp/client_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "smtp/test/client_script.h"

namespace penstock::smtp {
namespace {

using model::OutcomeClass;
using model::OutcomeKind;
using model::Step;
using testing::HasSubstr;

bool is_idle(const ClientSession& session) {
  return std::holds_alternative<Idle>(session.next());
}
bool is_closed(const ClientSession& session) {
  return std::holds_alternative<Closed>(session.next());
}
std::string failure_of(const ClientSession& session) {
  return session.failure() ? describe(*session.failure()) : "";
}

TEST(ClientGreeting, EhloIsAnsweredAndFactsAreKnown) {
  const auto session =
      Script().peer("220-mx.example\n220 ready").we("EHLO me").peer("250-mx\n250-SIZE 1000\n250 DSN").play();
  EXPECT_TRUE(is_idle(*session));
  EXPECT_TRUE(session->greeted());
  EXPECT_EQ(session->extensions().to_string(), "SIZE 1000,DSN");
  EXPECT_EQ(session->banner().text, "mx.example\nready");
  EXPECT_EQ(session->last_reply().code, 250);
  EXPECT_TRUE(session->passes_dsn());
  EXPECT_TRUE(session->outcomes().empty());
  EXPECT_FALSE(session->failure());
}

TEST(ClientGreeting, ReceiverWithoutEhloIsSpokenToWithHelo) {
  const auto session =
      Script().peer("220 old").we("EHLO me").peer("502 5.5.1 what?").we("HELO me").peer("250-old\n250 DSN").play();
  EXPECT_TRUE(is_idle(*session));
  EXPECT_FALSE(session->extensions().esmtp);
  EXPECT_FALSE(session->passes_dsn());
}

TEST(ClientGreeting, LmtpHasNoFallback) {
  const auto session =
      Script({.lmtp = true}).peer("220 l").we("LHLO me").peer("500 no").we("QUIT").peer("221 x").play();
  EXPECT_EQ(failure_of(*session), "deferred ehlo protocol: 500 no");
  EXPECT_TRUE(is_closed(*session));
}

TEST(ClientGreeting, RefusalAtAnyStepIsADeferralWithGoodManners) {
  const auto banner = Script().peer("554 5.7.1 go away").we("QUIT").peer("221 bye").play();
  EXPECT_TRUE(is_closed(*banner));
  EXPECT_EQ(failure_of(*banner), "deferred banner policy: 554 5.7.1 go away");
  EXPECT_FALSE(banner->greeted());
  const auto later = Script().peer("450 later").we("QUIT").play();
  EXPECT_EQ(failure_of(*later), "deferred banner server-trouble: 450 later");
  EXPECT_EQ(step_of(later->next()), Step::Quit);
  const auto ehlo = Script().peer("220 mx").we("EHLO me").peer("451 busy").we("QUIT").peer("221 bye").play();
  EXPECT_EQ(failure_of(*ehlo), "deferred ehlo server-trouble: 451 busy");
  const auto helo =
      Script().peer("220 mx").we("EHLO me").peer("550 no").we("HELO me").peer("550 still no").we("QUIT").play();
  EXPECT_EQ(failure_of(*helo), "deferred ehlo policy: 550 still no");
}

TEST(ClientGreeting, ClosingReplyEndsTheConnectionAtOnce) {
  EXPECT_EQ(failure_of(*Script().peer("421 4.3.2 full").play()), "deferred banner server-trouble: 421 4.3.2 full");
  const auto ehlo = Script().peer("220 mx").we("EHLO me").peer("421 no").play();
  EXPECT_TRUE(is_closed(*ehlo));
  EXPECT_EQ(failure_of(*ehlo), "deferred ehlo server-trouble: 421 no");
}

TEST(ClientGreeting, WhatIsNoAnswerIsProtocolTrouble) {
  EXPECT_EQ(failure_of(*Script().peer("SSH-2.0-OpenSSH").play()),
            "deferred banner protocol: the answer is not an SMTP reply: SSH-2.0-OpenSSH");
  EXPECT_EQ(failure_of(*Script().peer("354 go").play()),
            "deferred banner protocol: the answer does not fit the command at banner: 354 go");
  EXPECT_EQ(failure_of(*Script().peer("220 mx").we("EHLO me").peer("354 go").play()),
            "deferred ehlo protocol: the answer does not fit the command at ehlo: 354 go");
}

TEST(ClientGreeting, LossAndTimeoutAreToldApart) {
  ClientSession lost({.ehlo_name = "me"});
  lost.on_lost(OutcomeClass::Network, "closed by\x01peer");
  EXPECT_EQ(failure_of(lost), "deferred banner network: connection lost at banner: closed by?peer");
  ClientSession slow({.ehlo_name = "me"});
  slow.on_bytes("220 mx\r\n");
  slow.on_written();
  slow.on_lost(OutcomeClass::Timeout, "no answer within 5m");
  EXPECT_EQ(failure_of(slow), "deferred ehlo timeout: timed out at ehlo: no answer within 5m");
  ClientSession stopped({.ehlo_name = "me"});
  stopped.on_lost(OutcomeClass::Admin, "stopping");
  EXPECT_EQ(failure_of(stopped), "deferred banner admin: stopped at banner: stopping");
  stopped.on_lost(OutcomeClass::Network, "again");
  stopped.on_bytes("220 mx\r\n");
  EXPECT_EQ(failure_of(stopped), "deferred banner admin: stopped at banner: stopping");
}

TEST(ClientGreeting, RefusalBeforeAFailedWriteIsTheReason) {
  ClientSession session({.ehlo_name = "me"});
  session.on_bytes("220 mx\r\n");
  session.on_bytes("554 changed my mind\r\n");
  session.on_lost(OutcomeClass::Network, "broken pipe");
  EXPECT_EQ(failure_of(session), "deferred ehlo policy: 554 changed my mind");
}

TEST(ClientGreeting, SpeakingOutOfTurnEndsTheConnection) {
  EXPECT_THAT(failure_of(*Script().greet().peer("250 more").play()), HasSubstr("spoke out of turn: 2"));
  ClientSession early({.ehlo_name = "me"});
  early.on_bytes("220 mx\r\n250 you are welcome\r\n");
  EXPECT_EQ(failure_of(early), "deferred ehlo protocol: the receiver spoke out of turn: 250 you are welcome");
}

TEST(ClientIdle, UnaskedClosingReplyIsUnderstood) {
  ClientSession session({.ehlo_name = "me"});
  session.on_bytes("220 mx\r\n");
  session.on_written();
  session.on_bytes("250 mx\r\n");
  ASSERT_TRUE(is_idle(session));
  session.on_bytes("421 4.4.2 idle too long\r\n");
  EXPECT_TRUE(is_closed(session));
  EXPECT_EQ(failure_of(session), "deferred rset network: 421 4.4.2 idle too long");
}

TEST(ClientIdle, LossIsNoticed) {
  const auto session = Script().greet().play();
  session->on_lost(OutcomeClass::Network, "closed by peer");
  EXPECT_TRUE(is_closed(*session));
  EXPECT_FALSE(session->was_stale());
}

TEST(ClientQuit, IsSaidAndAnyEndIsFine) {
  const auto session = Script().greet().quit().we("QUIT").peer("221 bye").play();
  EXPECT_TRUE(is_closed(*session));
  EXPECT_FALSE(session->failure());
  const auto rude = Script().greet().quit().we("QUIT").peer("421 bye").play();
  EXPECT_TRUE(is_closed(*rude));
  EXPECT_FALSE(rude->failure());
  const auto silent = Script().greet().quit().we("QUIT").play();
  EXPECT_EQ(step_of(silent->next()), Step::Quit);
  silent->on_lost(OutcomeClass::Timeout, "");
  EXPECT_TRUE(is_closed(*silent));
  EXPECT_FALSE(silent->failure());
  const auto garbage = Script().greet().quit().we("QUIT").peer("???").play();
  EXPECT_TRUE(is_closed(*garbage));
}

TEST(ClientSessionDeathTest, CallsOutOfPlaceAreBugs) {
  ClientSession session({.ehlo_name = "me"});
  const Mail mail;
  EXPECT_DEATH(session.begin(mail.transaction()), "Idle");
  EXPECT_DEATH(session.quit(), "Idle");
  EXPECT_DEATH(session.on_written(), "writing_");
}

}  // namespace
}  // namespace penstock::smtp
