// SPDX-License-Identifier: Apache-2.0
#include "report/reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::report {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string dsn(std::string_view status, std::string_view text = "Your message could not be delivered.\n",
                std::string_view subject = "Undelivered Mail Returned to Sender") {
  return "From: MAILER-DAEMON@mx.example.net\nTo: b+ref@bounces.example.com\nSubject: " + std::string(subject) +
         "\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"=b\"\n\n"
         "--=b\nContent-Type: text/plain\n\n" +
         std::string(text) + "\n--=b\nContent-Type: message/delivery-status\n\n" + std::string(status) +
         "\n--=b\nContent-Type: message/rfc822\n\n"
         "Return-Path: <b+ref@bounces.example.com>\nDKIM-Signature: v=1; a=rsa-sha256; d=News.Example.com; s=x\n"
         "Message-ID: <1@example.com>\nX-Penstock-Ref: tokentoken\nFrom: News <news@example.com>\n"
         "To: anna@example.net\nSubject: Hello\n\nHello\n--=b--\n";
}

std::string notice(std::string_view text, std::string_view subject = "failure notice",
                   std::string_view from = "MAILER-DAEMON@mx.example.net") {
  return "Return-Path: <>\nFrom: " + std::string(from) + "\nTo: sender@example.com\nSubject: " + std::string(subject) +
         "\n\n" + std::string(text);
}

TEST(ReadReport, DeliveryStatusGivesItsFields) {
  const Report report = read_report(dsn(
      "Reporting-MTA: dns; mx.example.net\nArrival-Date: Tue, 6 Jan 2026 10:00:00 +0000\n\n"
      "Original-Recipient: rfc822;Anna@Example.net\nFinal-Recipient: rfc822; anna@mail.example.net\nAction: failed\n"
      "Status: 5.1.1\nRemote-MTA: dns; mail.example.net\n"
      "Diagnostic-Code: smtp; 550 5.1.1 <anna@mail.example.net>:\n  no such user\n"));
  EXPECT_EQ(report.kind, ReportKind::Bounce);
  EXPECT_EQ(report.reporting_host, "mx.example.net");
  EXPECT_TRUE(report.arrival_date.has_value());
  ASSERT_THAT(report.recipients, SizeIs(1));
  const ReportedRecipient& recipient = report.recipients[0];
  EXPECT_EQ(recipient.address, "anna@mail.example.net");
  EXPECT_EQ(recipient.original, "Anna@Example.net");
  EXPECT_EQ(recipient.status, (model::EnhancedStatus{5, 1, 1}));
  EXPECT_EQ(recipient.reply.code, 550);
  EXPECT_EQ(recipient.reply.text, "<anna@mail.example.net>: no such user");
  EXPECT_EQ(recipient.remote_host, "mail.example.net");
  EXPECT_EQ(recipient.found, FoundBy::FinalRecipient);
}

TEST(ReadReport, OriginalMessageIsDescribed) {
  const Report report = read_report(dsn("Final-Recipient: rfc822; anna@example.net\nAction: failed\nStatus: 5.0.0\n"));
  EXPECT_EQ(report.original.message_id, "<1@example.com>");
  EXPECT_EQ(report.original.reference, "tokentoken");
  EXPECT_EQ(report.original.return_path, "b+ref@bounces.example.com");
  EXPECT_THAT(report.original.dkim_domains, ElementsAre("news.example.com"));
  EXPECT_THAT(report.sent_to, ElementsAre("b+ref@bounces.example.com"));
}

TEST(ReadReport, ActionDecidesBetweenBounceDelayAndSuccess) {
  const std::string recipient = "Final-Recipient: rfc822; anna@example.net\nStatus: 4.4.1\nAction: ";
  EXPECT_EQ(read_report(dsn(recipient + "failed\n")).kind, ReportKind::Bounce);
  EXPECT_EQ(read_report(dsn(recipient + "delayed\n")).kind, ReportKind::Delay);
  EXPECT_EQ(read_report(dsn(recipient + "relayed\n")).kind, ReportKind::None);
  EXPECT_EQ(read_report(dsn(recipient + "delayed\n\nFinal-Recipient: rfc822; b@example.net\nAction: failed\n")).kind,
            ReportKind::Bounce);
}

TEST(ReadReport, ReceiversOwnStatusWinsOverAGeneralOne) {
  const std::string head =
      "Final-Recipient: rfc822; anna@example.net\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: ";
  EXPECT_EQ(read_report(dsn(head + "smtp; 550 5.7.1 no\n")).recipients.at(0).status.to_string(), "5.7.1");
  // Quoted in a sentence it may be anything.
  EXPECT_EQ(read_report(dsn(head + "X-Unix; see 5.7.1 of the manual\n")).recipients.at(0).status.to_string(), "5.0.0");
}

TEST(ReadReport, ReplyQuotedWithinTheDiagnosticTellsMoreThanNothing) {
  const std::string head = "Final-Recipient: rfc822; anna@example.net\nAction: failed\n";
  const std::string quoted = "Diagnostic-Code: smtp; 5.1.0 - Unknown address error 550-'5.2.2 full' (attempts: 0)\n";
  EXPECT_EQ(read_report(dsn(head + "Status: 5.0.0\n" + quoted)).recipients.at(0).status.to_string(), "5.2.2");
  EXPECT_EQ(read_report(dsn(head + quoted + "Status: 5.0.0\n")).recipients.at(0).status.to_string(), "5.2.2");
  EXPECT_EQ(read_report(dsn(head + "Status: 5.4.7\n" + quoted)).recipients.at(0).status.to_string(), "5.4.7");
}

TEST(ReadReport, WhatExpiredMailWaitedForIsItsStatus) {
  const std::string head =
      "Final-Recipient: rfc822; anna@example.net\nAction: failed\nDiagnostic-Code: smtp; 554 4.4.7 ";
  EXPECT_EQ(read_report(dsn(head + "Message expired: 840 minutes.<421 4.4.2 timed out>\n"))
                .recipients.at(0)
                .status.to_string(),
            "4.4.2");
  EXPECT_EQ(read_report(dsn(head + "Message expired.<a@example.net>\n")).recipients.at(0).status.to_string(), "4.4.7");
}

TEST(ReadReport, RecipientsWithoutEmptyLinesBetweenAreKeptApart) {
  const Report report =
      read_report(dsn("Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n"
                      "Final-Recipient: rfc822; b@example.net\nAction: failed\nStatus: 5.2.2\n"));
  ASSERT_THAT(report.recipients, SizeIs(2));
  EXPECT_EQ(report.recipients[1].address, "b@example.net");
  EXPECT_EQ(report.recipients[1].status.to_string(), "5.2.2");
}

TEST(ReadReport, NullFinalRecipientFallsBackToTheOriginal) {
  const Report report =
      read_report(dsn("Final-Recipient: system;<>\nOriginal-Recipient: rfc822;<anna@example.net>\nAction: failed\n"));
  ASSERT_THAT(report.recipients, SizeIs(1));
  EXPECT_EQ(report.recipients[0].address, "anna@example.net");
  EXPECT_EQ(report.recipients[0].found, FoundBy::OriginalRecipient);
}

TEST(ReadReport, PersonWhoAnswersOrWritesToAListReportsNothing) {
  const std::string words = "\n\nHello, I keep getting\n\n<carl@example.net>: 550 5.1.1 User unknown\n\nPlease help.\n";
  const std::string head = "From: Bob <bob@example.org>\nTo: b@bounces.example.com\n";
  const std::string subject = "Subject: Undelivered Mail Returned to Sender - why?";
  for (const char* mark : {"\nIn-Reply-To: <m1@example.com>", "\nReferences: <m1@example.com>",
                           "\nUser-Agent: Mozilla Thunderbird", "\nList-Id: <admins.example.org>"}) {
    EXPECT_EQ(read_report(head + subject + mark + words).kind, ReportKind::None) << mark;
  }
  EXPECT_EQ(
      read_report("From: Postmaster <postmaster@example.org>\nList-Id: <admins.example.org>\n" + subject + words).kind,
      ReportKind::None);
  // Daemons may name the mail they answer, and a notice may be forwarded whole.
  EXPECT_EQ(read_report("From: MAILER-DAEMON@example.org\nReferences: <m1@example.com>\n" + subject + words).kind,
            ReportKind::Bounce);
  EXPECT_EQ(read_report(head + "References: <m1@example.com>\nSubject: Fwd: Returned mail: User unknown" + words).kind,
            ReportKind::Bounce);
}

TEST(ReadReport, ReplyAboveTheAddressIsItsDiagnostic) {
  const Report report = read_report(
      "From: postmaster@example.org\nSubject: Mail could not be delivered\n\n"
      "Sent >>> RCPT TO: <anna@example.net>\nReceived <<< 550 No such user\n\n"
      "Unable to deliver message to <anna@example.net>.\n");
  ASSERT_THAT(report.recipients, SizeIs(1));
  EXPECT_EQ(report.recipients[0].reply.code, 550);
}

TEST(ReadReport, MailThatWillBeRetriedIsLate) {
  const Report report = read_report(
      "From: mailer-daemon@example.org\nSubject: Delivery Status Notification (Delay)\n\n"
      "There was a temporary problem delivering your message to anna@example.net. Gmail will retry for 47 more hours.\n"
      "You'll be notified if the delivery fails permanently.\n");
  EXPECT_EQ(report.kind, ReportKind::Delay);
}

struct PlainCase {
  const char* name;
  const char* text;
  const char* address;
  const char* status;
};

class PlainNotice : public ::testing::TestWithParam<PlainCase> {};

TEST_P(PlainNotice, GivesRecipientAndStatus) {
  const Report report = read_report(notice(GetParam().text));
  EXPECT_EQ(report.kind, ReportKind::Bounce);
  ASSERT_THAT(report.recipients, SizeIs(1));
  EXPECT_EQ(report.recipients[0].address, GetParam().address);
  EXPECT_EQ(report.recipients[0].status.to_string(), GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, PlainNotice,
    ::testing::Values(
        PlainCase{"AddressThenSentence",
                  "Hi. I could not deliver your message to the following addresses.\n\n<anna@example.net>:\n"
                  "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
                  "Return-Path: <sender@example.com>\nTo: other@example.org\n\nHello\n",
                  "anna@example.net", "5.1.1"},
        PlainCase{
            "AddressAndReplyOnOneLine",
            "Your message could not be\ndelivered.\n\n<anna@example.net>: host mx.example.net[192.0.2.1] said: 552\n"
            "    5.2.2 Mailbox full (in reply to RCPT TO command)\n",
            "anna@example.net", "5.2.2"},
        PlainCase{"AddressAfterALabel",
                  "Delivery failed.\n\nUnknown user: anna@example.net\n\nOriginal message follows.\n\n"
                  "Received: from x by y; z\nTo: b@example.org\n\nHello\n",
                  "anna@example.net", ""},
        PlainCase{"TranscriptOnly",
                  "The message was not delivered.\n>>> RCPT TO:<anna@example.net>\n"
                  "<<< 550 5.7.1 refused\n",
                  "anna@example.net", "5.7.1"},
        PlainCase{"AddressOnlyInTheOriginal",
                  "Delivery failed: 554 5.4.6 hop count exceeded\n\n----- Original message -----\n\n"
                  "Received: from x by y; z\nTo: Anna <anna@example.net>\n\nHello\n",
                  "anna@example.net", "5.4.6"}),
    [](const auto& test) { return test.param.name; });

TEST(ReadReport, FailedRecipientsFieldNamesThem) {
  const Report report = read_report(
      "From: Mailer-Daemon@mx.example.net\nTo: sender@example.com\nSubject: Mail delivery failed\n"
      "X-Failed-Recipients: a@example.net,\n b@example.net\n\nFailed:\n\n  a@example.net\n    550 5.1.1 unknown\n\n"
      "  b@example.net\n    552 5.2.2 full\n");
  ASSERT_THAT(report.recipients, SizeIs(2));
  EXPECT_EQ(report.recipients[0].found, FoundBy::FailedRecipients);
  EXPECT_EQ(report.recipients[0].status.to_string(), "5.1.1");
  EXPECT_EQ(report.recipients[1].status.to_string(), "5.2.2");
}

TEST(ReadReport, LineEndsAndMailboxLineMakeNoDifference) {
  const std::string lf = dsn("Final-Recipient: rfc822; anna@example.net\nAction: failed\nStatus: 5.1.1\n");
  std::string crlf;
  for (const char c : lf) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& message : {lf, crlf, "From MAILER-DAEMON Tue Jan  6 10:00:00 2026\n" + lf, "\n" + crlf}) {
    ASSERT_THAT(read_report(message).recipients, SizeIs(1));
    EXPECT_EQ(read_report(message).recipients[0].address, "anna@example.net");
  }
}

TEST(ReadReport, TextWithoutAHeaderIsReadAsANotice) {
  const Report report = read_report("Your message could not be delivered.\n\n<anna@example.net>: 550 no such user\n");
  EXPECT_EQ(report.kind, ReportKind::Bounce);
  ASSERT_THAT(report.recipients, SizeIs(1));
}

TEST(ReadReport, PartsThatNoBoundaryFitsAreReadAsText) {
  std::string message = dsn("Final-Recipient: rfc822; anna@example.net\nAction: failed\nStatus: 5.1.1\n");
  message.replace(message.find("boundary=\"=b\""), 13, "boundary=\"=x\"");
  const Report report = read_report(message);
  EXPECT_EQ(report.kind, ReportKind::Bounce);
  ASSERT_THAT(report.recipients, SizeIs(1));
}

TEST(ReadReport, QuotedSubjectMakesNoDelay) {
  for (const char* quoted : {"Make a difference", "Des retards? Jamais", "Demoras no", "Message different"}) {
    const Report report =
        read_report("From: mailer-daemon@example.org\nSubject: Undeliverable: " + std::string(quoted) +
                    "\n\nYour message to <anna@example.net> could not be delivered.\n");
    EXPECT_EQ(report.kind, ReportKind::Bounce) << quoted;
  }
}

TEST(ReadReport, DelayInWordsIsADelay) {
  const Report report =
      read_report(notice("Your message has not yet been delivered to\n\n  anna@example.net\n\n"
                         "Delivery attempts will continue for some time.\n",
                         "Warning: message delayed 24 hours"));
  EXPECT_EQ(report.kind, ReportKind::Delay);
  ASSERT_THAT(report.recipients, SizeIs(1));
  EXPECT_EQ(report.recipients[0].action, ReportAction::Delayed);
}

// They tell what may come, and quote deferrals.
TEST(ReadReport, NoticeOfDelayThatThreatensIsADelay) {
  const struct {
    const char *subject, *text;
  } cases[] = {
      {"Warning: could not send message for past 4 hours",
       "   ----- The following addresses had transient non-fatal errors -----\n<anna@example.net>\n\n"
       "   ----- Transcript of session follows -----\n<anna@example.net>... Deferred: 452 4.2.2 Mailbox full\n"
       "Warning: message still undelivered after 4 hours\nWill keep trying until message is 5 days old\n"},
      {"Delivery delayed: Hello",
       "Your message to anna@example.net has been delayed. It will be returned to sender if it cannot be delivered "
       "within 2 days.\n\n450 4.1.1 user unknown, trying again\n"},
      {"Delayed mail",
       "Your message could not be delivered to the following recipient yet. Further attempts will be made.\n\n"
       "anna@example.net: 452 4.2.2 mailbox full\n"},
      {"Warning: message delayed",
       "Your message has not been delivered to anna@example.net. If it cannot be delivered within 3 days it will be "
       "considered as a permanent failure and returned.\nDelivery will be retried.\n"},
      {"Delivery delayed",
       "Your message to anna@example.net is still in the queue. After 3 days it will be returned with a permanent "
       "error.\n"},
  };
  for (const auto& c : cases) {
    const Report report = read_report(notice(c.text, c.subject));
    EXPECT_EQ(report.kind, ReportKind::Delay) << c.subject;
    ASSERT_THAT(report.recipients, SizeIs(1)) << c.subject;
    EXPECT_EQ(report.recipients[0].address, "anna@example.net");
    EXPECT_EQ(report.recipients[0].action, ReportAction::Delayed);
  }
}

TEST(ReadReport, WarningWithAFinalReplyIsABounce) {
  for (const char* text :
       {"The attached message had PERMANENT fatal delivery errors!\n\nFailed address: anna@example.net\n\n"
        " <-- 452 over quota\n",
        "Failed address: anna@example.net\n\n <-- 550 5.1.1 User unknown\n",
        "Your message cannot be delivered to the following address.\n\n  anna@example.net\n\nReason: unknown here\n"}) {
    const Report report =
        read_report(notice(text, "Warning: anna@example.net - User unknown!", "MDaemon@mx.example.net"));
    EXPECT_EQ(report.kind, ReportKind::Bounce) << text;
    ASSERT_THAT(report.recipients, SizeIs(1));
    EXPECT_EQ(report.recipients[0].action, ReportAction::Failed);
  }
}

TEST(ReadReport, ReasonMayStandAboveTheAddress) {
  const std::string below = "\n\n<anna@example.net>\n\n";
  for (const char* footer : {"Please reply to postmaster@mx.example.net\nif you feel this to be in error.\n", "",
                             "-- The header and top 20 lines of the message follows --\n"}) {
    const Report report = read_report(
        notice("This Message was undeliverable due to the following reason:\n\nThe user(s) account is over quota." +
               below + footer));
    ASSERT_THAT(report.recipients, SizeIs(1));
    EXPECT_THAT(report.recipients[0].diagnostic, ::testing::HasSubstr("over quota")) << footer;
  }
}

TEST(ReadReport, ComplaintGivesTypeSourceAndRecipient) {
  const Report report = read_report(
      "From: fbl@provider.example\nTo: abuse@example.com\nSubject: report\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=\"=b\"\n\n--=b\nContent-Type: "
      "text/plain\n\n"
      "This is a report.\n--=b\nContent-Type: message/feedback-report\n\nFeedback-Type: Abuse\nVersion: 1\n"
      "Original-Mail-From: <b+ref@bounces.example.com>\nOriginal-Rcpt-To: <anna@provider.example>\nSource-IP: "
      "192.0.2.7\n\n"
      "--=b\nContent-Type: message/rfc822\n\nX-Penstock-Ref: tokentoken\nTo: "
      "redacted@provider.example\n\nHello\n--=b--\n");
  EXPECT_EQ(report.kind, ReportKind::Complaint);
  EXPECT_EQ(report.feedback_type, "abuse");
  EXPECT_EQ(report.source_ip, "192.0.2.7");
  EXPECT_EQ(report.envelope_sender, "b+ref@bounces.example.com");
  EXPECT_EQ(report.original.reference, "tokentoken");
  ASSERT_THAT(report.recipients, SizeIs(1));
  EXPECT_EQ(report.recipients[0].address, "anna@provider.example");
}

TEST(ReadReport, ComplaintInTheOlderFormatNamesItsRecipientInTheOriginal) {
  const Report report = read_report(
      "From: staff@provider.example\nTo: abuse@example.com\nSubject: complaint about message from 192.0.2.7\n"
      "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=b\"\n\n--=b\nContent-Type: message/rfc822\n\n"
      "X-HmXmrOriginalRecipient: anna@provider.example\nTo: x@example.com\nSubject: Hello\n\nHello\n--=b--\n");
  EXPECT_EQ(report.kind, ReportKind::Complaint);
  ASSERT_THAT(report.recipients, SizeIs(1));
  EXPECT_EQ(report.recipients[0].address, "anna@provider.example");
  EXPECT_EQ(report.recipients[0].found, FoundBy::ProviderFields);
}

TEST(ReadReport, NotificationAsJsonIsRead) {
  const Report report = read_report(
      "From: no-reply@notifications.example\nSubject: Notification\n\n"
      "{\"notificationType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":\"anna@example.net\","
      "\"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 5.1.1 user\n unknown\"}]},"
      "\"mail\":{\"headers\":[{\"name\":\"X-Penstock-Ref\",\"value\":\"tokentoken\"}]}}\n--\nfooter\n");
  EXPECT_EQ(report.kind, ReportKind::Bounce);
  ASSERT_THAT(report.recipients, SizeIs(1));
  EXPECT_EQ(report.recipients[0].address, "anna@example.net");
  EXPECT_EQ(report.original.reference, "tokentoken");
}

TEST(ReadReport, AnswersOfPeopleAndProgramsAreNoBounces) {
  const std::string header = "From: Anna <anna@example.net>\nTo: b+ref@bounces.example.com\n";
  const Report vacation = read_report(header +
                                      "Subject: Automatic reply: Hello\nAuto-Submitted: auto-replied\n\n"
                                      "I am away and could not be reached. Write to bob@example.net.\n");
  EXPECT_EQ(vacation.kind, ReportKind::AutoReply);
  EXPECT_THAT(vacation.recipients, IsEmpty());
  const Report challenge = read_report(header + "Subject: Please confirm\n\nTo prove that you are a person, click.\n");
  EXPECT_EQ(challenge.kind, ReportKind::Challenge);
  const Report person = read_report(header + "Subject: Re: Hello\n\nMy mail to bob@example.org was not delivered.\n");
  EXPECT_EQ(person.kind, ReportKind::None);
}

TEST(ReadReport, PersonWhoQuotesAnErrorReportsNothing) {
  const std::string words =
      "\n\nHello, my friend anna@x.example got \"550 5.1.1 user unknown\", can you help?\n"
      "<anna@x.example>: 550 5.1.1 user unknown\n";
  for (const char* subject : {"Re: mail problem", "mail problem", "Re: Undelivered Mail Returned to Sender",
                              "AW: failure notice", "A question"}) {
    const std::string header = std::string("From: Bea <bea@y.example>\nTo: sender@example.com\nSubject: ") + subject;
    EXPECT_EQ(read_report(header + words).kind, ReportKind::None) << subject;
    EXPECT_THAT(read_report(header + words).recipients, IsEmpty()) << subject;
    EXPECT_EQ(read_report(header + "\n\nFinal-Recipient: rfc822; anna@x.example\nAction: failed\n").kind,
              ReportKind::None)
        << subject;
    // The same words from a program.
    for (const char* mark :
         {"Return-Path: <>\n", "Auto-Submitted: auto-generated\n", "X-Failed-Recipients: anna@x.example\n"}) {
      EXPECT_EQ(read_report(mark + header + words).kind, ReportKind::Bounce) << subject << mark;
    }
  }
  EXPECT_EQ(read_report("From: Mail System <bea@y.example>\nSubject: Undelivered mail" + words).kind,
            ReportKind::Bounce);
}

// A subject is a mark under a program's name only.
TEST(ReadReport, PersonOrNewsletterThatWritesAboutFailuresReportsNothing) {
  const std::string words =
      "\n\nHi, anna@x.example told me that she is gone. 550 5.1.1 user unknown. Mail could not be delivered to "
      "bob@y.example\n";
  EXPECT_EQ(read_report("From: Bea <bea@y.example>\nSubject: failure notice" + words).kind, ReportKind::None);
  EXPECT_EQ(read_report("From: Weekly <weekly@y.example>\nReturn-Path: <b@y.example>\nPrecedence: bulk\n"
                        "List-Unsubscribe: <https://y.example/u>\nSubject: Delivery failure rates explained" +
                        words)
                .kind,
            ReportKind::None);
  EXPECT_EQ(read_report("From: noreply@y.example\nSubject: failure notice" + words).kind, ReportKind::Bounce);
}

TEST(ReadReport, PostmasterMayBeAwayToo) {
  const std::string head = "Return-Path: <>\nFrom: postmaster@x.example\nAuto-Submitted: auto-replied\nSubject: ";
  EXPECT_EQ(read_report(head + "Automatic reply: undeliverable policies\n\nI am on leave. anna@x.example cannot be "
                               "reached; what was not delivered goes to bob@x.example\n")
                .kind,
            ReportKind::AutoReply);
  EXPECT_EQ(
      read_report(head + "Undeliverable: Hello\n\nDelivery to anna@x.example failed: 550 5.1.1 no such user\n").kind,
      ReportKind::Bounce);
}

TEST(ReadReport, RuleOfAMailboxAnswersAutomatically) {
  const std::string head = "From: Anna <anna@x.example>\nSubject: Re: Hello\nX-MS-Exchange-Inbox-Rules-Loop: anna@x\n";
  EXPECT_EQ(read_report(head + "X-Auto-Response-Suppress: All\n\nParental leave\n").kind, ReportKind::AutoReply);
  EXPECT_EQ(read_report(head + "\nSee you tomorrow\n").kind, ReportKind::None);
}

TEST(ReadReport, NestingAndPartCountAreBounded) {
  std::string deep = "From: a@example.net\nContent-Type: multipart/mixed; boundary=b0\n\n";
  for (int i = 0; i < 3000; ++i) {
    deep += "--b" + std::to_string(i) + "\nContent-Type: multipart/mixed; boundary=b" + std::to_string(i + 1) + "\n\n";
  }
  EXPECT_EQ(read_report(deep).kind, ReportKind::None);
  std::string wide = "From: a@example.net\nContent-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 3000; ++i) wide += "--b\nContent-Type: text/plain\n\nx\n";
  EXPECT_TRUE(read_report(wide).truncated);
}

TEST(ReadReport, RecipientsAreBounded) {
  std::string status;
  for (int i = 0; i < 5000; ++i)
    status += "Final-Recipient: rfc822; u" + std::to_string(i) + "@example.net\nAction: failed\n\n";
  EXPECT_LE(read_report(dsn(status)).recipients.size(), kReadRecipientsMax);
}

TEST(ReadReport, NothingIsNoReport) {
  for (const std::string_view message : {"", "\n", "x", "From: \n\n", "Content-Type: multipart/report\n\n"}) {
    EXPECT_EQ(read_report(message).kind, ReportKind::None);
  }
}

}  // namespace
}  // namespace penstock::report
