// SPDX-License-Identifier: Apache-2.0
// Who may have an address suppressed by sending us a report: the forged-report tests.
#include "feedback/decision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::feedback {
namespace {

using report::Report;
using report::ReportAction;
using report::ReportedRecipient;
using report::ReportKind;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const model::RecipientId kRecipient{model::MessageId{42}, 3};

class Decide : public ::testing::Test {
 protected:
  Decide() { keys_.current.fill(1); }

  [[nodiscard]] std::string token(const std::string& address = "anna@example.net") const {
    return make_reference(keys_.current, kRecipient, address, "news");
  }

  static Report bounce(const std::string& address) {
    Report report;
    report.kind = ReportKind::Bounce;
    ReportedRecipient recipient;
    recipient.address = address;
    recipient.action = ReportAction::Failed;
    recipient.status = {5, 1, 1};
    recipient.reply = {550, {5, 1, 1}, "no such user"};
    recipient.diagnostic = "550 5.1.1 no such user";
    report.recipients.push_back(recipient);
    return report;
  }
  static Report complaint(const std::string& address, const std::string& type = "abuse") {
    Report report = bounce(address);
    report.kind = ReportKind::Complaint;
    report.feedback_type = type;
    report.recipients[0].action = ReportAction::Unknown;
    return report;
  }

  Decision decide_with(const Report& report, const std::string& delivered_to, const Policy& policy = {}) {
    return decide(report, weigh(report, {delivered_to}, keys_), policy, *classify::Classifier::shipped());
  }

  static int suppressed(const Decision& decision) {
    int count = 0;
    for (const Effect& effect : decision.effects) count += effect.suppress ? 1 : 0;
    return count;
  }

  ReferenceKeys keys_;
};

TEST_F(Decide, ReferenceInTheEnvelopeSuppressesWhatItNames) {
  const Decision decision = decide_with(bounce("anna@example.net"), "b+" + token() + "@bounces.example.com");
  EXPECT_EQ(decision.proof, Proof::Reference);
  EXPECT_EQ(decision.recipient, kRecipient);
  ASSERT_THAT(decision.effects, SizeIs(1));
  EXPECT_TRUE(decision.effects[0].suppress);
  EXPECT_EQ(decision.effects[0].address, "anna@example.net");
  EXPECT_EQ(decision.effects[0].outcome_class, model::OutcomeClass::InvalidMailbox);
}

TEST_F(Decide, ReferenceIsFoundInHeaderReturnPathAndFeedbackField) {
  Report in_header = complaint("anna@example.net");
  in_header.original.reference = token();
  Report in_return_path = complaint("anna@example.net");
  in_return_path.original.return_path = "b+" + token() + "@bounces.example.com";
  Report in_field = complaint("anna@example.net");
  in_field.envelope_sender = "b+" + token() + "@bounces.example.com";
  for (const Report& report : {in_header, in_return_path, in_field}) {
    EXPECT_EQ(suppressed(decide_with(report, "fbl@example.com")), 1);
  }
}

TEST_F(Decide, WrongCodeSuppressesNothing) {
  std::string forged = token();
  forged[3] = forged[3] == 'a' ? 'b' : 'a';
  Policy trusting;
  trusting.act_without_reference = true;
  for (const Policy& policy : {Policy{}, trusting}) {
    const Decision decision = decide_with(bounce("anna@example.net"), "b+" + forged + "@bounces.example.com", policy);
    EXPECT_EQ(decision.proof, Proof::Forged);
    EXPECT_EQ(suppressed(decision), 0);
  }
}

TEST_F(Decide, ReplayIsCountedOnly) {
  const Report report = bounce("anna@example.net");
  Evidence evidence = weigh(report, {"b+" + token() + "@bounces.example.com"}, keys_);
  evidence.used_before = true;
  const Decision decision = decide(report, evidence, {}, *classify::Classifier::shipped());
  EXPECT_EQ(decision.proof, Proof::Replayed);
  EXPECT_THAT(decision.effects, SizeIs(1));
  EXPECT_EQ(suppressed(decision), 0);
}

TEST_F(Decide, ReferenceOfALongTimeAgoIsCountedOnly) {
  const Report report = bounce("anna@example.net");
  Evidence evidence = weigh(report, {"b+" + token() + "@bounces.example.com"}, keys_);
  evidence.too_old = true;
  const Decision decision = decide(report, evidence, {}, *classify::Classifier::shipped());
  EXPECT_EQ(decision.proof, Proof::Expired);
  EXPECT_EQ(suppressed(decision), 0);
}

TEST_F(Decide, OtherAddressThanTheReferenceNamesIsNotTouched) {
  const Report report = bounce("victim@example.org");
  const std::string to = "b+" + token() + "@bounces.example.com";
  const Decision first = decide_with(report, to);
  ASSERT_THAT(first.effects, SizeIs(1));
  EXPECT_EQ(first.effects[0].address, "") << "recorded, as about nobody";
  EXPECT_FALSE(first.effects[0].acting || first.effects[0].suppress);
  EXPECT_EQ(first.effects[0].outcome_class, model::OutcomeClass::InvalidMailbox);
  // The log knows whom it named: an alias of the reported address, perhaps.
  Evidence evidence = weigh(report, {to}, keys_);
  evidence.sent = SentRecipient{.address = "anna@example.net"};
  const Decision second = decide(report, evidence, {}, *classify::Classifier::shipped());
  ASSERT_THAT(second.effects, SizeIs(1));
  EXPECT_EQ(second.effects[0].address, "anna@example.net");
}

// What a report says in these words, of mail that left 192.0.2.7 by MX.
class LateWords : public Decide {
 protected:
  Effect said(const std::string& words, const std::string& by = "anna@example.net") {
    Report report = bounce(by);
    report.recipients[0].status = {};
    report.recipients[0].reply = {554, {5, 7, 1}, words};
    report.recipients[0].diagnostic = "554 5.7.1 " + words;
    Evidence evidence = weigh(report, {"b+" + token() + "@bounces.example.com"}, keys_);
    evidence.sent =
        SentRecipient{.address = "anna@example.net", .vmta = "v1", .route = route_, .source_address = source_};
    evidence.used_before = used_;
    return decide(report, evidence, {}, *classify::Classifier::shipped()).effects.at(0);
  }
  std::string route_ = "mx";
  std::string source_ = "192.0.2.7";
  bool used_ = false;
};

TEST_F(LateWords, RefusalOfOurAddressIsHeard) {
  EXPECT_TRUE(said("Client host [192.0.2.7] blocked using zen.spamhaus.org").about_us);
  EXPECT_TRUE(said("Your address 192.0.2.7 has a poor reputation.").about_us);
  EXPECT_FALSE(said("Client host [192.0.2.70] blocked using zen.spamhaus.org").about_us);
  EXPECT_FALSE(said("Client host [203.0.113.9] blocked using zen.spamhaus.org").about_us) << "who forwarded it";
  EXPECT_FALSE(said("Your host is listed by zen.spamhaus.org").about_us) << "whose, is not said";
  EXPECT_FALSE(said("no such user").about_us);
}

TEST_F(LateWords, RefusalOfOurAddressIsHeardHoweverItIsWritten) {
  source_ = "2001:db8::1";
  EXPECT_TRUE(said("Client host [2001:db8::1] blocked using zen.spamhaus.org").about_us);
  EXPECT_TRUE(said("Client host [IPv6:2001:DB8:0:0:0:0:0:1] blocked using zen.spamhaus.org").about_us);
  EXPECT_TRUE(said("blocked using zen.spamhaus.org: 2001:db8::1.").about_us);
  EXPECT_FALSE(said("Client host [2001:db8::1:5] blocked using zen.spamhaus.org").about_us);
  EXPECT_FALSE(said("Client host [a2001:db8::1] blocked using zen.spamhaus.org").about_us);
  EXPECT_FALSE(said("Client host [192.0.2.7] blocked using zen.spamhaus.org").about_us);
}

TEST_F(LateWords, AlarmIsRaisedAlsoWhereTheFailingAddressIsNotTold) {
  EXPECT_TRUE(said("SPF check failed for shop.example", "").alarm);
}

TEST_F(LateWords, RefusalOfOurDomainIsHeardFromWhereItWasSent) {
  const std::string words = "Your domain is blacklisted";
  EXPECT_TRUE(said(words).about_us);
  EXPECT_FALSE(said(words, "anna@elsewhere.example").about_us);
  used_ = true;
  EXPECT_FALSE(said(words).about_us) << "a replay";
  used_ = false;
  route_ = "relay";
  EXPECT_FALSE(said(words).about_us) << "the relay's paths are not the receiver's";
}

TEST_F(LateWords, ForwardedMailThatFailsAuthenticationRaisesNoAlarm) {
  EXPECT_TRUE(said("SPF check failed for shop.example").alarm);
  EXPECT_FALSE(said("SPF check failed for shop.example", "anna@elsewhere.example").alarm);
}

TEST_F(Decide, FurtherRecipientsOfAReferencedReportAreIgnored) {
  Report report = bounce("anna@example.net");
  report.recipients.push_back(bounce("victim@example.org").recipients[0]);
  const Decision decision = decide_with(report, "b+" + token() + "@bounces.example.com");
  ASSERT_THAT(decision.effects, SizeIs(1));
  EXPECT_EQ(decision.effects[0].address, "anna@example.net");
}

TEST_F(Decide, RedactedComplaintIsMatchedThroughTheLog) {
  const Report report = complaint("redacted@example.net");
  Evidence evidence = weigh(report, {"b+" + token() + "@bounces.example.com"}, keys_);
  evidence.sent = SentRecipient{.address = "anna@example.net"};
  const Decision decision = decide(report, evidence, {}, *classify::Classifier::shipped());
  ASSERT_THAT(decision.effects, SizeIs(1));
  EXPECT_EQ(decision.effects[0].address, "anna@example.net");
  EXPECT_TRUE(decision.effects[0].suppress && decision.effects[0].global_scope);
}

TEST_F(Decide, WithoutAReferenceOnlyTrustOrPolicySuppress) {
  const Report report = complaint("anna@example.net");
  EXPECT_EQ(suppressed(decide_with(report, "fbl@example.com")), 0);
  Evidence trusted = weigh(report, {}, keys_);
  trusted.trusted_source = true;
  EXPECT_EQ(suppressed(decide(report, trusted, {}, *classify::Classifier::shipped())), 1);
  Policy policy;
  policy.act_without_reference = true;
  EXPECT_EQ(suppressed(decide_with(report, "fbl@example.com", policy)), 1);
}

TEST_F(Decide, ReportsOfNoHarmDoNothing) {
  const std::string to = "b+" + token() + "@bounces.example.com";
  for (const ReportKind kind : {ReportKind::Delay, ReportKind::AutoReply, ReportKind::Challenge, ReportKind::None}) {
    Report report = bounce("anna@example.net");
    report.kind = kind;
    EXPECT_THAT(decide_with(report, to).effects, IsEmpty());
  }
  EXPECT_EQ(suppressed(decide_with(complaint("anna@example.net", "not-spam"), to)), 0);
  EXPECT_EQ(suppressed(decide_with(complaint("anna@example.net", "auth-failure"), to)), 0);
}

TEST_F(Decide, WhatIsNoAddressIsOneRecipientAtMostAndOnlyWhereNobodyIsNamed) {
  Report report = bounce("nobody");
  report.recipients.push_back(bounce("nothing").recipients[0]);
  Policy trusting;
  trusting.act_without_reference = true;
  const Decision unnamed = decide_with(report, "fbl@example.com", trusting);
  ASSERT_THAT(unnamed.effects, SizeIs(1));
  EXPECT_EQ(unnamed.effects[0].address, "");
  EXPECT_EQ(suppressed(unnamed), 0);
  report.recipients.push_back(bounce("anna@example.net").recipients[0]);
  const Decision named = decide_with(report, "fbl@example.com", trusting);
  ASSERT_THAT(named.effects, SizeIs(1));
  EXPECT_EQ(named.effects[0].address, "anna@example.net");
}

TEST_F(Decide, ComplaintsSuppressOnlyWherePolicySaysSo) {
  Policy policy;
  policy.complaint_suppress = false;
  const Decision decision = decide_with(complaint("anna@example.net"), "b+" + token() + "@bounces.example.com", policy);
  ASSERT_THAT(decision.effects, SizeIs(1));
  EXPECT_TRUE(decision.effects[0].acting);
  EXPECT_FALSE(decision.effects[0].suppress || decision.effects[0].global_scope);
}

TEST_F(Decide, WhatTheReplySaysIsCarriedAlong) {
  Report report = bounce("anna@example.net");
  report.recipients[0].status = {5, 7, 1};
  report.recipients[0].reply = {
      554, {5, 7, 1}, "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"};
  report.recipients[0].diagnostic =
      "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org";
  const Decision decision = decide_with(report, "b+" + token() + "@bounces.example.com");
  ASSERT_THAT(decision.effects, SizeIs(1));
  EXPECT_EQ(decision.effects[0].outcome_class, model::OutcomeClass::Blocklist);
  EXPECT_EQ(decision.effects[0].blocklist, "zen.spamhaus.org");
  EXPECT_EQ(decision.effects[0].scope, model::Scope::SourceIp);
  EXPECT_FALSE(decision.effects[0].rule.empty());
  EXPECT_FALSE(decision.effects[0].alarm || decision.effects[0].suppress);
}

// Somebody has to mend it, as when a receiver says so in the dialogue; a stranger's word alarms nobody.
TEST_F(Decide, AuthenticationFailureRaisesTheAlarmWhenBelieved) {
  Report report = bounce("anna@example.net");
  report.recipients[0].status = {5, 7, 26};
  report.recipients[0].reply = {550, {5, 7, 26}, "This mail is unauthenticated: SPF and DKIM did not pass"};
  report.recipients[0].diagnostic = "550 5.7.26 This mail is unauthenticated: SPF and DKIM did not pass";
  const Decision believed = decide_with(report, "b+" + token() + "@bounces.example.com");
  ASSERT_THAT(believed.effects, SizeIs(1));
  EXPECT_EQ(believed.effects[0].outcome_class, model::OutcomeClass::Authentication);
  EXPECT_TRUE(believed.effects[0].alarm);
  EXPECT_FALSE(believed.effects[0].suppress);
  EXPECT_FALSE(decide_with(report, "fbl@example.com").effects.at(0).alarm);
}

TEST_F(Decide, PassingTroubleSuppressesNobody) {
  Report report = bounce("anna@example.net");
  report.recipients[0].status = {4, 4, 7};
  report.recipients[0].reply = {451, {4, 4, 1}, "connection timed out"};
  report.recipients[0].diagnostic = "451 4.4.1 connection timed out";
  EXPECT_EQ(suppressed(decide_with(report, "b+" + token() + "@bounces.example.com")), 0);
}

}  // namespace
}  // namespace penstock::feedback
