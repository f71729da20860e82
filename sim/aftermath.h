// SPDX-License-Identifier: Apache-2.0
// Aftermath: what comes back for mail that was taken: a bounce after the fact, or a complaint of the reader.
//
// Use:  AfterMail mail = make_bounce(spec, BounceFormat::Qmail, original, number, date);
// Bounces (RFC 3464 and two formats that predate it or extend it) go from <> to the envelope sender, complaints
// (ARF, RFC 5965) to the feedback address. The sentences are ours; the forms are those real hosts use.
// Pure; any thread.   `number` tells one mail from another, `date` is an RFC 5322 date.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace penstock::sim {

enum class BounceFormat : std::uint8_t { Rfc3464, Qmail, Exchange };
inline constexpr std::array<std::string_view, 3> kBounceFormatNames{"rfc3464", "qmail", "exchange"};
[[nodiscard]] std::optional<BounceFormat> parse_bounce_format(std::string_view name);

enum class AfterKind : std::uint8_t { Bounce, Complaint };

// One `[[receiver.after]]` of a scenario.
struct AfterSpec {
  AfterKind kind = AfterKind::Bounce;
  double share = 1;                                          // of the recipients taken
  std::string recipient;                                     // pattern; empty: all
  Duration delay{0};                                         // after the message was taken
  std::string to;                                            // "host:port" of the SMTP server that gets it
  std::string address;                                       // complaints: the feedback address
  bool redacted = true;                                      // complaints: the reader's address is hidden
  std::vector<BounceFormat> formats{BounceFormat::Rfc3464};  // bounces: taken in turn
  std::string reply = "550 5.1.1 no such user";              // bounces: why
};

// The mail that it is about.
struct Original {
  std::string sender;     // envelope
  std::string recipient;  // envelope
  std::string source;     // the address it came from
  std::string host;       // the receiver
  std::string content;    // header and text, lines end with CRLF
};

struct AfterMail {
  std::string sender;  // envelope; empty: <>
  std::string recipient;
  std::string text;  // lines end with CRLF; not dot-stuffed
};

[[nodiscard]] AfterMail make_bounce(const AfterSpec& spec, BounceFormat format, const Original& original,
                                    std::uint64_t number, std::string_view date);
[[nodiscard]] AfterMail make_complaint(const AfterSpec& spec, const Original& original, std::uint64_t number,
                                       std::string_view date);

}  // namespace penstock::sim
