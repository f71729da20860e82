// SPDX-License-Identifier: Apache-2.0
// QueuedRecipient: all that memory holds of a recipient who waits; envelope and body are read from the spool when he is
// attempted.
//
// Forty bytes, trivially copyable, moved by value from queue to queue: exactly one container holds a recipient at a
// time. Times are whole seconds of the schedule's clock (Clock::now) since the epoch, which last until 2106.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/clock.h"
#include "model/ids.h"
#include "model/name_table.h"

namespace penstock::queue {

// A (stream, tenant, campaign, requested vMTA) tuple; see label_set.h. 0: all empty.
using LabelSetId = StrongId<struct LabelSetTag, std::uint32_t>;

// Seconds since the epoch. due_second rounds up (never early), second_of down.
using Second = std::uint32_t;
[[nodiscard]] Second second_of(Time time);
[[nodiscard]] Second due_second(Time time);
[[nodiscard]] inline Time time_of(Second second) {
  return Time{std::chrono::seconds{second}};
}

// Why a recipient waits in the held queue.
enum class HoldReason : std::uint8_t {
  None,      // not held
  Operator,  // somebody said hold
  Paused,    // a pause (PauseSet) covers it; released when the pause ends
  Wave,      // its campaign's wave has not come
  NoPath,    // its pool has no usable vMTA
  Action,    // its sender domain, campaign, … is suspended or stopped; released when that ends
  PutOff,    // not held: in a calendar, due when a vMTA may be free again. Nobody sees it but who keeps the calendar
};
[[nodiscard]] const char* to_string(HoldReason reason);  // "operator", "paused", …

struct QueuedRecipient {
  model::MessageId message{};
  std::uint32_t index = 0;  // of the recipient in the envelope
  model::NameId domain{};   // the recipient's, in lower case
  LabelSetId labels{};
  Second due = 0;               // not attempted before
  Second received = 0;          // when the message was accepted; expiry counts from here
  model::NameId pinned_vmta{};  // the vMTA it must wait for (deferred for rate or reputation); 0: any of the pool
  std::uint32_t body_kib = 0;   // size of the message in KiB, rounded up
  std::uint16_t attempts = 0;   // made so far; stays at the largest number
  HoldReason hold = HoldReason::None;
  std::uint8_t flags = 0;  // meaning belongs to the module that sets them; queues keep them

  [[nodiscard]] model::RecipientId id() const { return {message, index}; }
  bool operator==(const QueuedRecipient&) const = default;
};
static_assert(sizeof(QueuedRecipient) == 40 && std::is_trivially_copyable_v<QueuedRecipient>);

}  // namespace penstock::queue
