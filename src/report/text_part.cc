// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/check.h"
#include "mime/date.h"
#include "mime/header.h"
#include "mime/text.h"
#include "report/parts.h"

namespace penstock::report {
namespace {

using model::OutcomeClass;

constexpr std::size_t kNameBytesMax = 600;
constexpr std::array kOrder{DsnAction::Failed, DsnAction::Delayed, DsnAction::Delivered, DsnAction::Relayed,
                            DsnAction::Expanded};

std::string_view opening(DsnAction action) {
  switch (action) {
    case DsnAction::Failed:
      return "Your message could not be delivered to the following recipients, and will not\r\n"
             "be tried again.\r\n";
    case DsnAction::Delayed:
      return "Your message has not been delivered to the following recipients yet. Delivery is\r\n"
             "still being tried: you need not send the message again.\r\n";
    case DsnAction::Delivered: return "Your message was delivered to the following recipients.\r\n";
    case DsnAction::Relayed:
      return "Your message was passed on for the following recipients, to mail systems that\r\n"
             "may not report whether it was delivered in the end.\r\n";
    case DsnAction::Expanded:
      return "Your message was passed on to the members of the following lists, for whom there\r\n"
             "will be no reports.\r\n";
  }
  PENSTOCK_UNREACHABLE();
}

// What happened in a few words, and what the sender can do about it; either may be "".
struct Advice {
  std::string_view reason;
  std::string_view remedy;
};
constexpr std::string_view kAskAdministrator =
    "If it matters, send this report to the administrator of your mail system.";
constexpr std::string_view kAskRecipient = "Reach the recipient in another way, and ask for the mailbox to be checked.";

Advice advice_for(OutcomeClass outcome_class) {
  switch (outcome_class) {
    case OutcomeClass::InvalidMailbox:
      return {"the address does not exist", "Check its spelling; if it is right, stop sending to it."};
    case OutcomeClass::InvalidDomain:
      return {"the domain does not take mail", "Check the part after the @; if it is right, stop sending to it."};
    case OutcomeClass::InactiveMailbox: return {"the mailbox is not in use", kAskRecipient};
    case OutcomeClass::MailboxFull: return {"the mailbox is full", kAskRecipient};
    case OutcomeClass::MessageTooLarge:
      return {"the message is too large for the receiver", "Send a smaller one, or a link in place of attachments."};
    case OutcomeClass::SpamContent:
    case OutcomeClass::ContentRejected:
    case OutcomeClass::Virus: return {"the receiver objects to the message's content", kAskAdministrator};
    case OutcomeClass::Policy:
    case OutcomeClass::Authentication:
    case OutcomeClass::Reputation:
    case OutcomeClass::Blocklist:
    case OutcomeClass::RelayDenied: return {"the receiver refuses mail from here", kAskAdministrator};
    case OutcomeClass::RateLimit:
    case OutcomeClass::TooManyConnections:
    case OutcomeClass::Greylisting: return {"the receiver asks to try later", ""};
    case OutcomeClass::Network:
    case OutcomeClass::Timeout: return {"the receiver's mail system cannot be reached", ""};
    case OutcomeClass::Dns: return {"the receiver's mail system cannot be looked up", ""};
    case OutcomeClass::Routing: return {"there is no way to the receiver's mail system", kAskAdministrator};
    case OutcomeClass::Tls: return {"no secure connection to the receiver can be made", kAskAdministrator};
    case OutcomeClass::ServerTrouble: return {"the receiver's mail system is in trouble", ""};
    case OutcomeClass::Expired:
      return {"it could not be delivered in time", "Try again later, or reach the recipient in another way."};
    case OutcomeClass::Suppressed:
      return {"the address is on the list of those that must not be mailed", kAskAdministrator};
    case OutcomeClass::Admin: return {"an administrator took the message out of the queue", kAskAdministrator};
    case OutcomeClass::Protocol: return {"the receiver did not understand", kAskAdministrator};
    case OutcomeClass::None:
    case OutcomeClass::Other: return {"", ""};
  }
  PENSTOCK_UNREACHABLE();
}

void append_answer(std::string& out, const DsnRecipient& reported) {
  const model::Reply& reply = reported.outcome.reply;
  std::string words;
  if (reply.code != 0) words = std::to_string(reply.code) + ' ';
  if (reply.enhanced) words += reply.enhanced.to_string() + ' ';
  words += cut(reply.text, kReplyBytesMax);
  if (words.empty()) return;
  const std::string host = one_line(reported.remote_host, Charset::Utf8, kNameBytesMax);
  if (reply.code == 0) {
    out += host.empty() ? "    What happened:\r\n" : "    What happened with " + host + ":\r\n";
  } else {
    out += host.empty() ? "    The receiver said:\r\n" : "    " + host + " said:\r\n";
  }
  append_quoted(out, "        ", words);
}

void append_recipient(std::string& out, const DsnRequest& request, const DsnRecipient& reported) {
  const bool trouble = reported.action == DsnAction::Failed || reported.action == DsnAction::Delayed;
  const Advice advice = trouble ? advice_for(reported.outcome.outcome_class) : Advice{};
  out += "\r\n<";
  out += one_line(request.envelope.recipients[reported.index].address, Charset::Utf8, kNameBytesMax);
  out += '>';
  if (!advice.reason.empty()) out.append(": ").append(advice.reason);
  out += "\r\n";
  append_answer(out, reported);
  if (reported.action == DsnAction::Failed && !advice.remedy.empty()) {
    out.append("    ").append(advice.remedy).append("\r\n");
  }
  if (reported.action == DsnAction::Delayed && reported.will_retry_until != Time{}) {
    out.append("    It will be tried until ").append(mime::format_date(reported.will_retry_until)).append(".\r\n");
  }
}

}  // namespace

Part make_text_part(const DsnRequest& request) {
  std::string out =
      "This is the mail system at " + one_line(request.reporting_host, Charset::Utf8, kNameBytesMax) + ".\r\n";
  if (request.envelope.received != Time{}) {
    out += "Your message came in on " + mime::format_date(request.envelope.received) + ".\r\n";
  }
  for (const DsnAction action : kOrder) {
    const auto listed = [action](const DsnRecipient& r) { return r.action == action; };
    if (std::ranges::none_of(request.recipients, listed)) continue;
    out += "\r\n";
    out += opening(action);
    for (const DsnRecipient& reported : request.recipients) {
      if (listed(reported)) append_recipient(out, request, reported);
    }
  }
  constexpr std::string_view kDescription = "Notification";
  // Quoted-printable, so that a foreign word in a reply does not make the whole report 8-bit.
  if (!mime::has_eight_bit(out)) return {"text/plain; charset=us-ascii", "7bit", kDescription, std::move(out)};
  return {"text/plain; charset=utf-8", "quoted-printable", kDescription, mime::encode_quoted_printable(out)};
}

}  // namespace penstock::report
