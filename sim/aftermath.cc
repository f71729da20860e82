// SPDX-License-Identifier: Apache-2.0
#include "sim/aftermath.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

namespace penstock::sim {
namespace {

// Header with the line end of its last field, without the empty line.
std::string_view header_of(std::string_view content) {
  const std::size_t end = content.find("\r\n\r\n");
  return end == std::string_view::npos ? content : content.substr(0, end + 2);
}

// "550 5.1.1 no such user" gives "5.1.1"; without one, the class of the code.
std::string status_of(std::string_view reply) {
  const std::string_view word = reply.substr(std::min<std::size_t>(4, reply.size()));
  const std::string_view status = word.substr(0, word.find(' '));
  if (std::count(status.begin(), status.end(), '.') == 2) return std::string(status);
  return reply.starts_with('4') ? "4.0.0" : "5.0.0";
}

std::string head(const Original& original, std::string_view from, std::string_view to, std::string_view subject,
                 std::uint64_t number, std::string_view date) {
  return fmt::format(
      "Received: from localhost by {0} with SMTP id sim{1}; {2}\r\nDate: {2}\r\nFrom: {3}\r\nTo: {4}\r\n"
      "Subject: {5}\r\nMessage-ID: <after-{1}@{0}>\r\nAuto-Submitted: auto-replied\r\n",
      original.host, number, date, from, to, subject);
}

std::string delivery_status(const AfterSpec& spec, const Original& original, std::string_view date) {
  return fmt::format(
      "Reporting-MTA: dns; {0}\r\nArrival-Date: {1}\r\n\r\nFinal-Recipient: rfc822; {2}\r\nAction: failed\r\n"
      "Status: {3}\r\nDiagnostic-Code: smtp; {4}\r\n",
      original.host, date, original.recipient, status_of(spec.reply), spec.reply);
}

std::string rfc3464(const AfterSpec& spec, const Original& original, std::uint64_t number, std::string_view date) {
  const std::string boundary = fmt::format("sim-dsn-{}", number);
  return head(original, fmt::format("Mail Delivery System <mailer-daemon@{}>", original.host), original.sender,
              "Undelivered mail", number, date) +
         fmt::format(
             "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"{0}\"\r\n"
             "\r\n--{0}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nYour message could not be delivered to "
             "<{1}>: {2}\r\n\r\n--{0}\r\nContent-Type: message/delivery-status\r\n\r\n{3}\r\n--{0}\r\n"
             "Content-Type: text/rfc822-headers\r\n\r\n{4}\r\n--{0}--\r\n",
             boundary, original.recipient, spec.reply, delivery_status(spec, original, date),
             header_of(original.content));
}

// qmail's format of bounces (QSBMF): paragraphs of plain text, no MIME.
std::string qmail(const AfterSpec& spec, const Original& original, std::uint64_t number, std::string_view date) {
  const std::string_view why = std::string_view(spec.reply).substr(std::min<std::size_t>(4, spec.reply.size()));
  const std::string status = status_of(spec.reply);
  const std::string_view prose = ascii::trim(why.starts_with(status) ? why.substr(status.size()) : why);
  return head(original, fmt::format("MAILER-DAEMON@{}", original.host), original.sender, "failure notice", number,
              date) +
         fmt::format(
             "\r\nHi. This is the qmail-send program at {0}.\r\nYour message did not reach the addresses below, and "
             "it will not be tried again.\r\n\r\n<{1}>:\r\n{2}. (#{3})\r\n\r\n--- Below this line is a copy of the "
             "message.\r\n\r\nReturn-Path: <{4}>\r\n{5}",
             original.host, original.recipient, prose, status, original.sender, original.content);
}

// As Exchange writes them: an HTML part beside the text, "Diagnostic information for administrators".
std::string exchange(const AfterSpec& spec, const Original& original, std::uint64_t number, std::string_view date) {
  const std::string outer = fmt::format("sim-ndr-{}", number);
  const std::string inner = fmt::format("sim-ndr-text-{}", number);
  return head(original, fmt::format("<postmaster@{}>", original.host), fmt::format("<{}>", original.sender),
              "Undeliverable: your message", number, date) +
         fmt::format(
             "Content-Language: en-US\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "
             "report-type=delivery-status;\r\n\tboundary=\"{0}\"\r\nX-MS-Exchange-Message-Is-Ndr:\r\n\r\n--{0}\r\n"
             "Content-Type: multipart/alternative; differences=Content-Type;\r\n\tboundary=\"{1}\"\r\n\r\n--{1}\r\n"
             "Content-Type: text/plain; charset=\"us-ascii\"\r\n\r\nDelivery has failed to these recipients or groups:"
             "\r\n\r\n{2}<mailto:{2}>\r\n\r\nDiagnostic information for administrators:\r\n\r\nGenerating server: {3}"
             "\r\n\r\n{2}\r\n#{4} ##\r\n\r\n--{1}\r\nContent-Type: text/html; charset=\"us-ascii\"\r\n\r\n<html><body>"
             "<p>Delivery has failed to {2}</p></body></html>\r\n\r\n--{1}--\r\n\r\n--{0}\r\n"
             "Content-Type: message/delivery-status\r\n\r\n{5}\r\n--{0}\r\nContent-Type: message/rfc822\r\n\r\n{6}\r\n"
             "--{0}--\r\n",
             outer, inner, original.recipient, original.host, spec.reply, delivery_status(spec, original, date),
             original.content);
}

std::string without(std::string text, std::string_view secret, std::string_view instead) {
  for (std::size_t at = text.find(secret); !secret.empty() && at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), instead);
    at += instead.size();
  }
  return text;
}

}  // namespace

std::optional<BounceFormat> parse_bounce_format(std::string_view name) {
  const auto* found = std::find(kBounceFormatNames.begin(), kBounceFormatNames.end(), name);
  if (found == kBounceFormatNames.end()) return std::nullopt;
  return static_cast<BounceFormat>(found - kBounceFormatNames.begin());
}

AfterMail make_bounce(const AfterSpec& spec, BounceFormat format, const Original& original, std::uint64_t number,
                      std::string_view date) {
  AfterMail mail{{}, original.sender, {}};
  switch (format) {
    case BounceFormat::Rfc3464: mail.text = rfc3464(spec, original, number, date); break;
    case BounceFormat::Qmail: mail.text = qmail(spec, original, number, date); break;
    case BounceFormat::Exchange: mail.text = exchange(spec, original, number, date); break;
  }
  return mail;
}

AfterMail make_complaint(const AfterSpec& spec, const Original& original, std::uint64_t number, std::string_view date) {
  const std::string boundary = fmt::format("sim-arf-{}", number);
  const std::string from = fmt::format("feedback@{}", original.host);
  std::string report = fmt::format(
      "Feedback-Type: abuse\r\nUser-Agent: penstock-sim/1\r\nVersion: 1\r\nOriginal-Mail-From: <{}>\r\nArrival-Date: "
      "{}\r\nSource-IP: {}\r\nReporting-MTA: dns; {}\r\n",
      original.sender, date, original.source, original.host);
  if (!spec.redacted) report += fmt::format("Original-Rcpt-To: <{}>\r\n", original.recipient);
  const std::string part = fmt::format(
      "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=\"{0}\"\r\n\r\n"
      "--{0}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nA reader has marked a message from {1} as spam.\r\n"
      "\r\n--{0}\r\nContent-Type: message/feedback-report\r\n\r\n{2}\r\n--{0}\r\nContent-Type: message/rfc822\r\n\r\n"
      "{3}\r\n--{0}--\r\n",
      boundary, original.source, report, original.content);
  const std::string text = head(original, from, spec.address, "complaint about a message", number, date) + part;
  return {from, spec.address, spec.redacted ? without(text, original.recipient, "redacted@redacted.invalid") : text};
}

}  // namespace penstock::sim
