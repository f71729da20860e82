// SPDX-License-Identifier: Apache-2.0
// Replies as bytes (RFC 5321 §4.2, RFC 2034).
#pragma once

#include <string>
#include <string_view>

#include "model/reply.h"
#include "smtp/server_options.h"

namespace penstock::smtp {

// Appends all lines with their CRLF; each line of a text of several repeats the codes. Printable ASCII stays, other
// bytes become '?', and a line is cut at the 512 bytes of RFC 5321 §4.5.3.1.5, so no text of anybody can end a line
// early.
void append_reply(std::string& out, const model::Reply& reply);

// "220 mta1.example.com ESMTP Penstock"
void append_banner(std::string& out, const ServerOptions& options);
// The answer to EHLO: our name and what we offer.
void append_offers(std::string& out, const ServerOptions& options, bool tls);  // `tls`: the link is encrypted

}  // namespace penstock::smtp
