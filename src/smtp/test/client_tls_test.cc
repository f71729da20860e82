// SPDX-License-Identifier: Apache-2.0
// STARTTLS of the client session (RFC 3207).
#include <gmock/gmock.h>

#include "smtp/client_session.h"

using namespace penstock;
using namespace penstock::smtp;

namespace {

class ClientTls : public testing::Test {
 protected:
  void start(StartTls wanted) {
    ClientOptions options;
    options.ehlo_name = "me";
    options.start_tls = wanted;
    session_ = std::make_unique<ClientSession>(std::move(options));
  }
  void peer(std::string_view line) { session_->on_bytes(std::string(line) + "\r\n"); }
  // What the session writes now; "" when it does not.
  std::string written() {
    const Action action = session_->next();
    const auto* write = std::get_if<Write>(&action);
    if (write == nullptr) return {};
    std::string text;
    for (const std::string_view chunk : write->chunks) text += chunk;
    session_->on_written();
    return text;
  }
  template <class What>
  bool does() {
    return std::holds_alternative<What>(session_->next());
  }
  // To the answer to EHLO.
  void greet(StartTls wanted, std::string_view offer) {
    start(wanted);
    peer("220 mx");
    EXPECT_EQ(written(), "EHLO me\r\n");
    peer(offer);
  }
  std::unique_ptr<ClientSession> session_;
};

}  // namespace

TEST_F(ClientTls, OfferedIsUsedAndEverythingIsAskedAnew) {
  greet(StartTls::Offered, "250-mx\r\n250-SIZE 1000\r\n250 STARTTLS");
  EXPECT_EQ(written(), "STARTTLS\r\n");
  peer("220 go on");
  ASSERT_TRUE(does<Handshake>());
  session_->on_tls();
  EXPECT_FALSE(session_->extensions().size);
  EXPECT_EQ(written(), "EHLO me\r\n");
  peer("250-mx\r\n250-PIPELINING\r\n250 STARTTLS");
  EXPECT_TRUE(does<Idle>());
  EXPECT_TRUE(session_->is_tls());
  EXPECT_TRUE(session_->extensions().pipelining);
}

TEST_F(ClientTls, NotWantedIsNotAskedFor) {
  greet(StartTls::Never, "250 STARTTLS");
  EXPECT_TRUE(does<Idle>());
}

TEST_F(ClientTls, NotOfferedGoesOnInClear) {
  greet(StartTls::Offered, "250 mx");
  EXPECT_TRUE(does<Idle>());
  EXPECT_FALSE(session_->is_tls());
}

TEST_F(ClientTls, RefusedGoesOnInClearUnlessRequired) {
  greet(StartTls::Offered, "250-mx\r\n250 STARTTLS");
  EXPECT_EQ(written(), "STARTTLS\r\n");
  peer("454 4.7.0 not now");
  EXPECT_TRUE(does<Idle>());

  greet(StartTls::Required, "250-mx\r\n250 STARTTLS");
  EXPECT_EQ(written(), "STARTTLS\r\n");
  peer("454 4.7.0 not now");
  EXPECT_EQ(written(), "QUIT\r\n");
  ASSERT_TRUE(session_->failure());
  EXPECT_EQ(session_->failure()->outcome_class, model::OutcomeClass::Tls);
  EXPECT_EQ(session_->failure()->kind, model::OutcomeKind::Deferred);
  EXPECT_EQ(session_->failure()->reply.code, 454);
}

// Somebody in between takes the keyword out (a downgrade).
TEST_F(ClientTls, StrippedOfferIsRefusedWhereTlsIsRequired) {
  for (const char* offer : {"250 mx", "250-mx\r\n250 XXXXXXXA"}) {
    greet(StartTls::Required, offer);
    EXPECT_EQ(written(), "QUIT\r\n");
    ASSERT_TRUE(session_->failure());
    EXPECT_EQ(session_->failure()->outcome_class, model::OutcomeClass::Tls);
    EXPECT_EQ(session_->failure()->step, model::Step::StartTls);
    peer("221 bye");
    EXPECT_TRUE(does<Closed>());
  }
}

TEST_F(ClientTls, HeloHasNoTls) {
  greet(StartTls::Required, "502 what");
  EXPECT_EQ(written(), "HELO me\r\n");
  peer("250 mx");
  EXPECT_EQ(written(), "QUIT\r\n");
  EXPECT_EQ(session_->failure()->outcome_class, model::OutcomeClass::Tls);
}

// CVE-2011-0411: answers sent in clear must not count as answers that came encrypted.
TEST_F(ClientTls, AnswersInClearBehindTheReadyEndTheConnection) {
  for (const StartTls wanted : {StartTls::Offered, StartTls::Required}) {
    greet(wanted, "250-mx\r\n250 STARTTLS");
    EXPECT_EQ(written(), "STARTTLS\r\n");
    peer("220 go on\r\n250 mx");
    ASSERT_TRUE(does<Closed>());
    EXPECT_EQ(session_->failure()->outcome_class, model::OutcomeClass::Tls);
  }
}

TEST_F(ClientTls, LateBytesBeforeTheHandshakeEndTheConnection) {
  greet(StartTls::Offered, "250-mx\r\n250 STARTTLS");
  EXPECT_EQ(written(), "STARTTLS\r\n");
  peer("220 go on");
  peer("250 mx");
  EXPECT_TRUE(does<Closed>());
}

TEST_F(ClientTls, FailedHandshakeIsADeferralOfItsClass) {
  greet(StartTls::Required, "250-mx\r\n250 STARTTLS");
  EXPECT_EQ(written(), "STARTTLS\r\n");
  peer("220 go on");
  session_->on_lost(model::OutcomeClass::Tls, "certificate has expired");
  ASSERT_TRUE(does<Closed>());
  EXPECT_EQ(session_->failure()->outcome_class, model::OutcomeClass::Tls);
  EXPECT_EQ(session_->failure()->step, model::Step::StartTls);
  EXPECT_THAT(session_->failure()->reply.text, testing::HasSubstr("certificate has expired"));
}
