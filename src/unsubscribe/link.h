// SPDX-License-Identifier: Apache-2.0
// Link: the signed name of what one recipient may unsubscribe from, to be put behind the URL of a stream.
//
// Use:  const std::string token = make_token(keys.current, wish);          // "" when it would be too long
//       if (const auto wish = verify_token(keys, token)) …                 // and see is_expired()
// A token says everything itself (address, stream, list, message, when it was made), so that it works when the event
// log has forgotten the message. It is signed with the keys of references (feedback/reference.h) for a purpose of its
// own; nobody can make one up or change one. It is not encrypted: whoever has the link can read the address.
// Format: docs/formats/reports.md.   Pure; any thread.   Cost: some 2 µs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "feedback/reference.h"
#include "model/ids.h"

namespace penstock::unsubscribe {

// So that a URL of 150 bytes and the token fit into a line of a header (RFC 5322 §2.1.1).
inline constexpr std::size_t kTokenBytesMax = 800;

struct Wish {
  std::string address{};
  std::string stream{};
  std::string list{};  // "": the whole stream
  model::RecipientId recipient{};
  Time made{};  // whole seconds
  friend bool operator==(const Wish&, const Wish&) = default;
};

[[nodiscard]] std::string make_token(const feedback::ReferenceKey& key, const Wish& wish);
// Nothing when it is malformed or signed by a stranger.
[[nodiscard]] std::optional<Wish> verify_token(const feedback::ReferenceKeys& keys, std::string_view token);

// `lasts` zero: never.
[[nodiscard]] bool is_expired(const Wish& wish, Duration lasts, Time wall);

}  // namespace penstock::unsubscribe
