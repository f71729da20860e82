// SPDX-License-Identifier: Apache-2.0
// Scope: whom or what a receiver's reply speaks of, and so what is to be slowed down or stopped because of it: just
// that, nothing broader (ARCHITECTURE, principle 6).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock::model {

enum class Scope : std::uint8_t {
  None,           // delivered, or nobody spoke
  Recipient,      // this address only
  Message,        // this message: its size, its content, its form
  ReceivingHost,  // the peer itself is in trouble, or cannot be reached
  SourceIp,       // the address of ours that the attempt came from
  IpRange,        // the network around that address
  SenderDomain,   // the domain of the envelope sender or of From
  DkimDomain,     // the domain that signed
  UrlDomain,      // a domain linked to in the message
  Campaign,       // this mailing
};
// The names are those in rules, events and the console: "none", "recipient", "receiving-host", "source-ip", …
[[nodiscard]] std::string_view to_string(Scope scope);
[[nodiscard]] std::optional<Scope> parse_scope(std::string_view name);

}  // namespace penstock::model
