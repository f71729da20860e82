// SPDX-License-Identifier: Apache-2.0
// What a client session is told: how to speak on this connection, and what to send in a transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/envelope.h"

namespace penstock::smtp {

// A body with bytes above 127 for a receiver that does not offer 8BITMIME (RFC 6152 §3 wants a conversion or a bounce).
enum class EightBitPolicy : std::uint8_t {
  Send,    // as it is, without BODY=; what mail systems do in practice
  Bounce,  // 554 5.6.3
};

// What STARTTLS is to this connection (RFC 3207).
enum class StartTls : std::uint8_t {
  Never,     // not asked for
  Offered,   // used when offered; a receiver that then refuses it is spoken to in clear
  Required,  // no mail without it: not offered or refused ends the connection with a deferral of class Tls
};

struct ClientOptions {
  std::string ehlo_name{};  // domain or address literal of the vMTA; no control characters
  bool lmtp = false;        // LHLO, and one answer per accepted recipient after the body (RFC 2033)
  bool pipelining = true;   // use PIPELINING when offered (RFC 2920)
  bool chunking = true;  // use BDAT when CHUNKING and PIPELINING are offered (RFC 3030); never for LMTP unless binary
  StartTls start_tls = StartTls::Never;
  bool implicit_tls = false;  // the link is encrypted from the beginning on (RFC 8314 §3.3): STARTTLS is not asked for
  bool auth = false;          // sign in before anything is sent (RFC 4954); never in clear, so only with one of these
  EightBitPolicy eight_bit = EightBitPolicy::Send;
  // Commands written before their answers are read. Bounds what the peer must buffer of answers while we still write
  // (RFC 2920 §3.1: otherwise both sides may wait for each other): 8 KiB are about 150 recipients.
  std::uint32_t pipeline_bytes_max = 8 * 1024;
  // Bodies up to this size are sent together with MAIL and RCPT by BDAT, before the recipients' answers are known.
  std::uint64_t chunk_bytes_max = 64 * 1024;
};

// One message to some of its recipients. Views and pointers must stay valid, and what they show unchanged, until the
// session's transaction is over (see ClientSession::begin).
struct Transaction {
  const model::Envelope* envelope = nullptr;
  // Indexes into envelope->recipients: at least one. Outcomes come back in this order.
  std::span<const std::uint32_t> recipients;
  // The finished message in parts of any size (edited header, rest of the spooled body): lines end in CRLF, dots are
  // not doubled. The last line may lack its CRLF; it is added. A line or a CRLF may lie across two parts.
  std::span<const std::string_view> body;
  // Not 0: fields of about so many bytes (a DKIM signature) go before the body and are made once a recipient is
  // accepted; the session asks for them by NeedHeader. The body is then never sent together with MAIL and RCPT.
  std::uint64_t late_header_bytes = 0;
  // For MAIL FROM in place of the envelope's; lives as long as the transaction.
  std::optional<std::string_view> sender = std::nullopt;
};

}  // namespace penstock::smtp
