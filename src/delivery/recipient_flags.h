// SPDX-License-Identifier: Apache-2.0
// How QueuedRecipient::flags are divided beyond the bit kDelayTold of settlement.h: two small counters. They are kept
// in the spool (docs/formats/spool.md), so they keep their meaning.   Plain values.
#pragma once

#include <cstdint>

#include "delivery/settlement.h"

namespace penstock::delivery {

// Bits 1-4 count look-ups in a row that found no such domain; Settlement::kNoDomainOnce is one of them.
inline constexpr std::uint8_t kNoDomain = 0x1E;
// Bits 5-7 count tries that met a class which is tried few times.
inline constexpr std::uint8_t kTriedOnce = 0x20;
inline constexpr std::uint8_t kTriesMost = 7;
static_assert(Settlement::kNoDomainOnce == 2 && Settlement::kDelayTold == 1);

}  // namespace penstock::delivery
