// SPDX-License-Identifier: Apache-2.0
// What is no notice of failure: challenges, complaints, automatic answers.
#include "base/ascii.h"
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
                                            "request to be added to my"};

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
                                                   "unsolicited email report"};
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
                                            "abuse complaint"};

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
                                              "abwesenheit",
                                              "automatische antwort",
                                              "abwesend",
                                              "réponse automatique",
                                              "reponse automatique",
                                              "absence du bureau",
                                              "absent du bureau",
                                              "respuesta automática",
                                              "respuesta automatica",
                                              "fuera de la oficina",
                                              "risposta automatica",
                                              "fuori sede",
                                              "automatisch antwoord",
                                              "afwezig",
                                              "resposta automática",
                                              "resposta automatica",
                                              "automatyczna odpowied",
                                              "autosvar",
                                              "automatiskt svar",
                                              "автоответ",
                                              "автоматический ответ",
                                              "自動返信",
                                              "自动回复",
                                              "自動回覆",
                                              "자동 회신",
                                              "부재중",
                                              "automatic email reply",
                                              "thank you for your e-mail",
                                              "thank you for contacting",
                                              "thank you for your email"};

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
  static constexpr std::string_view kFields[] = {"X-Autoreply",     "X-Autorespond", "X-Autoresponder",
                                                 "X-Autogenerated", "X-Vacation",    "X-AutoReply-From",
                                                 "X-Mail-Autoreply"};
  for (const std::string_view name : kFields) {
    const std::string_view value = field_value(header, name);
    if (!value.empty() && !ascii::equal_ignoring_case(value, "no")) return true;
  }
  const std::string precedence = ascii::lower(field_value(header, "Precedence"));
  if (precedence == "auto_reply" || precedence == "auto-reply" || precedence == "autoreply") return true;
  return has_any(subject, kAutoSubjects);
}

// Failed mail comes back to nobody's question and goes to no list.
bool is_from_somebody(const HeaderFields& header) {
  for (const std::string_view name : {"List-Id", "List-Post"}) {
    if (!field_value(header, name).empty()) return true;
  }
  if (is_daemon(field_value(header, "From"))) return false;
  for (const std::string_view name : {"In-Reply-To", "References", "User-Agent"}) {
    if (!field_value(header, name).empty()) return true;
  }
  return false;
}

}  // namespace penstock::report
