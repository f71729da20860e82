// SPDX-License-Identifier: Apache-2.0
// Which notices a sender is owed (RFC 3461 §4.1, §5.2).   Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/envelope.h"
#include "report/dsn.h"

namespace penstock::report {

// Where a recipient got to when the question comes up.
enum class NoticeOccasion : std::uint8_t {
  Bounced,           // failed or expired, for good
  Delayed,           // still deferred after the time when a sender should hear of it
  DeliveredToBox,    // accepted by LMTP: no further hop
  RelayedWithDsn,    // accepted by a host that offered DSN and was given NOTIFY: it reports from here on
  RelayedWithoutDsn  // accepted by a host that will not report success
};

// The action to report, or nothing when no notice is due.
// Never for a null sender, and never with NOTIFY=NEVER. NOTIFY unset means failures only: the RFC leaves delay notices
// to the MTA's choice, and senders of bulk mail did not ask for them.
[[nodiscard]] std::optional<DsnAction> notice_due(std::string_view sender, std::uint8_t notify,
                                                  NoticeOccasion occasion);

}  // namespace penstock::report
