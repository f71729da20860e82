// SPDX-License-Identifier: Apache-2.0
// Whom verdicts speak of: the texts are those of refusals that once suppressed recipients for good.
#include "classify/subject.h"

#include <gtest/gtest.h>

#include "classify/classifier.h"

using namespace penstock;
using namespace penstock::classify;
using model::OutcomeClass;
using model::Scope;
using model::Step;

namespace {

Verdict ask(std::string_view text) {
  return Classifier::shipped()->classify_text(text, "");
}

}  // namespace

TEST(ScopeOf, RefusalOfUsSuppressesNobody) {
  const struct {
    const char* text;
    Scope scope;
  } cases[] = {
      {"554 5.7.1 Access denied for your host", Scope::SourceIp},
      {"554 ERROR: Mail Refused - <192.0.2.1> - See http://security.rr.com/amiblockedbyrr.htm", Scope::SourceIp},
      {"550 Access to this system denied from 192.0.2.1", Scope::SourceIp},
      {"550 5.7.1 Mail from 192.0.2.1 not accepted", Scope::SourceIp},
      {"550 5.7.1 Access denied for 2001:db8::25", Scope::SourceIp},
      {"550 5.7.1 Mail server not in whitelist", Scope::SourceIp},
      {"550 #5.7.1 Your access to submit messages to this e-mail system has been rejected.", Scope::SourceIp},
      {"550 Access denied - Host impersonating domain name", Scope::SourceIp},
      {"554 5.7.1 You are not allowed to connect", Scope::SourceIp},
      {"554 5.7.1 <a@example.com>: Recipient address rejected: Access denied for your host", Scope::SourceIp},
      {"550 5.7.1 Hosts of 192.0.2.0/24 are not accepted", Scope::IpRange},
      {"554 5.7.1 <a@example.com>: Sender address rejected: not allowed", Scope::SenderDomain},
      {"550 Email from example.com is not accepted here", Scope::SenderDomain},
      {"550 5.7.1 Message contained unsafe content", Scope::Message},
      {"550 5.7.1 Requested action not taken: message refused", Scope::Message},
  };
  for (const auto& c : cases) {
    const Verdict verdict = ask(c.text);
    EXPECT_EQ(to_string(verdict.scope), to_string(c.scope)) << c.text << " by " << verdict.rule;
  }
}

TEST(ScopeOf, RecipientsWishIsStillTheRecipients) {
  for (const char* text : {"550 5.7.1 The user does not accept mail from outside", "550 5.7.1 Rejected by policy",
                           "550 This user doesn't want mail from you", "554 5.7.1 Recipient does not want this"}) {
    const Verdict verdict = ask(text);
    EXPECT_EQ(verdict.scope, Scope::Recipient) << text << " by " << verdict.rule;
    EXPECT_EQ(verdict.outcome_class, OutcomeClass::Policy) << text;
  }
}

// Whatever the rule and the words: nobody was named yet.
TEST(ScopeOf, BeforeRecipientsNothingSpeaksOfThem) {
  const auto classifier = Classifier::shipped();
  for (const char* text : {"Access denied", "user unknown", "mailbox full", "The recipient has rejected your message",
                           "The user does not accept this", "relay not permitted", "whatever", "domain not found"}) {
    for (const std::uint16_t code : {450, 550, 552, 554}) {
      for (const Step step : {Step::Banner, Step::Ehlo, Step::StartTls, Step::Auth, Step::Mail}) {
        EXPECT_NE(classifier->classify({code, {}, text}, step, "").scope, Scope::Recipient)
            << code << ' ' << text << " at " << to_string(step);
      }
    }
  }
  EXPECT_EQ(ask("550 5.7.1 Access denied (in reply to MAIL FROM command)").scope, Scope::SenderDomain);
  EXPECT_EQ(ask("host mx.example.com[192.0.2.9] refused to talk to me: 554 5.7.1 Denied").scope, Scope::SourceIp);
  EXPECT_EQ(ask("SMTP error from remote mail server after MAIL FROM:<a@example.com>: 550 Denied").scope,
            Scope::SenderDomain);
  EXPECT_EQ(ask("550 5.7.1 Access denied (in reply to RCPT TO command)").scope, Scope::Recipient);
}

TEST(ScopeOf, AfterTheDataARefusalIsOfTheMessage) {
  const auto at_end = [](const char* text) {
    return Classifier::shipped()->classify({550, {5, 7, 1}, text}, Step::EndOfData, "").scope;
  };
  EXPECT_EQ(at_end("Refused"), Scope::Message);
  EXPECT_EQ(at_end("Rejected by policy"), Scope::Message);
  EXPECT_EQ(at_end("The user does not accept mail from outside"), Scope::Recipient);
  EXPECT_EQ(at_end("Access denied for your host"), Scope::SourceIp);
}

TEST(ScopeInWords, NamesWithinOtherWordsAreNone) {
  EXPECT_FALSE(scope_in_words("rejected by mx.host.example.com"));
  EXPECT_FALSE(scope_in_words("rejected, ghosting"));
  EXPECT_FALSE(scope_in_words("denied [code 10.20.30]"));
  EXPECT_FALSE(scope_in_words("denied 192.0.2.1.dynamic.example.com"));
  EXPECT_FALSE(scope_in_words("denied at 10:20:30"));
  EXPECT_EQ(scope_in_words("denied, 192.0.2.1."), Scope::SourceIp);
  EXPECT_EQ(scope_in_words("mail rejected by destination domain"), std::nullopt);
}
