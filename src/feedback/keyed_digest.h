// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA-256 under the keys of references. One key serves several purposes, so each names itself: a code made for one
// is worth nothing for another.
// Pure; any thread. Cost: some 1 µs.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "feedback/reference.h"

namespace penstock::feedback {

using Digest = std::array<std::uint8_t, 32>;

// Values are in references and links that are out: never change or reuse one.
enum class Purpose : char {
  Reference = 'r',
  Address = 'a',  // the hash of an address inside a reference
  Stream = 's',   // that of a stream
  Unsubscribe = 'u',
};

[[nodiscard]] Digest keyed_digest(const ReferenceKey& key, Purpose purpose, std::string_view text);

}  // namespace penstock::feedback
