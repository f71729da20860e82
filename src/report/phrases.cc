// SPDX-License-Identifier: Apache-2.0
#include "report/phrases.h"

#include "base/ascii.h"
#include "base/fold.h"
#include "report/languages.h"
#include "report/word_table.h"

namespace penstock::report {
namespace {

constexpr std::string_view kDaemons[] = {"mailer-daemon",
                                         "mailerdaemon",
                                         "mail-daemon",
                                         "maildaemon",
                                         "mdaemon",
                                         "postmaster",
                                         "post_master",
                                         "post.master",
                                         "mail delivery",
                                         "delivery system",
                                         "mail system",
                                         "system administrator",
                                         "mailer daemon",
                                         "majordomo",
                                         "bounce@",
                                         "smtp gateway",
                                         "internet mail delivery",
                                         "mail administrator",
                                         "delivery subsystem",
                                         "mail subsystem",
                                         "uucp@",
                                         "interscan",
                                         "symantec_antivirus",
                                         "bounces@",
                                         "microsoftexchange",
                                         "microsoft outlook",
                                         "exchange administrator",
                                         "mail router",
                                         "mail gateway",
                                         "mailsystem",
                                         "maildelivery",
                                         "mail server",
                                         "email delivery",
                                         "e-mail delivery",
                                         "autodaemon",
                                         "delivery agent",
                                         "mail transport",
                                         "mail-delivery",
                                         "delivery notification",
                                         "delivery status",
                                         "smtp server",
                                         "mailadmin@"};

constexpr std::string_view kFailureSubjects[] = {"undeliver",
                                                 "delivery status notification",
                                                 "delivery failure",
                                                 "message you sent blocked",
                                                 "delivery has failed",
                                                 "failure notice",
                                                 "returned mail",
                                                 "mail delivery",
                                                 "delivery notification",
                                                 "mail failure",
                                                 "delivery report",
                                                 "returned to sender",
                                                 "return to sender",
                                                 "message status",
                                                 "could not be delivered",
                                                 "not delivered",
                                                 "delivery error",
                                                 "mail error",
                                                 "mail system error",
                                                 "nondeliverable",
                                                 "non-deliver",
                                                 "non deliver",
                                                 "delivery problem",
                                                 "user unknown",
                                                 "unknown user",
                                                 "rejected mail",
                                                 "message rejected",
                                                 "permanent delivery",
                                                 "failed mail",
                                                 "error sending",
                                                 "delivery unsuccessful",
                                                 "unable to deliver",
                                                 "warning: message",
                                                 "could not send",
                                                 "cannot send message",
                                                 "delivery has been delayed",
                                                 "delivery delayed",
                                                 "email delivery",
                                                 "ndn:",
                                                 "undelivered",
                                                 "mailbox is full",
                                                 "mailbox full",
                                                 "delayed mail",
                                                 "bounced mail",
                                                 "message not delivered",
                                                 "failed to deliver",
                                                 "could not deliver",
                                                 "delivery incomplete",
                                                 "mail could not",
                                                 "message could not",
                                                 "returning message to sender",
                                                 "bounce]",
                                                 "bounced message",
                                                 "address not found",
                                                 "mail returned",
                                                 "message returned",
                                                 "recipient unknown",
                                                 "unknown recipient",
                                                 "no such user",
                                                 "mailbox unavailable",
                                                 "mailbox does not exist"};

constexpr std::string_view kDelaySubjects[] = {"delayed",
                                               "delay)",
                                               "(delay",
                                               "still being retried",
                                               "warning: message",
                                               "warning: mail",
                                               "warning: could not",
                                               "warning: delivery",
                                               "warning: your message",
                                               "could not send message for past",
                                               "still in queue",
                                               "not yet delivered",
                                               "temporarily undeliverable",
                                               "delivery incomplete"};

constexpr std::string_view kFailures[] = {"could not be delivered",
                                          "not been delivered",
                                          "couldn't be delivered",
                                          "was not delivered",
                                          "wasn't delivered",
                                          "not be delivered",
                                          "unable to deliver",
                                          "wasn't able to deliver",
                                          "not able to deliver",
                                          "undeliver",
                                          "delivery failed",
                                          "delivery has failed",
                                          "has failed due",
                                          "delivery failure",
                                          "failed permanently",
                                          "permanent fatal error",
                                          "fatal error",
                                          "permanent error",
                                          "delivery error",
                                          "delivery problem",
                                          "did not reach",
                                          "could not be reached",
                                          "couldn't be reached",
                                          "returned to sender",
                                          "user unknown",
                                          "unknown user",
                                          "no such user",
                                          "mailbox full",
                                          "mailbox is full",
                                          "mailbox exceeds",
                                          "over quota",
                                          "quota exceeded",
                                          "does not exist",
                                          "doesn't exist",
                                          "there was an error",
                                          "an error occurred",
                                          "an error has occurred",
                                          "error delivering",
                                          "trouble delivering",
                                          "problem delivering",
                                          "failed to deliver",
                                          "failed attempts",
                                          "failed address",
                                          "was rejected",
                                          "were rejected",
                                          "been rejected",
                                          "rejected by",
                                          "could not deliver",
                                          "cannot deliver",
                                          "can not deliver",
                                          "can't deliver",
                                          "couldn't deliver",
                                          "delivery attempts",
                                          "host unknown",
                                          "host not found",
                                          "address unknown",
                                          "unknown address",
                                          "invalid recipient",
                                          "recipient not found",
                                          "could not be found",
                                          "couldn't be found",
                                          "may not exist",
                                          "message has been delayed",
                                          "not yet been delivered",
                                          "warning only",
                                          "delivery to the following",
                                          "returned permanent errors",
                                          "is not accepting",
                                          "could not send",
                                          "transcript of session",
                                          "not a valid user",
                                          "not listed in",
                                          "account is disabled",
                                          "is disabled",
                                          "address is invalid",
                                          "invalid user",
                                          "invalid address",
                                          "was aborted",
                                          "undelivered",
                                          "not deliverable",
                                          "wasn't sent",
                                          "was not sent",
                                          "could not be sent",
                                          "couldn't be sent",
                                          "could not be completed",
                                          "unsuccessful delivery",
                                          "not deliver your message",
                                          "has been returned",
                                          "no mailbox",
                                          "unknown recipient",
                                          "recipient unknown",
                                          "wasn't found at",
                                          "was not found",
                                          "user not found",
                                          "mailbox unavailable",
                                          "exceeds allowed size",
                                          "exceeded its quota",
                                          "exceeded the storage",
                                          "account has been disabled",
                                          "no longer exists",
                                          "no longer valid",
                                          "is full",
                                          "does not have an account",
                                          "doesn't have a",
                                          "will not be delivered",
                                          "was undeliverable",
                                          "been undeliverable",
                                          "trouble sending",
                                          "had trouble",
                                          "issued an error",
                                          "was blocked by",
                                          "has been blocked",
                                          "message blocked",
                                          "isn't accepting"};

constexpr std::string_view kDelays[] = {"has been delayed",
                                        "been delayed",
                                        "not yet been delivered",
                                        "warning only",
                                        "will be retried",
                                        "delivery attempts will continue",
                                        "still being attempted",
                                        "gmail will retry",
                                        "temporary problem delivering",
                                        "will keep trying",
                                        "will continue to",
                                        "do not need to resend",
                                        "will try for",
                                        "still trying",
                                        "still in the queue",
                                        "not been delivered yet",
                                        "not yet delivered",
                                        "will be attempted again",
                                        "will be tried again",
                                        "will retry for",
                                        "will be making further attempts",
                                        "further attempts will be made",
                                        "remains undelivered"};
constexpr std::string_view kGivenUp[] = {"permanent fatal",
                                         "given up",
                                         "failed permanently",
                                         "permanently failed",
                                         "permanently rejected",
                                         "permanently refused",
                                         "permanently undeliverable",
                                         "been permanently",
                                         "been returned to sender",
                                         "was returned to sender",
                                         "removed from the mail queue",
                                         "will not be tried again",
                                         "no further attempts",
                                         "will not be retried"};
// Notices of delay use these of what may come: "it will be returned to sender if it cannot be delivered to …".
constexpr std::string_view kReturned[] = {"permanent error", "giving up",          "permanent failure",
                                          "fatal errors",    "returned to sender", "could not be delivered to"};
constexpr std::string_view kNotFatal[] = {"non-fatal", "non fatal", "nonfatal"};
// What programs that send notices call themselves, besides kDaemons.
constexpr std::string_view kRoles[] = {
    "reply", "admin",    "mail",    "post",   "system",   "server", "robot",    "daemon",  "bounce",    "deliver",
    "notif", "support",  "gateway", "virus",  "filter",   "secur",  "exchange", "mta",     "smtp",      "root",
    "abuse", "helpdesk", "alert",   "report", "listserv", "list-",  "service",  "automat", "webmaster", "hostmaster"};

std::string_view stripped(std::string_view line) {
  while (!line.empty() && (ascii::is_space(line.front()) || line.front() == '-' || line.front() == '=' ||
                           line.front() == '*' || line.front() == '_' || line.front() == '#' || line.front() == '>')) {
    line.remove_prefix(1);
  }
  return line;
}

}  // namespace

bool is_daemon(std::string_view field) {
  if (ascii::trim(field).empty() || ascii::trim(field) == "<>") return true;
  const std::string name = folded(field);
  return has_any(name, kDaemons) || has_any(name, daemons_abroad());
}
bool is_person(std::string_view field) {
  if (is_daemon(field)) return false;
  const std::string whole = folded(field);
  std::string_view name = whole;
  // What stands behind the "@" is whoever hosts the mail.
  if (const std::size_t at = name.rfind('@'); at != std::string_view::npos) name = name.substr(0, at);
  return !has_any(name, kRoles);
}
bool is_failure_subject(std::string_view subject) {
  return has_any(subject, kFailureSubjects) || has_any(subject, failure_subjects_abroad());
}
bool is_delay_subject(std::string_view subject) {
  return has_any(subject, kDelaySubjects) || has_any(subject, delay_subjects_abroad());
}
bool is_answer_subject(std::string_view subject) {
  static constexpr std::string_view kAnswers[] = {"re:",  "re :", "re[",  "aw:",   "sv:",    "antw:", "odp:", "rif:",
                                                  "ynt:", "vs:",  "res:", "回复:", "回复：", "答复:", "回覆:"};
  return starts_with_any(ascii::trim(subject), kAnswers);
}
bool is_forward_subject(std::string_view subject) {
  static constexpr std::string_view kForwards[] = {
      "fwd:", "fw:", "wg:", "tr:", "rv:", "i:", "[fwd", "enc:", "doorst:", "vl:", "转发:", "轉寄:"};
  return starts_with_any(ascii::trim(subject), kForwards);
}
bool says_failure(std::string_view text) {
  return has_any(text, kFailures) || has_any(text, failures_abroad());
}
bool says_delay(std::string_view text) {
  return has_any(text, kDelays) || has_any(text, delays_abroad());
}
bool says_given_up(std::string_view text) {
  return has_any(text, kGivenUp);
}
bool says_returned(std::string_view text) {
  return has_any(text, kReturned) && !has_any(text, kNotFatal);
}
bool introduces_original(std::string_view raw) {
  const std::string lowered = folded(ascii::trim(raw));
  const std::string_view line = stripped(lowered);
  static constexpr std::string_view kStarts[] = {"the header and",
                                                 "original message headers",
                                                 "original message header",
                                                 "original message follows",
                                                 "original message follow",
                                                 "original mail info",
                                                 "message header follow",
                                                 "message headers follow",
                                                 "unsent message follows",
                                                 "unsent message below",
                                                 "returned message follows",
                                                 "message follows",
                                                 "below this line is",
                                                 "this is a copy of the",
                                                 "the header of the original",
                                                 "returned mail follows",
                                                 "returned message",
                                                 "undelivered message",
                                                 "original message (",
                                                 "headers of the original",
                                                 "original mail header",
                                                 "the original message header",
                                                 "start of returned",
                                                 "start of original",
                                                 "the body of the message",
                                                 "[ offending message",
                                                 "----original message",
                                                 "possibly truncated original message",
                                                 "original message attached",
                                                 "original-message"};
  if (starts_with_any(line, kStarts)) return true;
  const bool framed = !lowered.empty() && (lowered.front() == '-' || lowered.front() == '=' || lowered.front() == '*');
  if (framed && line.starts_with("original message")) return true;
  static constexpr std::string_view kParts[] = {"copy of the message",
                                                "copy of your message",
                                                "copy of the original",
                                                "original message follow",
                                                "the original message:",
                                                "of your original message",
                                                "your message header",
                                                "original headers",
                                                "returned message",
                                                "berichtkoppen",
                                                "nachrichtenkopf",
                                                "nachrichtenkopfe",
                                                "en-tetes de message",
                                                "encabezados del mensaje",
                                                "cabecalhos",
                                                "intestazioni del messaggio"};
  return has_any(lowered, kParts) && (framed || lowered.ends_with(':') || lowered.find("follow") != std::string::npos);
}

}  // namespace penstock::report
