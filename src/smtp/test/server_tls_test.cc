// SPDX-License-Identifier: Apache-2.0
// STARTTLS of the server session (RFC 3207).
#include <gmock/gmock.h>

#include "smtp/server_session.h"

using namespace penstock;
using namespace penstock::smtp;

namespace {

class ServerTls : public testing::Test {
 protected:
  explicit ServerTls(bool synchronised = true) {
    options_.hostname = "mx";
    options_.offers.start_tls = true;
    options_.synchronised = synchronised;
    session_ = std::make_unique<ServerSession>(options_, Peer{});
    say("");
  }
  // Gives the bytes; all that is answered until the session waits or ends.
  std::string say(const std::string& bytes) {
    sent_ = bytes;
    if (!bytes.empty()) session_->on_bytes(sent_);
    std::string answers;
    for (;;) {
      step_ = session_->next();
      switch (step_) {
        case ServerStep::Write:
          answers += session_->output();
          session_->on_written();
          break;
        case ServerStep::CheckSender:
        case ServerStep::CheckRecipient: session_->accept(); break;
        case ServerStep::Refused: break;
        default: return answers;
      }
    }
  }
  ServerOptions options_;
  std::unique_ptr<ServerSession> session_;
  std::string sent_;
  ServerStep step_ = ServerStep::Close;
};

class LenientServerTls : public ServerTls {
 protected:
  LenientServerTls() : ServerTls(false) {}
};

}  // namespace

TEST_F(ServerTls, IsOfferedUntilItIsInUse) {
  EXPECT_THAT(say("EHLO me\r\n"), testing::HasSubstr("250-STARTTLS\r\n"));
  EXPECT_THAT(say("STARTTLS\r\n"), testing::StartsWith("220 "));
  ASSERT_EQ(step_, ServerStep::Handshake);
  EXPECT_FALSE(session_->is_tls());
  session_->on_tls();
  EXPECT_TRUE(session_->is_tls());
  EXPECT_EQ(session_->client_name(), "");
  EXPECT_THAT(say("EHLO me\r\n"), testing::Not(testing::HasSubstr("STARTTLS")));
  EXPECT_THAT(say("STARTTLS\r\n"), testing::StartsWith("503 "));
}

TEST_F(ServerTls, HasNoArgumentAndNoPlaceInATransaction) {
  say("EHLO me\r\n");
  EXPECT_THAT(say("STARTTLS now\r\n"), testing::StartsWith("501 "));
  say("MAIL FROM:<a@x.test>\r\n");
  EXPECT_THAT(say("STARTTLS\r\n"), testing::StartsWith("503 "));
}

// CVE-2011-0411: what came in clear must not be obeyed as if it had come encrypted.
TEST_F(ServerTls, CommandsInClearBehindItEndTheConnection) {
  say("EHLO me\r\n");
  EXPECT_THAT(say("STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n"), testing::StartsWith("554 "));
  EXPECT_EQ(step_, ServerStep::Close);
}

TEST_F(LenientServerTls, CommandsInClearBehindItAreForgotten) {
  say("EHLO me\r\n");
  EXPECT_THAT(say("STARTTLS\r\nMAIL FROM:<evil@x.test>\r\n"), testing::StartsWith("220 "));
  ASSERT_EQ(step_, ServerStep::Handshake);
  session_->on_tls();
  EXPECT_EQ(say(""), "");
  EXPECT_EQ(step_, ServerStep::Read);
  EXPECT_FALSE(session_->in_transaction());
}

TEST_F(ServerTls, MessageTellsThatItCameEncrypted) {
  say("EHLO me\r\n");
  say("STARTTLS\r\n");
  session_->on_tls();
  say("EHLO me\r\n");
  say("MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n");
  say("Subject: x\r\n\r\nhello\r\n.\r\n");
  ASSERT_EQ(step_, ServerStep::Message);
  EXPECT_EQ(session_->take_message().protocol, "ESMTPS");
}

TEST_F(ServerTls, IsRefusedWhenNotOffered) {
  options_.offers.start_tls = false;
  say("EHLO me\r\n");
  EXPECT_THAT(say("STARTTLS\r\n"), testing::StartsWith("502 "));
}

TEST_F(ServerTls, RequireTlsIsOfferedAndTakenOnceEncrypted) {
  EXPECT_THAT(say("EHLO me\r\n"), testing::Not(testing::HasSubstr("REQUIRETLS")));
  EXPECT_THAT(say("MAIL FROM:<a@x.test> REQUIRETLS\r\n"), testing::StartsWith("555 "));
  say("STARTTLS\r\n");
  session_->on_tls();
  EXPECT_THAT(say("EHLO me\r\n"), testing::HasSubstr("250-REQUIRETLS\r\n"));
  EXPECT_THAT(say("MAIL FROM:<a@x.test> REQUIRETLS\r\n"), testing::StartsWith("250 "));
  EXPECT_EQ(session_->envelope().tls, model::TlsWish::Required);
  say("RSET\r\n");
  EXPECT_THAT(say("MAIL FROM:<a@x.test>\r\n"), testing::StartsWith("250 "));
  EXPECT_EQ(session_->envelope().tls, model::TlsWish::Usual);
}
