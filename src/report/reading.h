// SPDX-License-Identifier: Apache-2.0
// Reading what comes back by mail: bounce and delay notices (RFC 3464, RFC 6533 and the formats older or stranger than
// those), complaints (ARF, RFC 5965, and what feedback loops sent before it), automatic answers and challenges.
//
// Use:  const Report report = read_report(message);
//       if (report.kind == ReportKind::Bounce) for (const ReportedRecipient& r : report.recipients) …
//
// What a report says is a claim of whoever sent it, not a fact: module feedback decides what follows from it. Nothing
// here judges authenticity, and a recipient's class is not decided here (the diagnostic text is the material for it).
//
// Lines may end in CRLF or LF; a mailbox file's "From " line before the header is passed over; a text without a header
// is read as the body of one. Broken mail yields less, never a failure: a message nothing can be made of has kind None.
// Bounds (ReadLimits): what lies beyond them is not looked at, and `truncated` is set.
// Pure; any thread. Cost: 50 to 300 µs for a report of 5 to 20 KiB, most of it GMime's; memory a few times the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/reply.h"

namespace penstock::report {

enum class ReportKind : std::uint8_t {
  None,       // ordinary mail, or a notice of success
  Bounce,     // failed for good, for at least one recipient
  Delay,      // not delivered yet; nothing has failed for good
  Complaint,  // someone reported the message: feedback_type says what for
  AutoReply,  // vacation notices and other automatic answers
  Challenge,  // a filter wants the sender to prove that it is a person
};
[[nodiscard]] std::string_view to_string(ReportKind kind);  // "none", "bounce", "delay", "complaint", "auto-reply", …

enum class ReportAction : std::uint8_t { Unknown, Failed, Delayed, Delivered, Relayed, Expanded };
[[nodiscard]] std::string_view to_string(ReportAction action);  // "" for Unknown; RFC 3464 §2.3.3

// Where a recipient's address was found, the surest first.
enum class FoundBy : std::uint8_t {
  FinalRecipient,     // field of a delivery status
  OriginalRecipient,  // likewise, or Original-Rcpt-To of a complaint
  RemovalRecipient,   // Removal-Recipient of a complaint
  FailedRecipients,   // X-Failed-Recipients in the report's header
  ProviderFields,     // a field or a notification format of one provider
  Text,               // words for people
  EmbeddedMessage,    // a field of the message that was returned
};
[[nodiscard]] std::string_view to_string(FoundBy found);  // "final-recipient", …, "text", "embedded-message"

struct ReportedRecipient {
  std::string address;   // as the report names it, without brackets and address type
  std::string original;  // Original-Recipient, when given and different: the address that was mailed
  ReportAction action = ReportAction::Unknown;
  model::EnhancedStatus status;  // as stated; {0,0,0} when the report states none
  // The receiver's words: code 0 when there was no SMTP code. `text` is the whole diagnostic on one line, without code.
  model::Reply reply;
  std::string diagnostic;  // the same as the report wrote it, on one line, at most kDiagnosticBytesMax bytes
  std::string remote_host;
  FoundBy found = FoundBy::Text;
};

// The message a report speaks of, as far as it was returned. Values are unfolded; "" when not there.
struct OriginalMessage {
  std::string message_id;                 // with its angle brackets
  std::string reference;                  // X-Penstock-Ref
  std::string from, to;                   // field values
  std::string return_path;                // address alone
  std::string list_unsubscribe;           // field value
  std::vector<std::string> dkim_domains;  // d= of its signatures, lower case, at most 8
  [[nodiscard]] bool empty() const { return message_id.empty() && from.empty() && to.empty() && reference.empty(); }
};

struct Report {
  ReportKind kind = ReportKind::None;
  std::vector<ReportedRecipient> recipients;
  std::string reporting_host;   // Reporting-MTA
  std::string feedback_type;    // "abuse", "fraud", "auth-failure", "not-spam", "opt-out", …; lower case
  std::string source_ip;        // Source-IP of a complaint: the sending address it speaks of
  std::string envelope_sender;  // Original-Mail-From of a complaint
  std::string envelope_id;      // Original-Envelope-Id
  std::optional<Time> arrival_date;
  std::string from;                  // the report's own author: address alone
  std::vector<std::string> sent_to;  // addresses the report itself was sent to: To, Delivered-To, X-Original-To
  OriginalMessage original;
  bool truncated = false;
};

inline constexpr std::size_t kDiagnosticBytesMax = 1000;
inline constexpr std::size_t kReadRecipientsMax = 1000;

struct ReadLimits {
  std::size_t bytes_max = 1024 * 1024;      // of the message
  std::size_t text_bytes_max = 128 * 1024;  // of one decoded part
  std::uint32_t parts_max = 60;
  std::uint32_t depth_max = 12;
};

[[nodiscard]] Report read_report(std::string_view message, const ReadLimits& limits = {});

}  // namespace penstock::report
