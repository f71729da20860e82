// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "mime/header.h"
#include "mime/text.h"
#include "report/parts.h"

namespace penstock::report {
namespace {

constexpr std::size_t kHeaderBytesMax = 64 * 1024;

std::string_view header_of(std::string_view message) {
  mime::HeaderScanner scan(message);
  for (mime::HeaderField field; scan.next(field);) {
  }
  return message.substr(0, scan.header_size());
}

// Whether the message can stand in a report as it is (see dsn.h).
bool can_travel(std::string_view message) {
  if (message.find('\0') != std::string_view::npos) return false;
  while (!message.empty()) {
    const std::size_t cr = message.find('\r');
    const std::string_view line = message.substr(0, cr);
    if (line.size() > kLineBytesMax || line.find('\n') != std::string_view::npos) return false;
    if (cr == std::string_view::npos) return true;
    if (message.substr(cr, 2) != "\r\n") return false;
    message.remove_prefix(cr + 2);
  }
  return true;
}

bool wants_all(const DsnRequest& request, bool eight_bit) {
  const auto failed = [](const DsnRecipient& r) { return r.action == DsnAction::Failed; };
  if (std::ranges::none_of(request.recipients, failed)) return false;  // RFC 3461 §4.3
  if (request.original.size() > request.full_return_bytes_max) return false;
  if (request.envelope.body_kind == model::BodyKind::BinaryMime) return false;
  switch (request.envelope.dsn_return) {
    case model::DsnReturn::Headers: return false;
    case model::DsnReturn::Full: return true;
    case model::DsnReturn::Unset: return !eight_bit;
  }
  return false;
}

// The header with every line brought into shape; cut after a whole line when it is very long.
std::string tidy_header(std::string_view header) {
  std::string out;
  while (!header.empty() && out.size() < kHeaderBytesMax) {
    const std::size_t end = header.find("\r\n");
    const std::string_view line = cut(header.substr(0, end), kLineBytesMax);
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 2);
    for (const char c : line) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    out += "\r\n";
  }
  return out;
}

Part header_part(std::string_view header, Charset charset) {
  constexpr std::string_view kDescription = "Header of the message";
  std::string content = tidy_header(header);
  if (!mime::has_eight_bit(content)) return {"text/rfc822-headers", "7bit", kDescription, std::move(content)};
  if (charset == Charset::Utf8 && mime::is_utf8(content)) {
    return {"message/global-headers", "8bit", kDescription, std::move(content)};
  }
  return {"text/rfc822-headers", "quoted-printable", kDescription, mime::encode_quoted_printable(content)};
}

}  // namespace

Part make_original_part(const DsnRequest& request, Charset charset) {
  const std::string_view header = header_of(request.original);
  const bool eight_bit = mime::has_eight_bit(request.original);
  if (!wants_all(request, eight_bit) || !can_travel(request.original)) return header_part(header, charset);
  const bool global = charset == Charset::Utf8 && mime::has_eight_bit(header);
  return {.type = global ? "message/global" : "message/rfc822",
          .encoding = eight_bit ? "8bit" : "7bit",
          .description = "The message",
          .content = std::string(request.original)};
}

}  // namespace penstock::report
