// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the SSE 4.2 instruction where the machine has it.
// Pure; any thread. crc32c_extend(crc32c(a), b) == crc32c(a followed by b).
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock {

[[nodiscard]] std::uint32_t crc32c_extend(std::uint32_t crc, std::string_view bytes);
[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes) {
  return crc32c_extend(0, bytes);
}

}  // namespace penstock
