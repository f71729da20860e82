// SPDX-License-Identifier: Apache-2.0
// Envelope and recipients of a message (RFC 5321 §2.3.1), with the DSN wishes of RFC 3461 and our labels.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/ids.h"

namespace penstock::model {

// NOTIFY of RFC 3461 §4.1. None given means "failure" to most; kNotifyUnset keeps that apart from what was asked.
enum Notify : std::uint8_t {
  kNotifyUnset = 0,
  kNotifyNever = 1,
  kNotifySuccess = 2,
  kNotifyFailure = 4,
  kNotifyDelay = 8,
};

enum class DsnReturn : std::uint8_t { Unset, Full, Headers };  // RET, RFC 3461 §4.3
enum class BodyKind : std::uint8_t { SevenBit, EightBitMime, BinaryMime };

// What the sender asked of TLS.
enum class TlsWish : std::uint8_t {
  Usual,
  Required,  // REQUIRETLS (RFC 8689 §2): verified TLS to a server that passes it on, or no delivery
  Optional   // "TLS-Required: No" (RFC 8689 §3): published policies do not matter
};

// Whose mail it is and how it is to be sent. Empty strings mean "not labelled".
struct Labels {
  std::string stream;  // always the name of a configured stream once accepted
  std::string tenant;
  std::string campaign;
  std::string list{};  // the mailing list it is sent to, for suppressions in its scope
  std::string vmta;    // asked for by the sender; overrides the choice from the stream's pool
  bool operator==(const Labels&) const = default;
};

struct Recipient {
  std::string address;   // local@domain, domain in lower case and A-labels kept as given; "" never
  std::string original;  // ORCPT as given ("rfc822;user@example"), xtext decoded; "" if none
  std::uint8_t notify = kNotifyUnset;
  bool operator==(const Recipient&) const = default;
};

struct Envelope {
  MessageId id;
  std::string sender;       // reverse path without angle brackets; "" is the null sender
  std::string envelope_id;  // ENVID, xtext decoded
  DsnReturn dsn_return = DsnReturn::Unset;
  BodyKind body_kind = BodyKind::SevenBit;
  bool smtputf8 = false;
  TlsWish tls = TlsWish::Usual;
  Labels labels;
  Time received;       // wall time of acceptance
  Time first_attempt;  // wall time before which nothing is tried; epoch: at once
  std::string peer;    // address of the client that gave it to us, "pickup" or "internal"
  std::uint64_t body_bytes = 0;
  std::vector<Recipient> recipients;
  bool operator==(const Envelope&) const = default;
};

// The part after the last '@', lower-cased; "" when there is none. An address literal keeps its brackets.
[[nodiscard]] std::string domain_of(std::string_view address);
// The part before the last '@'.
[[nodiscard]] std::string_view local_part_of(std::string_view address);

}  // namespace penstock::model
