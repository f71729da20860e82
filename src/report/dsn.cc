// SPDX-License-Identifier: Apache-2.0
#include "report/dsn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/check.h"
#include "mime/date.h"
#include "mime/header.h"
#include "mime/received.h"
#include "mime/text.h"
#include "report/parts.h"

namespace penstock::report {
namespace {

constexpr std::size_t kMessageIdBytesMax = 250;
constexpr std::size_t kAddressBytesMax = 600;

// Internationalised reports only for mail that is: its address types are unknown to older programs (RFC 6533 §3).
Charset charset_for(const DsnRequest& request) {
  const model::Envelope& envelope = request.envelope;
  const auto international = [&envelope](const DsnRecipient& r) {
    return mime::has_eight_bit(envelope.recipients[r.index].address);
  };
  if (mime::has_eight_bit(envelope.sender) || std::ranges::any_of(request.recipients, international)) {
    return Charset::Utf8;
  }
  if (!envelope.smtputf8) return Charset::Ascii;
  mime::HeaderScanner scan(request.original);
  for (mime::HeaderField field; scan.next(field);) {
  }
  return mime::has_eight_bit(request.original.substr(0, scan.header_size())) ? Charset::Utf8 : Charset::Ascii;
}

std::string_view subject_for(std::span<const DsnRecipient> recipients) {
  const auto any = [recipients](DsnAction action) {
    return std::ranges::any_of(recipients, [action](const DsnRecipient& r) { return r.action == action; });
  };
  if (any(DsnAction::Failed)) return "Not delivered: your message";
  if (any(DsnAction::Delayed)) return "Delayed: your message";
  return any(DsnAction::Delivered) ? "Delivered: your message" : "Passed on: your message";
}

// The original's Message-ID for References, or "" when it is none that can be quoted.
std::string reference_to(std::string_view original) {
  const auto field = mime::find_field(original, "Message-ID");
  if (!field) return {};
  const std::string id = mime::unfold(field->value);
  const auto plain = [](char c) { return c > ' ' && c <= '~'; };
  const bool quotable =
      id.size() <= kMessageIdBytesMax && id.starts_with('<') && id.ends_with('>') && std::ranges::all_of(id, plain);
  return quotable ? id : std::string();
}

// A boundary that occurs in none of the parts. A sender cannot know the seed, but a wrong guess must not be believed.
std::string boundary_for(std::uint64_t seed, std::span<const Part> parts) {
  while (true) {
    std::string boundary = fmt::format("=_penstock_{:016x}", seed);
    const auto holds = [&boundary](const Part& part) { return part.content.find(boundary) != std::string::npos; };
    if (std::ranges::none_of(parts, holds)) return boundary;
    ++seed;
  }
}

void append_part(std::string& out, std::string_view boundary, const Part& part) {
  out.append("\r\n--").append(boundary).append("\r\nContent-Type: ").append(part.type);
  out.append("\r\nContent-Description: ").append(part.description);
  out.append("\r\nContent-Transfer-Encoding: ").append(part.encoding).append("\r\n\r\n").append(part.content);
}

}  // namespace

BuiltDsn build_dsn(const DsnRequest& request) {
  const model::Envelope& envelope = request.envelope;
  PENSTOCK_CHECK(!envelope.sender.empty());
  PENSTOCK_CHECK(!request.recipients.empty() && request.recipients.size() <= kReportedRecipientsMax);
  for (const DsnRecipient& r : request.recipients) PENSTOCK_CHECK(r.index < envelope.recipients.size());

  const Charset charset = charset_for(request);
  const std::array<Part, 3> parts{make_text_part(request), make_status_part(request, charset),
                                  make_original_part(request, charset)};
  const std::string boundary = boundary_for(request.boundary_seed, parts);
  const std::string host = one_line(request.reporting_host, Charset::Ascii, kAddressBytesMax);
  const std::string sender = one_line(envelope.sender, charset, kAddressBytesMax);

  BuiltDsn dsn;
  dsn.smtputf8 = mime::has_eight_bit(sender);
  const bool eight_bit = dsn.smtputf8 || std::ranges::any_of(parts, [](const Part& p) { return p.encoding == "8bit"; });
  dsn.body_kind = eight_bit ? model::BodyKind::EightBitMime : model::BodyKind::SevenBit;

  std::string& out = dsn.message;
  out.reserve(2048 + parts[0].content.size() + parts[1].content.size() + parts[2].content.size());
  const std::string from = one_line(request.from, Charset::Ascii, kAddressBytesMax);
  append_folded(out, "From", "Mail Delivery System <" + (from.empty() ? "MAILER-DAEMON@" + host : from) + ">");
  append_folded(out, "To", "<" + sender + ">");
  append_folded(out, "Subject", subject_for(request.recipients));
  append_folded(out, "Date", mime::format_date(request.time));
  append_folded(out, "Message-ID", mime::make_message_id(one_line(request.id, Charset::Ascii, 100), host));
  append_folded(out, "References", reference_to(request.original));
  out += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
  out += "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"" + boundary + "\"\r\n";
  if (eight_bit) out += "Content-Transfer-Encoding: 8bit\r\n";
  out += "\r\nThis is a delivery report in MIME format.\r\n";
  for (const Part& part : parts) {
    if (!part.content.empty()) append_part(out, boundary, part);
  }
  out += "\r\n--" + boundary + "--\r\n";
  return dsn;
}

}  // namespace penstock::report
