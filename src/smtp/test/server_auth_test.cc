// SPDX-License-Identifier: Apache-2.0
// AUTH of the server session (RFC 4954): its framing. What the mechanisms say is tested in sasl.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "smtp/test/dialog.h"

namespace penstock::smtp {
namespace {

ServerOptions auth_options(bool in_clear = true) {
  ServerOptions options = test_options();
  options.offers.auth = "SCRAM-SHA-256 PLAIN LOGIN";
  options.offers.auth_in_clear = in_clear;
  options.offers.start_tls = true;
  return options;
}

std::string coded(std::string_view text) {
  return encode_base64(text);
}

ServerScript greeted(const ServerOptions& options = auth_options()) {
  ServerScript script(options);
  script.they("220").we("EHLO x").they("...").they("250 ENHANCEDSTATUSCODES");
  return script;
}

TEST(ServerAuth, InitialResponseSignsIn) {
  greeted()
      .we("AUTH PLAIN " + coded("user app"))
      .they("235 2.7.0")
      .we("MAIL FROM:<a@b.example>")
      .they("250")
      .we("RCPT TO:<c@d.example>")
      .they("250")
      .we("DATA")
      .they("354")
      .we("x")
      .we(".")
      .they("250")
      .expect_message("protocol", "ESMTPA")
      .check_all_ways();
}

TEST(ServerAuth, ChallengesGoOnUntilOneSideEndsThem) {
  greeted()
      .we("AUTH login")
      .they("334 " + coded("more?"))
      .we(coded("more"))
      .they("334 " + coded("more?"))
      .we(coded("user app"))
      .they("235 2.7.0")
      .check_all_ways();
  greeted().we("AUTH LOGIN").they("334").we("*").they("501 5.7.0").we("NOOP").they("250").check_all_ways();
  greeted().we("AUTH LOGIN").they("334").we(coded("wrong")).they("535 5.7.8").we("NOOP").they("250").check_all_ways();
  greeted().we("AUTH PLAIN " + coded("down")).they("421").expect_closed().check_all_ways();
}

TEST(ServerAuth, EmptyResponsesAreResponses) {
  greeted().we("AUTH PLAIN =").they("535").we("AUTH LOGIN").they("334").we("").they("535").check_all_ways();
}

TEST(ServerAuth, EveryWrongCommandHasItsAnswer) {
  struct Case {
    std::string line;
    const char* reply;
  };
  const Case cases[] = {
      {"AUTH", "501 5.5.4"},
      {"AUTH CRAM-MD5", "504 5.5.4"},
      {"AUTH SCRAM-SHA-256-PLUS", "504"},
      {"AUTH PLA", "504"},
      {"AUTH PLAIN !", "501 5.5.2"},
      {"AUTH PLAIN Zg", "501 5.5.2"},
      {"AUTH PLAIN Zg== Zg==", "501"},
      {"AUTH PLAIN ==", "501"},
      {"AUTH PLAIN " + std::string(5000, 'A'), "500 5.5.6"},
      {"AUTH PLAIN " + coded("user app"), "235"},
      {"auth plain " + coded("user app"), "235"},
      {"AUTH PLAIN  " + coded("user app"), "235"},
  };
  for (const Case& c : cases) greeted().we(c.line).they(c.reply).we("NOOP").they("250").check_all_ways(c.line);
}

TEST(ServerAuth, OutOfOrderIsRefused) {
  ServerScript(auth_options()).they("220").we("AUTH PLAIN").they("503").check_all_ways();
  ServerScript(auth_options()).they("220").we("HELO x").they("250").we("AUTH PLAIN").they("503").check_all_ways();
  greeted().we("MAIL FROM:<>").they("250").we("AUTH PLAIN").they("503").check_all_ways();
  greeted()
      .we("AUTH PLAIN " + coded("user app"))
      .they("235")
      .we("AUTH PLAIN " + coded("user app"))
      .they("503")
      .we("EHLO x")
      .they("...")
      .they("250 ENHANCEDSTATUSCODES")
      .we("AUTH PLAIN " + coded("user app"))
      .they("503 5.5.1 you have signed in")
      .check_all_ways();
}

TEST(ServerAuth, WhatIsNoBase64EndsTheExchange) {
  for (const std::string line : {"%%%", "Zg", "Zg==\t", "MAIL FROM:<a@b.example>"}) {
    greeted().we("AUTH LOGIN").they("334").we(line).they("501 5.5.2").we("NOOP").they("250").check_all_ways(line);
  }
  greeted().we("AUTH LOGIN").they("334").we(std::string(5000, 'A')).they("500").we("NOOP").they("250").check_all_ways();
}

TEST(ServerAuth, IsOfferedAndTakenOnlyWhereNobodyListens) {
  ServerDriver driver(auth_options(false));
  driver.feed("EHLO x\r\n");
  EXPECT_EQ(driver.take_output().find("AUTH"), std::string::npos);
  driver.feed("AUTH PLAIN " + coded("user app") + "\r\n");
  EXPECT_TRUE(driver.take_output().starts_with("538 5.7.11"));
  driver.feed("STARTTLS\r\n");
  driver.feed("EHLO x\r\n");
  EXPECT_NE(driver.take_output().find("250-AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n"), std::string::npos);
  driver.feed("AUTH PLAIN " + coded("user app") + "\r\n");
  EXPECT_TRUE(driver.take_output().starts_with("235"));
  EXPECT_EQ(driver.session().user(), "app");
  driver.feed("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
  driver.feed("x\r\n.\r\n");
  ASSERT_EQ(driver.messages.size(), 1U);
  EXPECT_EQ(driver.messages[0].received.protocol, "ESMTPSA");
}

TEST(ServerAuth, WhoSignedInIsForgottenByTls) {
  ServerDriver driver(auth_options());
  driver.feed("EHLO x\r\n");
  driver.feed("AUTH PLAIN " + coded("user app") + "\r\n");
  EXPECT_EQ(driver.session().user(), "app");
  driver.feed("STARTTLS\r\n");
  EXPECT_EQ(driver.session().user(), "");
}

TEST(ServerAuth, WhoSignedInIsForgottenByXclient) {
  ServerOptions options = auth_options();
  options.offers.xclient = true;
  ServerDriver driver(options);
  driver.feed("EHLO x\r\n");
  driver.feed("AUTH PLAIN " + coded("user app") + "\r\n");
  driver.feed("XCLIENT ADDR=192.0.2.99\r\n");
  EXPECT_EQ(driver.session().user(), "");
}

TEST(ServerAuth, RequiredLetsNobodyElseSend) {
  ServerOptions options = auth_options();
  options.auth_required = true;
  greeted(options)
      .we("MAIL FROM:<a@b.example>")
      .they("530 5.7.0")
      .we("AUTH PLAIN " + coded("user app"))
      .they("235")
      .we("MAIL FROM:<a@b.example>")
      .they("250")
      .check_all_ways();
}

TEST(ServerAuth, NothingMayFollowTheCommandUnasked) {
  ServerDriver driver(auth_options());
  driver.feed("EHLO x\r\n");
  (void)driver.take_output();
  driver.feed("AUTH PLAIN " + coded("user app") + "\r\nMAIL FROM:<a@b.example>\r\n");
  EXPECT_TRUE(driver.take_output().starts_with("554 5.5.0"));
  EXPECT_TRUE(driver.closed);
}

// A password must not get into events or logs by way of what was refused.
TEST(ServerAuth, RefusalsHoldNothingOfTheResponse) {
  ServerDriver driver(auth_options());
  driver.feed("EHLO x\r\n");
  driver.feed("AUTH PLAIN hunter2\r\n");
  driver.feed("AUTH hunter2\r\n");
  driver.feed("AUTH LOGIN\r\n");
  driver.feed("hunter2\r\n");
  ASSERT_EQ(driver.refusals.size(), 3U);
  for (const Refusal& refusal : driver.refusals) {
    EXPECT_EQ(refusal.step, model::Step::Auth);
    EXPECT_EQ(refusal.about, "");
    EXPECT_EQ(refusal.reply.text.find("hunter2"), std::string::npos);
  }
}

TEST(ServerAuth, NotOfferedIsNotThere) {
  ServerScript()
      .they("220")
      .we("EHLO x")
      .they("...")
      .they("250 ENHANCEDSTATUSCODES")
      .we("AUTH PLAIN")
      .they("502")
      .check_all_ways();
}

}  // namespace
}  // namespace penstock::smtp
