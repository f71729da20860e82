// SPDX-License-Identifier: Apache-2.0
// What stands inside Envelope, Attempt and Final records, to and from bytes. A Body is its own bytes.
//
// Pure; any thread. Decoding gives nothing when the bytes are not exactly one payload: they passed their checksum, so
// that means a newer version or a bug, and the caller treats the record as damaged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/envelope.h"
#include "spool/records.h"

namespace penstock::spool {

// An Envelope record. The envelope's id is in the record's header, not in the payload.
struct StoredEnvelope {
  model::Envelope envelope;
  model::MessageId body_id;                  // whose body; the message's own today
  std::uint64_t body_distance = 0;           // from the Body record's start to the Envelope record's; 0: elsewhere
  bool moved = false;                        // written by compaction
  std::vector<std::uint32_t> finished = {};  // recipients finished when it was moved
};
// How a payload is made: views the envelope, so that a fresh one need not be copied.
struct EnvelopeParts {
  const model::Envelope& envelope;
  std::uint64_t body_distance = 0;
  bool moved = false;
  const std::vector<std::uint32_t>* finished = nullptr;
};
[[nodiscard]] std::string encode(const EnvelopeParts& parts);
// The length of what encode() gives, with so many finished recipients.
[[nodiscard]] std::size_t envelope_payload_bytes(const model::Envelope& envelope, std::size_t finished = 0);
[[nodiscard]] std::optional<StoredEnvelope> decode_envelope(model::MessageId id, std::string_view payload);

// The stamp orders the Attempt records of a recipient; see docs/formats/spool.md.
struct StoredAttempt {
  std::uint64_t stamp = 0;
  AttemptRecord record;
};
// Attempts and flags of an Attempt share four bytes, in its record and in a hint.
inline constexpr std::uint32_t kAttemptsMax = 0xFFFFFF;
[[nodiscard]] std::uint32_t pack_attempts(const AttemptRecord& record);
[[nodiscard]] constexpr std::uint32_t attempts_of(std::uint32_t packed) {
  return packed & kAttemptsMax;
}
[[nodiscard]] constexpr std::uint8_t flags_of(std::uint32_t packed) {
  return static_cast<std::uint8_t>(packed >> 24);
}
void append_attempt(std::string& to, std::uint64_t stamp, const AttemptRecord& record);
[[nodiscard]] std::optional<StoredAttempt> decode_attempt(const model::RecipientId& recipient,
                                                          std::string_view payload);

// The sequence of the segment that held the Envelope when the recipient was finished.
void append_final(std::string& to, std::uint64_t envelope_sequence);
[[nodiscard]] std::optional<std::uint64_t> decode_final(std::string_view payload);

}  // namespace penstock::spool
