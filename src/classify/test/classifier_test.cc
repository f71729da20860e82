// SPDX-License-Identifier: Apache-2.0
#include "classify/classifier.h"

#include <gtest/gtest.h>

#include <thread>

#include "classify/read_rules.h"

using namespace penstock;
using namespace penstock::classify;
using namespace std::chrono_literals;
using model::OutcomeClass;
using model::Scope;
using model::Step;

namespace {

Verdict ask(std::string_view text, std::string_view provider = "") {
  return Classifier::shipped()->classify_text(text, provider);
}

}  // namespace

TEST(Classifier, DeferralThatMeansNoSuchUserIsFinal) {
  const Verdict verdict =
      ask("450 4.1.1 <a@example.com>: Recipient address rejected: User unknown in virtual alias table");
  EXPECT_EQ(verdict.outcome_class, OutcomeClass::InvalidMailbox);
  EXPECT_TRUE(verdict.final);
  EXPECT_EQ(verdict.scope, Scope::Recipient);
}

// Whatever its words: it ends the connection, and so meets recipients that it does not speak of.
TEST(Classifier, GoodbyeOfTheServerIsNeverFinal) {
  const Verdict verdict = ask("421 4.7.0 user unknown, too many errors");
  EXPECT_FALSE(verdict.final);
  EXPECT_FALSE(ask("421 5.5.5 whatever").final);
  EXPECT_TRUE(ask("521 5.5.5 whatever").final);
}

// As the daemon does with whoever does not let it in.
TEST(Classifier, NobodyFailsBeforeMail) {
  const auto final_at = [](Step step) {
    return Classifier::shipped()->classify({554, {5, 7, 1}, "Access denied for your host"}, step, "").final;
  };
  for (const Step step : {Step::Connect, Step::Banner, Step::Ehlo, Step::StartTls, Step::Auth}) {
    EXPECT_FALSE(final_at(step)) << to_string(step);
  }
  EXPECT_TRUE(final_at(Step::Mail));
}

TEST(Classifier, DeferralByCodeAloneIsTriedAgain) {
  const Verdict verdict = ask("450 4.1.1 <a@example.com>");
  EXPECT_EQ(verdict.outcome_class, OutcomeClass::InvalidMailbox);
  EXPECT_FALSE(verdict.final);
}

TEST(Classifier, VerificationInProgressIsNotAVerdictOnTheAddress) {
  const Verdict verdict =
      ask("450 4.1.1 <a@example.com>: Recipient address rejected: unverified address: User unknown");
  EXPECT_EQ(verdict.outcome_class, OutcomeClass::Greylisting);
  EXPECT_FALSE(verdict.final);
}

TEST(Classifier, RefusalThatMeansSlowDownIsTriedAgain) {
  for (const char* text :
       {"550 Ip frequency limited", "550 5.7.1 Daily SMTP relay sending limit exceeded for this customer.",
        "554 Too many connections", "550 5.4.5 Daily sending quota exceeded"}) {
    EXPECT_FALSE(ask(text).final) << text;
  }
}

TEST(Classifier, DeferralThatHoldsOutHopeIsNeverFinal) {
  for (const char* text :
       {"451 Recipient temporarily unavailable", "451 4.3.0 User unavailable at the moment",
        "450 Recipient unavailable, try again later", "451 Account not available right now",
        "451 mailbox does not exist yet, is being provisioned", "451 LDAP error: unable to find user, server down",
        "451 recipient not found in local cache, retry in 5 minutes", "451 Temporary error: user not found",
        "450 4.2.1 The recipient's account is temporarily suspended", "550 Recipient temporarily unavailable",
        "450 4.1.1 <a@example.com>: Recipient address rejected: User unknown in local recipient table, try again later",
        "451 no such user in the directory, its replica is temporarily behind"}) {
    for (const char* provider : {"", "gmail", "qq", "mail.ru", "microsoft", "yahoo"}) {
      const Verdict verdict = ask(text, provider);
      EXPECT_FALSE(verdict.final) << text << " at " << provider << " by " << verdict.rule;
    }
  }
  EXPECT_TRUE(ask("450 4.1.1 no such user here").final);
}

TEST(Classifier, RefusalThatMeansLaterIsTriedAgain) {
  EXPECT_EQ(ask("550 Greylisted, try later").outcome_class, OutcomeClass::Greylisting);
  for (const char* text : {"550 Greylisted, try later", "550 try again later", "554 System load too high",
                           "550 5.3.2 Please try later, system is busy", "554 5.3.0 Server overloaded"}) {
    EXPECT_FALSE(ask(text).final) << text;
  }
  EXPECT_TRUE(ask("550 5.7.1 Blocked by policy, try again later").final);
  EXPECT_TRUE(ask("550 5.1.1 User unknown, check the address and try again later").final);
}

// It speaks of us, though the words are those of unknown recipients.
TEST(Classifier, UnknownMeansNotAlwaysTheRecipient) {
  for (const char* text :
       {"550 Too many unknown users from 192.0.2.1", "550 5.7.1 Your IP has sent to too many non-existent users",
        "550 5.1.7 The return path mailbox does not exist", "550 Reverse-path mailbox unavailable",
        "550 Callback verification failed: no such user", "550 your domain does not exist",
        "550 The address in the From header does not exist", "550 Header To: address is invalid",
        "550 5.5.1 The reply-to address is invalid", "550 URL domain does not exist", "550 Unknown host [192.0.2.1]",
        "550 Mail from unknown host rejected", "550 5.7.1 Your account is disabled"}) {
    for (const char* provider : {"", "gmail", "qq", "mail.ru", "microsoft", "yahoo"}) {
      const Verdict verdict = ask(text, provider);
      EXPECT_NE(verdict.scope, Scope::Recipient) << text << " at " << provider << " by " << verdict.rule;
    }
  }
}

TEST(Classifier, RangeIsTheScopeWhereOneIsNamed) {
  EXPECT_EQ(ask("550 Your range 192.0.2.0/24 is blocked").scope, Scope::IpRange);
  EXPECT_EQ(ask("554 5.7.1 192.0.2.0/24 listed in bl.example.org").scope, Scope::IpRange);
  EXPECT_EQ(ask("550 Your IP 192.0.2.1 is blocked").scope, Scope::SourceIp);
}

TEST(Classifier, FullMailboxIsTriedAgainWhateverTheCode) {
  EXPECT_FALSE(ask("552 5.2.2 Mailbox full").final);
  EXPECT_FALSE(ask("452 4.2.2 Mailbox full").final);
  EXPECT_EQ(ask("552 5.2.2 Mailbox full").outcome_class, OutcomeClass::MailboxFull);
}

TEST(Classifier, AuthenticationRaisesTheAlarm) {
  for (const char* code : {"4.7.23", "4.7.24", "4.7.25", "4.7.26", "4.7.27", "4.7.29", "4.7.30", "4.7.31", "4.7.32"}) {
    const Verdict verdict =
        ask(std::string("421 ") + code + " Gmail: your email has been rate limited, DKIM SPF", "gmail");
    EXPECT_TRUE(verdict.alarm) << code;
    EXPECT_FALSE(verdict.final) << code;
  }
  const Verdict rate = ask("421 4.7.28 Gmail has detected an unusual rate of email.", "gmail");
  EXPECT_FALSE(rate.alarm);
  EXPECT_EQ(rate.outcome_class, OutcomeClass::RateLimit);
  const Verdict level =
      ask("550 5.7.515 Access denied, sending domain example.com does not meet the required authentication level.",
          "microsoft");
  EXPECT_EQ(level.outcome_class, OutcomeClass::Authentication);
  EXPECT_TRUE(level.alarm && level.final);
}

TEST(Classifier, AuthenticationCodesNeedNoWords) {
  for (const char* words : {"", " Try again later", " Too many messages, slow down", " User rate, server busy"}) {
    for (const char* code : {"4.7.23", "4.7.24", "4.7.25", "4.7.26", "4.7.27", "4.7.30", "4.7.31", "4.7.32"}) {
      const Verdict verdict = ask(std::string("421 ") + code + words, "gmail");
      EXPECT_EQ(verdict.outcome_class, OutcomeClass::Authentication) << code << words;
      EXPECT_TRUE(verdict.alarm && !verdict.final) << code << words;
    }
    const Verdict tls = ask(std::string("421 4.7.29") + words, "gmail");
    EXPECT_EQ(tls.outcome_class, OutcomeClass::Tls) << words;
    EXPECT_TRUE(tls.alarm) << words;
    EXPECT_FALSE(ask(std::string("421 4.7.28") + words, "gmail").alarm) << words;
    const Verdict level = ask(std::string("550 5.7.515") + words, "microsoft");
    EXPECT_EQ(level.outcome_class, OutcomeClass::Authentication) << words;
    EXPECT_TRUE(level.alarm) << words;
  }
  EXPECT_EQ(ask("421 4.7.26 Try again later").outcome_class, OutcomeClass::Authentication);
}

TEST(Classifier, WordsOfOtherHostsThanTheUsual) {
  const auto outcome = [](std::string_view text, std::string_view provider = "") {
    return ask(text, provider).outcome_class;
  };
  EXPECT_EQ(outcome("550 5.4.4 Unable to route: no mail hosts for domain"), OutcomeClass::InvalidDomain);
  EXPECT_EQ(outcome("451 4.7.1 too much connections from your ip"), OutcomeClass::TooManyConnections);
  EXPECT_EQ(outcome("421 too many connections", "gmx"), OutcomeClass::TooManyConnections);
  EXPECT_EQ(outcome("550 Le mailbox du destinataire est pleine"), OutcomeClass::MailboxFull);
  EXPECT_EQ(outcome("550 bo\xC3\xAEte pleine"), OutcomeClass::MailboxFull);
  EXPECT_EQ(outcome("550 Mailbox has been migrated, please use new address"), OutcomeClass::InvalidMailbox);
  EXPECT_EQ(outcome("554 Email rejected due to security policies"), OutcomeClass::Policy);
  EXPECT_EQ(ask("554 Email rejected due to security policies").scope, Scope::Message);
  EXPECT_EQ(outcome("554 5.7.1 [HME1] This message was blocked for containing SPAM-like characteristics.", "apple"),
            OutcomeClass::SpamContent);
  EXPECT_EQ(
      outcome("552-5.7.0 This message was blocked because its content presents a potential security issue", "gmail"),
      OutcomeClass::ContentRejected);
}

TEST(Classifier, OtherLanguagesMeanTheSame) {
  struct Case {
    std::string_view text;
    OutcomeClass outcome_class;
  };
  for (const Case& c : {Case{"550 EMPFÄNGER UNBEKANNT", OutcomeClass::InvalidMailbox},
                        {"550 Bo\xeete aux lettres ferm\xe9", OutcomeClass::InactiveMailbox},  // ISO 8859-1
                        {"552 Skrzynka pełna", OutcomeClass::MailboxFull},
                        {"421 Слишком много соединений", OutcomeClass::TooManyConnections},
                        {"554 邮件含有病毒", OutcomeClass::Virus},
                        {"550 迷惑メールと判断されました", OutcomeClass::SpamContent},
                        {"451 Lista gris, reintente en 300 segundos", OutcomeClass::Greylisting},
                        {"552 Bericht is te groot", OutcomeClass::MessageTooLarge},
                        {"550 Relay não permitido", OutcomeClass::RelayDenied},
                        {"550 Dominio inesistente", OutcomeClass::InvalidDomain}}) {
    EXPECT_EQ(ask(c.text).outcome_class, c.outcome_class) << c.text;
  }
}

TEST(Classifier, ScannerThatRefusesSpamFoundNoVirus) {
  EXPECT_EQ(ask("451 SPAM not accepted, rejected by antivirus").outcome_class, OutcomeClass::SpamContent);
  EXPECT_EQ(ask("554 Rejected by antivirus").outcome_class, OutcomeClass::Virus);
  EXPECT_EQ(ask("554 virus found: Eicar").outcome_class, OutcomeClass::Virus);
}

TEST(Classifier, BusyMailboxIsTriedAgain) {
  EXPECT_FALSE(ask("450 Requested mail action not taken: mailbox unavailable").final);
  EXPECT_TRUE(ask("550 Requested action not taken: mailbox unavailable").final);
}

TEST(Classifier, ScopeIsWhatTheReplyNames) {
  const auto scope = [](std::string_view text) { return ask(text, "Gmail").scope; };
  EXPECT_EQ(scope("421 4.7.28 unusual rate of unsolicited mail originating from your IP address [192.0.2.1]"),
            Scope::SourceIp);
  EXPECT_EQ(scope("421 4.7.28 unusual rate of unsolicited mail originating from your IP Netblock [192.0.2.0]"),
            Scope::IpRange);
  EXPECT_EQ(scope("421 4.7.28 unusual rate of unsolicited mail originating from your DKIM domain [e.test 1]"),
            Scope::DkimDomain);
  EXPECT_EQ(scope("421 4.7.28 unusual rate of unsolicited mail originating from your SPF domain [e.test 1]"),
            Scope::SenderDomain);
  EXPECT_EQ(scope("452 4.2.2 over quota"), Scope::Recipient);
}

TEST(Classifier, ProviderComesBeforeGeneral) {
  const std::string_view text = "451 4.7.500 Server busy. Please try again later from [192.0.2.1].";
  EXPECT_EQ(ask(text, "microsoft").outcome_class, OutcomeClass::RateLimit);
  EXPECT_EQ(ask(text, "").outcome_class, OutcomeClass::ServerTrouble);
  EXPECT_EQ(ask(text, "no such provider").outcome_class, OutcomeClass::ServerTrouble);
}

TEST(Classifier, WaitIsReadOrTakenFromTheRule) {
  EXPECT_EQ(ask("450 4.2.0 Greylisted, try again in 300 seconds").wait, 300s);
  EXPECT_FALSE(ask("450 4.2.0 Greylisted").wait);
  EXPECT_EQ(ask("421 4.7.0 [TSS04] temporarily deferred due to user complaints", "yahoo").wait, 1h);
  EXPECT_FALSE(ask("550 5.1.1 User unknown, try again in 10 minutes").wait);
  EXPECT_TRUE(ask("421 4.7.0 [TSS04] temporarily deferred, try again in 2 hours", "yahoo").wait_told);
  EXPECT_FALSE(ask("421 4.7.0 [TSS04] temporarily deferred due to user complaints", "yahoo").wait_told)
      << "an hour is what the rule knows; the reply asks for nothing";
  EXPECT_FALSE(ask("450 4.2.0 Greylisted").wait_told);
}

TEST(Classifier, BlocklistIsNamed) {
  const Verdict verdict = ask("554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org");
  EXPECT_EQ(verdict.outcome_class, OutcomeClass::Blocklist);
  EXPECT_EQ(verdict.blocklist, "zen.spamhaus.org");
  EXPECT_TRUE(ask("550 5.1.1 User unknown").blocklist.empty());
}

TEST(Classifier, DeliveredIsNothingToClassify) {
  const Verdict verdict =
      Classifier::shipped()->classify({250, {2, 0, 0}, "ok, mailbox full soon"}, Step::EndOfData, "gmail");
  EXPECT_EQ(verdict.outcome_class, OutcomeClass::None);
  EXPECT_TRUE(verdict.final && verdict.rule.empty());
}

TEST(Classifier, ReplyAndItsQuoteAreOne) {
  const Verdict whole = Classifier::shipped()->classify({550, {5, 1, 1}, "No such\nuser"}, Step::Rcpt, "");
  EXPECT_EQ(whole.rule, ask("550-5.1.1 No such\r\n550 5.1.1 user").rule);
}

TEST(Classifier, AnyBytesGetAVerdict) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 37 + i / 256);
  for (const std::string& text : {std::string(), bytes, std::string(100'000, '('), std::string("\0\0\0", 3),
                                  std::string("999 x"), std::string("5"), std::string(5000, '\xff')}) {
    EXPECT_FALSE(ask(text, text).rule.empty());
  }
}

TEST(Classifier, StepDecidesWhereOnlyCodesAreThere) {
  const auto by_step = [](Step step) {
    return Classifier::shipped()->classify({550, {}, "E17"}, step, "").outcome_class;
  };
  EXPECT_EQ(by_step(Step::Rcpt), OutcomeClass::InvalidMailbox);
  EXPECT_EQ(by_step(Step::EndOfData), OutcomeClass::Policy);
}

TEST(Classifier, OwnRulesAddAndReplace) {
  const auto made =
      Classifier::with({{"own.toml", "[[rule]]\nid = \"mine\"\npattern = 'user unknown'\nclass = \"admin\"\n"}});
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->classify_text("550 5.1.1 User unknown", "").rule, "mine");
  const auto bad = Classifier::with({{"own.toml", "[[rule]]\nid = \"mine\"\n"}});
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().detail.find("own.toml:1:1"), std::string::npos);
  EXPECT_FALSE(Classifier::load("/nonexistent/rules"));
  EXPECT_EQ(*Classifier::load(""), Classifier::shipped());
}

TEST(Classifier, KnowsProvidersByTheirNames) {
  const auto named = [](std::string_view name) { return Classifier::shipped()->provider_named(name); };
  EXPECT_EQ(named("Google Workspace"), "gmail");
  EXPECT_EQ(named("google"), "gmail");
  EXPECT_EQ(named("Outlook"), "microsoft");
  EXPECT_EQ(named("AOL"), "yahoo");
  EXPECT_EQ(named("iCloud"), "apple");
  EXPECT_EQ(named("webde"), "gmx");
  EXPECT_EQ(named("tencent-qq"), "qq");
  EXPECT_EQ(named("mailru"), "mail.ru");
  EXPECT_EQ(named("generic"), "");
}

TEST(Apply, WritesTheVerdictIntoTheOutcome) {
  model::Outcome outcome{model::OutcomeKind::Bounced, Step::EndOfData, OutcomeClass::Policy, {554, {}, "slow down"}};
  Verdict verdict;
  verdict.outcome_class = OutcomeClass::RateLimit;
  verdict.rule = "r";
  verdict.scope = Scope::SourceIp;
  verdict.wait = 5min;
  verdict.wait_told = true;
  apply(verdict, outcome);
  EXPECT_EQ(outcome.kind, model::OutcomeKind::Deferred);
  EXPECT_EQ(outcome.outcome_class, OutcomeClass::RateLimit);
  EXPECT_EQ(outcome.rule, "r");
  EXPECT_EQ(outcome.wait, 5min);
  EXPECT_TRUE(outcome.wait_told);
  verdict.final = true;
  apply(verdict, outcome);
  EXPECT_EQ(outcome.kind, model::OutcomeKind::Bounced);
}

TEST(Classifier, ThreadsShareOne) {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(ask("550 5.1.1 User unknown " + std::to_string(i * t)).outcome_class, OutcomeClass::InvalidMailbox);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}
