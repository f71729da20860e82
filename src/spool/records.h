// SPDX-License-Identifier: Apache-2.0
// What the spool is told about a recipient after acceptance, and what it tells when it is opened again.
// Plain values. docs/formats/spool.md says how they lie on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/envelope.h"
#include "model/ids.h"

namespace penstock::spool {

// Longer replies are cut when they are stored.
inline constexpr std::size_t kLastReplyBytesMax = 512;

// The state of a recipient who waits: written after a deferral, and whenever an operator holds, releases or reroutes
// him. The last one written for a recipient holds; each replaces the one before entirely.
struct AttemptRecord {
  model::RecipientId recipient;
  std::uint32_t attempts = 0;    // made so far, below 2^24; more is kept as the largest
  Time next_due = {};            // wall time (Clock::to_wall); epoch: at once
  std::uint8_t flags = 0;        // the caller's, kept as they are: on disk, so never renumber
  std::uint8_t hold = 0;         // 0: not held. Else the caller's reason, kept as it is: on disk, so never renumber
  std::string pinned_vmta = {};  // the vMTA he must wait for; "": any of the pool
  std::string stream = {};       // the stream he was rerouted to; "": the envelope's
  std::string last_reply = {};   // at most kLastReplyBytesMax are kept
};

// One live recipient, as found when the spool is opened. The views hold during the call only.
struct RecoveredRecipient {
  model::RecipientId id;
  std::string_view domain;  // of the address, in lower case
  std::string_view stream;  // after rerouting
  std::string_view tenant;  // labels of the envelope
  std::string_view campaign;
  std::string_view vmta;  // asked for by the sender
  model::TlsWish tls = model::TlsWish::Usual;
  std::string_view pinned_vmta;
  std::uint64_t body_bytes = 0;
  Time received;       // wall
  Time first_attempt;  // wall; epoch: at once
  Time next_due;       // wall; epoch: not attempted yet, so first_attempt decides
  std::uint32_t attempts = 0;
  std::uint8_t hold = 0;   // as in AttemptRecord
  std::uint8_t flags = 0;  // likewise
};

// Takes what a start finds, oldest segment first. Called on the thread that opens the spool.
class RecoverySink {
 public:
  virtual ~RecoverySink() = default;
  virtual void recovered(const RecoveredRecipient& recipient) = 0;
};

}  // namespace penstock::spool
