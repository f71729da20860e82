// SPDX-License-Identifier: Apache-2.0
// What is no notice of failure: challenges, complaints, automatic answers.
#include "base/ascii.h"
#include "report/languages.h"
#include "report/phrases.h"
#include "report/word_table.h"

namespace penstock::report {
namespace {

constexpr std::string_view kChallenges[] = {"guest list",
                                            "waiting list",
                                            "spamarrest",
                                            "spam arrest",
                                            "verify that you are",
                                            "prove that you are",
                                            "prove you are",
                                            "you are a real person",
                                            "you're a real person",
                                            "you are a human",
                                            "you're a human",
                                            "one-time verification",
                                            "to confirm that you are",
                                            "confirm your message",
                                            "to release your message",
                                            "confirm that you sent",
                                            "verification process",
                                            "complete this verification",
                                            "approved senders",
                                            "approved sender list",
                                            "allowed senders",
                                            "sender verification required",
                                            "requires verification of",
                                            "challenge-response",
                                            "challenge/response",
                                            "please verify your email to",
                                            "messages from unknown senders",
                                            "not on my list of",
                                            "add yourself to",
                                            "confirm your email to",
                                            "request to be added to my",
                                            "real live human",
                                            "requires that you verify",
                                            "email requires verification",
                                            "senders i have approved",
                                            "suspect sender",
                                            "not a spammer",
                                            "prove you're",
                                            "prove that you're",
                                            "held until you",
                                            "until you confirm",
                                            "please authenticate yourself",
                                            "whitelist yourself",
                                            "spam blocker",
                                            "click the link below to have your message delivered"};

constexpr std::string_view kComplaintSubjects[] = {"complaint about message from",
                                                   "email feedback report",
                                                   "abuse report",
                                                   "spam report",
                                                   "spam complaint",
                                                   "feedback report",
                                                   "abuse complaint",
                                                   "complaint from",
                                                   "[abuse",
                                                   "feedback loop",
                                                   "unsolicited email report",
                                                   "[spamcop",
                                                   "spam complain",
                                                   "junk mail report",
                                                   "fbl report",
                                                   "arf report",
                                                   "user complaint",
                                                   "spam-beschwerde",
                                                   "plainte pour spam"};
constexpr std::string_view kComplaints[] = {"email abuse report",
                                            "abuse report for an email",
                                            "reported as spam",
                                            "reported this message as",
                                            "complaint about",
                                            "reported the following message",
                                            "spam complaint",
                                            "marked as spam",
                                            "marked this message as spam",
                                            "reported as junk",
                                            "feedback loop",
                                            "abuse complaint",
                                            "spamcop v5",
                                            "reported this email as spam",
                                            "reported this e-mail as spam",
                                            "was reported by a user",
                                            "clicked the report spam",
                                            "this is spam button"};

constexpr std::string_view kAutoSubjects[] = {"out of office",
                                              "out of the office",
                                              "out-of-office",
                                              "automatic reply",
                                              "auto reply",
                                              "auto-reply",
                                              "autoreply",
                                              "auto response",
                                              "auto-response",
                                              "autoresponse",
                                              "automatic response",
                                              "automated response",
                                              "automated reply",
                                              "vacation",
                                              "auto:",
                                              "[auto",
                                              "i am away",
                                              "away from my",
                                              "on holiday",
                                              "on leave",
                                              "automatic email reply",
                                              "thank you for your e-mail",
                                              "thank you for contacting",
                                              "thank you for your email",
                                              "autoresponder",
                                              "auto responder",
                                              "automated answer",
                                              "automatic answer",
                                              "automatic message",
                                              "automated message",
                                              "automated email",
                                              "out of town",
                                              "out of the country",
                                              "will be out",
                                              "out until",
                                              "ooo:",
                                              "i am out",
                                              "i'm out",
                                              "away until",
                                              "away from the office",
                                              "away from office",
                                              "annual leave",
                                              "maternity leave",
                                              "parental leave",
                                              "on vacation",
                                              "no longer with",
                                              "no longer at",
                                              "no longer work",
                                              "has left the company",
                                              "have left the company",
                                              "changed my email",
                                              "new email address",
                                              "we have received your",
                                              "we received your",
                                              "your request has been received",
                                              "ticket received",
                                              "confirmation of receipt"};

}  // namespace

bool is_challenge(std::string_view subject, std::string_view text) {
  return has_any(subject, kChallenges) || has_any(text, kChallenges) ||
         subject.find("please confirm your message") != std::string_view::npos;
}
bool is_complaint(std::string_view subject, std::string_view text) {
  return has_any(subject, kComplaintSubjects) || has_any(text, kComplaints);
}
bool is_authentication_report(std::string_view subject, std::string_view text) {
  static constexpr std::string_view kSubjects[] = {"dmarc failure report", "dmarc forensic report", "forensic report",
                                                   "dmarc authentication failure", "authentication failure report"};
  static constexpr std::string_view kTexts[] = {"authentication-failure report", "authentication failure report",
                                                "failed the published dmarc policy", "dmarc forensic report"};
  return has_any(subject, kSubjects) || has_any(text, kTexts);
}

bool is_auto_reply(const HeaderFields& header, std::string_view subject) {
  const std::string submitted = ascii::lower(field_value(header, "Auto-Submitted"));
  if (submitted.starts_with("auto-replied") || submitted.starts_with("auto-notified")) return true;
  static constexpr std::string_view kFields[] = {"X-Autoreply",      "X-Autorespond",  "X-Autoresponder",
                                                 "X-Autogenerated",  "X-Vacation",     "X-AutoReply-From",
                                                 "X-Mail-Autoreply", "X-Auto-Reply",   "X-Autoreply-Id",
                                                 "X-Auto-Response",  "X-Autoresponse", "X-Mail-Autorespond"};
  for (const std::string_view name : kFields) {
    const std::string_view value = field_value(header, name);
    if (!value.empty() && !ascii::equal_ignoring_case(value, "no")) return true;
  }
  for (const std::string_view name : {"Precedence", "X-Precedence", "Preference"}) {
    const std::string precedence = ascii::lower(field_value(header, name));
    if (precedence == "auto_reply" || precedence == "auto-reply" || precedence == "autoreply") return true;
  }
  // A rule of a mailbox on Exchange answered; it forwards with the first of these alone.
  if (!field_value(header, "X-MS-Exchange-Inbox-Rules-Loop").empty() &&
      !field_value(header, "X-Auto-Response-Suppress").empty()) {
    return true;
  }
  return is_automatic_subject(subject);
}

bool is_automatic_subject(std::string_view subject) {
  return has_any(subject, kAutoSubjects) || has_any(subject, auto_subjects_abroad());
}

// Failed mail comes back to nobody's question and goes to no list.
bool is_from_somebody(const HeaderFields& header) {
  for (const std::string_view name : {"List-Id", "List-Post", "List-Unsubscribe", "List-Help", "List-Subscribe"}) {
    if (!field_value(header, name).empty()) return true;
  }
  if (is_daemon(field_value(header, "From"))) return false;
  for (const std::string_view name : {"In-Reply-To", "References", "User-Agent"}) {
    if (!field_value(header, name).empty()) return true;
  }
  return false;
}

}  // namespace penstock::report
