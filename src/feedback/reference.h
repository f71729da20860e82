// SPDX-License-Identifier: Apache-2.0
// Reference: the signed name of one recipient of one message, short enough for the local part of an envelope sender.
// A report that brings it back proves whose mail it was; nobody can make one up.
//
// Use:  const std::string token = make_reference(keys.current, {id, 0}, "user@example.com", "news");
//       sender = expand("b+{ref}@bounces.example.com", token);
//       const auto reference = verify_reference(keys, token);
//       if (reference && reference->names("user@example.com")) …
//
// 47 characters of base 32 (RFC 4648, lower case, no padding; case does not matter when it is read): message id,
// recipient index, 40 bits of a keyed hash of the address, 16 bits that tell the stream, and 80 bits of HMAC-SHA-256
// over all of it. So a report that names an address is matched without looking anything up; one that hides it
// is looked up by message id in the event log, which keeps the rest (campaign, vMTA) anyway.
// Pure; any thread. Cost: two HMACs, some 3 µs.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/ids.h"

namespace penstock::feedback {

using ReferenceKey = std::array<std::uint8_t, 32>;

// References are made with `current`; those made with one of `previous`, the newest first, are still accepted.
struct ReferenceKeys {
  ReferenceKey current{};
  std::vector<ReferenceKey> previous{};
};
// More are forgotten, the oldest first: each costs a reference that is forged one more HMAC.
inline constexpr std::size_t kPreviousKeysMax = 8;

inline constexpr std::size_t kReferenceBytes = 47;

struct Reference {
  model::RecipientId recipient;
  std::uint64_t address_check = 0;
  std::uint16_t stream_check = 0;
  ReferenceKey key{};  // the one it was made with

  // Whether it was made for this address (case ignored) and this stream.
  [[nodiscard]] bool names(std::string_view address) const;
  [[nodiscard]] bool is_of_stream(std::string_view stream) const;
};

[[nodiscard]] std::string make_reference(const ReferenceKey& key, model::RecipientId recipient,
                                         std::string_view address, std::string_view stream);

// Nothing when the token is malformed or its code is wrong.
[[nodiscard]] std::optional<Reference> verify_reference(const ReferenceKeys& keys, std::string_view token);

// References are believed for this long after their message was accepted: reports come within days, and what was acted
// on need not be remembered for ever.
inline constexpr std::chrono::days kReferenceLasts{90};
// A message id tells when it was made (spool/spool.h).
[[nodiscard]] Time made_at(model::MessageId message);
[[nodiscard]] bool is_too_old(const Reference& reference, Time received);

// What in a text could be a token: runs of its length and alphabet; at most 8. For local parts and header values.
[[nodiscard]] std::vector<std::string_view> reference_candidates(std::string_view text);

// The template with each "{ref}" replaced.
[[nodiscard]] std::string expand(std::string_view address_template, std::string_view token);

}  // namespace penstock::feedback
