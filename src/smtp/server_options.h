// SPDX-License-Identifier: Apache-2.0
// What a server session is told: our names, what we offer, and the bounds on what a client may ask of us.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace penstock::smtp {

// Extensions in our answer to EHLO. What is not offered is refused when used.
struct Offers {
  bool pipelining = true;      // RFC 2920
  bool eight_bit_mime = true;  // RFC 6152
  bool smtputf8 = true;        // RFC 6531
  bool chunking = true;        // RFC 3030 BDAT
  bool binary_mime = false;    // RFC 3030 BODY=BINARYMIME; few receivers take what we would then have to deliver
  bool dsn = true;             // RFC 3461
  bool start_tls = false;      // RFC 3207; no longer offered once the link is encrypted
  bool require_tls = true;     // RFC 8689; only once the link is encrypted
  bool xclient = false;        // Postfix's XCLIENT; only to peers that may speak for others
  std::string auth{};          // RFC 4954: mechanisms separated by spaces, in capitals; "": no AUTH
  bool auth_in_clear = false;  // AUTH also where the link is not encrypted: this peer's goes over no network
};

struct ServerOptions {
  std::string hostname;                   // first word of the banner and of the answer to EHLO; no spaces
  std::string banner = "ESMTP Penstock";  // after the name
  Offers offers;

  std::uint64_t message_bytes_max = 50ULL << 20;  // above: 552 5.3.4; announced as SIZE; 0: no bound
  std::uint32_t recipients_max = 1000;            // accepted ones of a transaction; the next RCPT gets 452 4.5.3
  // A command with its CRLF. RFC 5321 §4.5.3.1.4 asks for 512 and the parameters of RFC 3461 and 6531 add to it, so
  // MAIL, RCPT and XCLIENT may use all of it and other commands 512. Above: 500 5.5.6 and the line is skipped.
  std::uint32_t command_bytes_max = 4096;
  // A line of the message with its CRLF. RFC 5321 §4.5.3.1.6 promises 1,000; software that sends mail on one long line
  // is common, so the bound is there only to stop nonsense: 554 5.6.0. 0: no bound; else at least 128.
  std::uint32_t text_line_bytes_max = 64 * 1024;
  // Refusals for which the client is to blame since the last accepted message; one more: 421 4.7.0, close. What the
  // shell refuses is not counted: a list with many suppressed recipients is no error.
  std::uint32_t errors_max = 20;
  // Commands since the last accepted message, without the accepted recipients and chunks of 1 KiB or more; one more:
  // 421 4.7.0, close. Above recipients_max, so that a list of refused recipients fits.
  std::uint32_t commands_max = 2000;
  // What is read and thrown away after a message got too large or malformed, to answer at its end; more: close at once.
  std::uint64_t discarded_bytes_max = 64ULL << 20;

  // Refuse and close when more input came together with a command that the client must wait for (EHLO, HELO, DATA, see
  // RFC 2920 §3.1 and RFC 5321 §4.1.4): it does not speak to us but past us.
  bool synchronised = true;
  // No mail from who has not signed in by AUTH: 530 5.7.0.
  bool auth_required = false;
  // Refuse a message with zero bytes (RFC 5321 §4.5.2 and RFC 2045 §2.7–2.8 have no place for them) unless it is
  // BINARYMIME.
  bool zero_bytes_refused = true;
};

}  // namespace penstock::smtp
