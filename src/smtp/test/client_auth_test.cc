// SPDX-License-Identifier: Apache-2.0
// AUTH of the client session (RFC 4954): its framing. What the mechanisms say is tested in sasl.
#include <gmock/gmock.h>

#include "smtp/client_session.h"

using namespace penstock;
using namespace penstock::smtp;

namespace {

class ClientAuth : public testing::Test {
 protected:
  ClientAuth() { start(StartTls::Required); }
  void start(StartTls start_tls, bool implicit_tls = false) {
    ClientOptions options;
    options.ehlo_name = "me";
    options.start_tls = start_tls;
    options.implicit_tls = implicit_tls;
    options.auth = true;
    session_ = std::make_unique<ClientSession>(std::move(options));
  }
  void peer(std::string_view line) { session_->on_bytes(std::string(line) + "\r\n"); }
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
  // To SignIn, by way of TLS.
  void reach(std::string_view offer = "250-mx\r\n250 AUTH PLAIN LOGIN") {
    peer("220 mx");
    EXPECT_EQ(written(), "EHLO me\r\n");
    peer("250-mx\r\n250 STARTTLS");
    EXPECT_EQ(written(), "STARTTLS\r\n");
    peer("220 go on");
    ASSERT_TRUE(does<Handshake>());
    session_->on_tls();
    EXPECT_EQ(written(), "EHLO me\r\n");
    peer(offer);
  }
  void expect_deferred(std::string_view words) {
    ASSERT_TRUE(session_->failure());
    EXPECT_EQ(session_->failure()->kind, model::OutcomeKind::Deferred);
    EXPECT_EQ(session_->failure()->step, model::Step::Auth);
    EXPECT_THAT(session_->failure()->reply.to_string(), testing::HasSubstr(std::string(words)));
  }
  std::unique_ptr<ClientSession> session_;
};

}  // namespace

TEST_F(ClientAuth, ALinkEncryptedFromTheBeginningNeedsNoStartTls) {
  start(StartTls::Required, true);
  peer("220 mx");
  EXPECT_EQ(written(), "EHLO me\r\n");
  peer("250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN");
  ASSERT_TRUE(does<SignIn>());
  EXPECT_TRUE(session_->is_tls());
}

TEST_F(ClientAuth, InitialResponseSignsIn) {
  reach();
  ASSERT_TRUE(does<SignIn>());
  EXPECT_EQ(session_->extensions().auth, "PLAIN LOGIN");
  EXPECT_FALSE(session_->auth_challenge());
  session_->start_auth("PLAIN", std::string("foobar"));
  EXPECT_EQ(written(), "AUTH PLAIN Zm9vYmFy\r\n");
  peer("235 2.7.0 welcome");
  EXPECT_TRUE(does<Idle>());
  EXPECT_FALSE(session_->failure());
}

TEST_F(ClientAuth, ChallengesAreDecodedAndAnswered) {
  reach();
  session_->start_auth("LOGIN", std::nullopt);
  EXPECT_EQ(written(), "AUTH LOGIN\r\n");
  peer("334 VXNlcm5hbWU6");
  ASSERT_TRUE(does<SignIn>());
  EXPECT_EQ(session_->auth_challenge(), "Username:");
  session_->respond_auth("foo");
  EXPECT_EQ(written(), "Zm9v\r\n");
  peer("334 ");
  ASSERT_TRUE(does<SignIn>());
  EXPECT_EQ(session_->auth_challenge(), "");
  session_->respond_auth("");
  EXPECT_EQ(written(), "\r\n");
  peer("235 2.7.0 welcome");
  EXPECT_TRUE(does<Idle>());
}

TEST_F(ClientAuth, EmptyInitialResponseIsWritten) {
  reach();
  session_->start_auth("EXTERNAL", std::string());
  EXPECT_EQ(written(), "AUTH EXTERNAL =\r\n");
}

TEST_F(ClientAuth, EveryRefusalIsADeferral) {
  for (const char* reply : {"535 5.7.8 wrong", "534 5.7.9 too weak", "454 4.7.0 later", "504 5.5.4 what?", "500 no"}) {
    start(StartTls::Required);
    reach();
    session_->start_auth("PLAIN", std::string("x"));
    (void)written();
    peer(reply);
    expect_deferred(reply);
    EXPECT_EQ(written(), "QUIT\r\n") << reply;
    peer("221 bye");
    EXPECT_TRUE(does<Closed>());
  }
}

TEST_F(ClientAuth, GivenUpBeforeItBeginsSaysQuit) {
  reach("250 mx");
  ASSERT_TRUE(does<SignIn>());
  session_->give_up_auth("no mechanism");
  expect_deferred("no mechanism");
  EXPECT_EQ(written(), "QUIT\r\n");
}

TEST_F(ClientAuth, GivenUpInTheMiddleEndsTheLink) {
  reach();
  session_->start_auth("LOGIN", std::nullopt);
  (void)written();
  peer("334 VXNlcm5hbWU6");
  session_->give_up_auth("the server is not who he says");
  expect_deferred("not who he says");
  EXPECT_TRUE(does<Closed>());
}

TEST_F(ClientAuth, NothingIsSentInClear) {
  start(StartTls::Never);
  peer("220 mx");
  EXPECT_EQ(written(), "EHLO me\r\n");
  peer("250-mx\r\n250 AUTH PLAIN");
  EXPECT_FALSE(does<SignIn>());
  expect_deferred("never sent in clear");

  start(StartTls::Offered);
  peer("220 mx");
  EXPECT_EQ(written(), "EHLO me\r\n");
  peer("250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN");
  EXPECT_EQ(written(), "STARTTLS\r\n");
  peer("454 not now");
  EXPECT_FALSE(does<SignIn>());
  EXPECT_TRUE(session_->failure());
}

TEST_F(ClientAuth, NonsenseEndsTheLink) {
  for (const char* reply : {"334 %%%", "354 go on", "nonsense"}) {
    start(StartTls::Required);
    reach();
    session_->start_auth("PLAIN", std::string("x"));
    (void)written();
    peer(reply);
    EXPECT_TRUE(does<Closed>()) << reply;
    expect_deferred("");
  }
}

TEST_F(ClientAuth, LostAtEachStepIsADeferral) {
  reach();
  session_->on_lost(model::OutcomeClass::Network, "reset");
  expect_deferred("reset");
  start(StartTls::Required);
  reach();
  session_->start_auth("PLAIN", std::string("x"));
  session_->on_lost(model::OutcomeClass::Network, "reset");
  expect_deferred("reset");
  start(StartTls::Required);
  reach();
  session_->start_auth("PLAIN", std::string("x"));
  (void)written();
  session_->on_lost(model::OutcomeClass::Timeout, "nothing said");
  expect_deferred("nothing said");
}

TEST_F(ClientAuth, SpeakingOutOfTurnEndsTheLink) {
  reach();
  ASSERT_TRUE(does<SignIn>());
  peer("235 2.7.0 welcome");
  EXPECT_TRUE(does<Closed>());
}
