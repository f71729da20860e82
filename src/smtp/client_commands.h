// SPDX-License-Identifier: Apache-2.0
// The commands of a transaction as text, with the parameters the receiver offers (RFC 5321 §4.1.1, 1870, 6152, 3461,
// 6531, 3030), and what can be said before asking: what we refuse ourselves because the receiver cannot take it.
//
// Precondition of the format functions: check_message() and check_recipient() gave nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/outcome.h"
#include "smtp/client_extensions.h"
#include "smtp/client_options.h"

namespace penstock::smtp {

// What follows from a transaction and what is offered.
struct MessageFacts {
  std::uint64_t size_bytes = 0;  // as sent, without doubled dots and the end of data
  bool binary = false;           // to be sent by BDAT only
  bool utf8_message = false;     // sender or header need SMTPUTF8 whoever the recipient is
};
// Reads the body only where an answer depends on it.
[[nodiscard]] MessageFacts find_facts(const Transaction& transaction, const Extensions& offered);

// A bounce of all recipients: too large, needs what is not offered, or a sender that cannot be put on the wire.
[[nodiscard]] std::optional<model::Outcome> check_message(const Transaction& transaction, const MessageFacts& facts,
                                                          const Extensions& offered, const ClientOptions& options);
// A bounce of this recipient.
[[nodiscard]] std::optional<model::Outcome> check_recipient(const model::Recipient& recipient,
                                                            const Extensions& offered);

// Each appends one line with its CRLF.
void append_mail_command(std::string& out, const Transaction& transaction, const MessageFacts& facts,
                         const Extensions& offered);
void append_rcpt_command(std::string& out, const model::Recipient& recipient, const Extensions& offered);

// RFC 3461 §4: bytes other than printable ASCII, '+' and '=' become "+XX".
void append_xtext(std::string& out, std::string_view text);

}  // namespace penstock::smtp
