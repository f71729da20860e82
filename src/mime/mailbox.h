// SPDX-License-Identifier: Apache-2.0
// The domains of the mailboxes in an address field (RFC 5322 §3.4), without reading the rest of it.
//
// Quoted strings and comments are passed over. Lenient: whatever stands behind an '@' counts.   Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace penstock::mime {

// What stands behind the next '@' of `rest`, "" where no domain does, and advances past it; nullopt when there is none.
[[nodiscard]] std::optional<std::string_view> take_behind_at(std::string_view& rest);

// The domain of the next mailbox of `rest`, as written, and advances past it; "" when there is none.
//   std::string_view rest = field.value;   while (!(domain = take_mailbox_domain(rest)).empty()) …
[[nodiscard]] std::string_view take_mailbox_domain(std::string_view& rest);

}  // namespace penstock::mime
