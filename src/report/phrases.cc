// SPDX-License-Identifier: Apache-2.0
#include "report/phrases.h"

#include "base/ascii.h"
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
                                         "bounces@"};

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
                                                 "unzustellbar",
                                                 "nicht zugestellt",
                                                 "nicht zustellbar",
                                                 "non remis",
                                                 "non distribu",
                                                 "échec de",
                                                 "echec de",
                                                 "no se puede entregar",
                                                 "no se ha podido entregar",
                                                 "no entregado",
                                                 "non recapitabile",
                                                 "mancato recapito",
                                                 "mancata consegna",
                                                 "onbestelbaar",
                                                 "não entregue",
                                                 "nao entregue",
                                                 "não foi poss",
                                                 "niedostarcz",
                                                 "kan inte levereras",
                                                 "olevererbart",
                                                 "ikke leveret",
                                                 "ikke levert",
                                                 "ei voi toimittaa",
                                                 "nedoru",
                                                 "teslim edilemedi",
                                                 "недостав",
                                                 "не доставлено",
                                                 "не может быть доставлен",
                                                 "配信不能",
                                                 "配信できません",
                                                 "送信できません",
                                                 "送信エラー",
                                                 "メールエラー",
                                                 "配信エラー",
                                                 "退信",
                                                 "无法投递",
                                                 "未能送达",
                                                 "无法送达",
                                                 "반송",
                                                 "배달"};

constexpr std::string_view kDelaySubjects[] = {
    "delayed",   "delay)", "(delay", "still being retried", "warning:", "could not send message for past",
    "verzögert", "retard"};

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
                                          "unzustellbar",
                                          "nicht zugestellt",
                                          "nicht zustellbar",
                                          "konnte nicht",
                                          "n'a pas pu",
                                          "n'a pu être",
                                          "non remis",
                                          "pas été remis",
                                          "no se pudo entregar",
                                          "no se ha podido",
                                          "no se puede entregar",
                                          "non è stato possibile",
                                          "non recapitabile",
                                          "kan niet worden bezorgd",
                                          "niet worden bezorgd",
                                          "não foi possível",
                                          "não pôde ser",
                                          "nie można dostarczyć",
                                          "nie mógł",
                                          "kunde inte levereras",
                                          "kunne ikke leveres",
                                          "nelze doručit",
                                          "teslim edilemedi",
                                          "не может быть доставлен",
                                          "не было доставлено",
                                          "не удалось доставить",
                                          "недостав",
                                          "送信できません",
                                          "配信できません",
                                          "お届けできません",
                                          "届けることができません",
                                          "配信不能",
                                          "無法傳送",
                                          "无法投递",
                                          "无法送达",
                                          "未能送达",
                                          "退信",
                                          "배달되지",
                                          "전송하지"};

constexpr std::string_view kDelays[] = {"has been delayed",      "been delayed",     "not yet been delivered",
                                        "warning only",          "will be retried",  "delivery attempts will continue",
                                        "still being attempted", "gmail will retry", "temporary problem delivering",
                                        "will keep trying",      "will continue to", "do not need to resend",
                                        "will try for",          "still trying"};
constexpr std::string_view kGivenUp[] = {"permanent error",
                                         "given up",
                                         "giving up",
                                         "failed permanently",
                                         "permanently failed",
                                         "permanently rejected",
                                         "permanently refused",
                                         "permanently undeliverable",
                                         "been permanently",
                                         "permanent failure",
                                         "fatal errors",
                                         "returned to sender",
                                         "could not be delivered to"};

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
  return has_any(ascii::lower(field), kDaemons);
}
bool is_failure_subject(std::string_view subject) {
  return has_any(subject, kFailureSubjects);
}
bool is_delay_subject(std::string_view subject) {
  return has_any(subject, kDelaySubjects);
}
bool is_answer_subject(std::string_view subject) {
  static constexpr std::string_view kAnswers[] = {"re:", "re :", "re[", "aw:", "sv:", "antw:", "odp:", "rif:", "ynt:"};
  return starts_with_any(ascii::trim(subject), kAnswers);
}
bool is_forward_subject(std::string_view subject) {
  static constexpr std::string_view kForwards[] = {"fwd:", "fw:", "wg:", "tr:", "rv:", "i:", "[fwd"};
  return starts_with_any(ascii::trim(subject), kForwards);
}
bool says_failure(std::string_view text) {
  return has_any(text, kFailures);
}
bool says_delay(std::string_view text) {
  return has_any(text, kDelays);
}
bool says_given_up(std::string_view text) {
  return has_any(text, kGivenUp);
}
bool introduces_original(std::string_view raw) {
  const std::string lowered = ascii::lower(ascii::trim(raw));
  const std::string_view line = stripped(lowered);
  static constexpr std::string_view kStarts[] = {"original message headers",
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
                                                "nachrichtenköpfe",
                                                "en-têtes de message",
                                                "encabezados del mensaje",
                                                "cabeçalhos",
                                                "intestazioni del messaggio"};
  return has_any(lowered, kParts) && (framed || lowered.ends_with(':') || lowered.find("follow") != std::string::npos);
}

}  // namespace penstock::report
