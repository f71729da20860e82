// SPDX-License-Identifier: Apache-2.0
// Delivery status notifications: the report a sender gets about recipients of a message (RFC 3461, 3462/6522, 3464; for
// internationalised mail RFC 6533). Door of the module; which notices are due is in notice.h.
//
// Use:  const BuiltDsn dsn = build_dsn({.envelope = envelope, .reporting_host = "mta1.example.com", …});
//       accept dsn.message for envelope.sender, with the null sender as the reverse path, dsn.body_kind, dsn.smtputf8
//
// Three parts: text for people, the status for programs, and the original or its header. Whatever came from outside
// (replies, host names, addresses) is made harmless: no line of ours can be forged, no line exceeds 998 bytes, every
// line ends with CRLF. The receiver's words are quoted as they came, up to kReplyBytesMax.
//
// What is returned of the original: its header, when RET=HDRS or when nothing failed; otherwise all of it, up to
// full_return_bytes_max and if it can travel in a report (no bare CR or LF, no NUL, no line over 998 bytes, not
// BINARYMIME). Without RET an 8-bit original is returned as header only, so that the report itself stays 7-bit.
// Internationalised addresses or headers bring the types of RFC 6533 (message/global…), and 8-bit parts.
// Pure; any thread. Cost: tens of microseconds; one pass over what is returned.
// Limits: at most kReportedRecipientsMax recipients are listed; callers split larger sets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/outcome.h"

namespace penstock::report {

inline constexpr std::size_t kReplyBytesMax = 2000;
inline constexpr std::size_t kReportedRecipientsMax = 1000;

// RFC 3464 §2.3.3.
enum class DsnAction : std::uint8_t {
  Failed,
  Delayed,
  Delivered,  // into a mailbox: the next hop was the last (LMTP)
  Relayed,    // to a host that will not report further (it does not know DSN)
  Expanded,   // to several addresses that will not report
};
[[nodiscard]] std::string_view to_string(DsnAction action);  // "failed", …

// Views must stay valid during build_dsn only.
struct DsnRecipient {
  std::uint32_t index = 0;  // of the envelope's recipients
  DsnAction action = DsnAction::Failed;
  // The last attempt. Its class tells an expiry (Expired) from a refusal; reply.code 0: nobody answered.
  model::Outcome outcome{};
  std::string_view remote_host{};  // name of the host that answered; "" if none was reached
  Time last_attempt{};             // wall; epoch: never tried
  Time will_retry_until{};         // wall; Delayed only
};

struct DsnRequest {
  const model::Envelope& envelope;             // of the original; its sender must not be null
  std::string_view reporting_host{};           // our name
  std::string_view from{};                     // address in the From field; "": MAILER-DAEMON@ our name
  std::span<const DsnRecipient> recipients{};  // at least one
  std::string_view original{};                 // the message as we keep it, or "" when it is not at hand
  std::string_view id{};                       // unique on this host: Message-ID
  Time time{};                                 // wall
  std::uint64_t boundary_seed = 0;             // any number; the same gives the same report
  std::size_t full_return_bytes_max = 100 * 1024;
};

struct BuiltDsn {
  std::string message;
  model::BodyKind body_kind = model::BodyKind::SevenBit;
  bool smtputf8 = false;  // the report's own header needs it: the sender's address is not ASCII
};

// Precondition (PENSTOCK_CHECK): sender not null, indexes valid, 1 to kReportedRecipientsMax recipients.
[[nodiscard]] BuiltDsn build_dsn(const DsnRequest& request);

// The enhanced status to report: the reply's own when it fits action and code, else one derived from the outcome's
// class (RFC 3463): "5.1.1" for an unknown mailbox, "4.4.1" for a host that does not answer, "5.0.0" when nothing is
// known. An expiry is "4.4.7", failed or delayed: a temporary condition that lasted too long (RFC 3463 §2, §3.5).
[[nodiscard]] model::EnhancedStatus status_for(DsnAction action, const model::Outcome& outcome);

}  // namespace penstock::report
