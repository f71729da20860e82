// SPDX-License-Identifier: Apache-2.0
#include "mime/date.h"
#include "mime/header.h"
#include "report/parts.h"

namespace penstock::report {
namespace {

// Longer than any address, envelope id or host name that SMTP lets in.
constexpr std::size_t kValueBytesMax = 1000;

void append(std::string& out, std::string_view name, std::string_view type, std::string_view value, Charset charset,
            std::size_t bytes_max = kValueBytesMax) {
  const std::string clean = one_line(value, charset, bytes_max);
  if (clean.empty()) return;
  append_folded(out, name, type.empty() ? clean : std::string(type) + " " + clean);
}

void append_date(std::string& out, std::string_view name, Time time) {
  if (time != Time{}) append_folded(out, name, mime::format_date(time));
}

void append_recipient(std::string& out, const DsnRequest& request, const DsnRecipient& reported, Charset charset) {
  const model::Recipient& recipient = request.envelope.recipients[reported.index];
  const model::Reply& reply = reported.outcome.reply;
  // ORCPT comes as "type;address", which is the field's own form.
  if (recipient.original.find(';') != std::string::npos) {
    append(out, "Original-Recipient", "", recipient.original, charset);
  }
  append(out, "Final-Recipient", mime::has_eight_bit(recipient.address) ? "utf-8;" : "rfc822;", recipient.address,
         charset);
  append_folded(out, "Action", to_string(reported.action));
  append_folded(out, "Status", status_for(reported.action, reported.outcome).to_string());
  append(out, "Remote-MTA", "dns;", reported.remote_host, charset);
  // Without an answer the words are our own, and the type says so (RFC 3464 §2.3.6).
  append(out, "Diagnostic-Code", reply.code != 0 ? "smtp;" : "x-penstock;", reply.to_string(), charset, kReplyBytesMax);
  append_date(out, "Last-Attempt-Date", reported.last_attempt);
  if (reported.action == DsnAction::Delayed) append_date(out, "Will-Retry-Until", reported.will_retry_until);
}

}  // namespace

Part make_status_part(const DsnRequest& request, Charset charset) {
  std::string out;
  append(out, "Reporting-MTA", "dns;", request.reporting_host, charset);
  append(out, "Original-Envelope-Id", "", request.envelope.envelope_id, charset);
  append_date(out, "Arrival-Date", request.envelope.received);
  for (const DsnRecipient& reported : request.recipients) {
    out += "\r\n";
    append_recipient(out, request, reported, charset);
  }
  const bool utf8 = charset == Charset::Utf8;
  return {.type = utf8 ? "message/global-delivery-status" : "message/delivery-status",
          .encoding = mime::has_eight_bit(out) ? "8bit" : "7bit",
          .description = "Delivery status",
          .content = std::move(out)};
}

}  // namespace penstock::report
