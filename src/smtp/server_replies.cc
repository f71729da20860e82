// SPDX-License-Identifier: Apache-2.0
#include "smtp/server_replies.h"

#include "smtp/utf8.h"

namespace penstock::smtp {
namespace {

constexpr std::size_t kReplyLineBytesMax = 512;

void append_line(std::string& out, std::string_view codes, bool last, std::string_view text) {
  const std::size_t room = kReplyLineBytesMax - codes.size() - 3;
  out.append(codes.substr(0, 3));
  out += last ? ' ' : '-';
  if (codes.size() > 3) out.append(codes.substr(4)).append(text.empty() ? "" : " ");
  if (text.size() <= room && is_printable(text)) {
    out.append(text);
  } else {
    out.append(harmless(text, room));
  }
  out.append("\r\n");
}

void append_offer(std::string& out, bool offered, std::string_view keyword) {
  if (offered) out.append("250-").append(keyword).append("\r\n");
}

}  // namespace

void append_reply(std::string& out, const model::Reply& reply) {
  std::string codes = std::to_string(reply.code);
  if (reply.enhanced) codes += ' ' + reply.enhanced.to_string();
  std::string_view rest = reply.text;
  for (;;) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const bool last = line.size() == rest.size();
    append_line(out, codes, last, line);
    if (last) return;
    rest.remove_prefix(line.size() + 1);
  }
}

void append_banner(std::string& out, const ServerOptions& options) {
  append_reply(out, {220, {}, options.hostname + ' ' + options.banner});
}

void append_offers(std::string& out, const ServerOptions& options, bool tls) {
  const Offers& offers = options.offers;
  out.append("250-").append(options.hostname).append("\r\n");
  append_offer(out, offers.pipelining, "PIPELINING");
  // 0 would announce that there is no fixed bound (RFC 1870 §4), which is what we mean by it too.
  append_offer(out, true, "SIZE " + std::to_string(options.message_bytes_max));
  append_offer(out, offers.eight_bit_mime, "8BITMIME");
  append_offer(out, offers.smtputf8, "SMTPUTF8");
  append_offer(out, offers.chunking, "CHUNKING");
  append_offer(out, offers.chunking && offers.binary_mime, "BINARYMIME");
  append_offer(out, offers.dsn, "DSN");
  append_offer(out, offers.start_tls && !tls, "STARTTLS");
  append_offer(out, offers.require_tls && tls, "REQUIRETLS");
  append_offer(out, !offers.auth.empty() && (tls || offers.auth_in_clear), "AUTH " + offers.auth);
  append_offer(out, offers.xclient, "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
  out.append("250 ENHANCEDSTATUSCODES\r\n");
}

}  // namespace penstock::smtp
