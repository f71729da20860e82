// SPDX-License-Identifier: Apache-2.0
// Characters: what strangers' text holds that is no letter: commands to a terminal, ends of lines, and what turns the
// direction of writing round, so that a line reads other than it is.
//
// Use:  while (!text.empty()) { const Character next = first_character(text); …; text.remove_prefix(next.bytes); }
// Pure; any thread; no allocation but in texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

struct Character {
  std::size_t bytes = 1;
  std::uint32_t code = 0;  // of Unicode; of a byte that is no UTF-8, the byte
  bool valid = true;       // UTF-8 (RFC 3629 §4)
  // Below U+0020, U+007F to U+009F, U+2028 and U+2029 (ends of lines), U+202A to U+202E and U+2066 to U+2069
  // (directions of writing).
  bool steers = false;
};

// `text` is not empty.
[[nodiscard]] Character first_character(std::string_view text);

// Whether there is a character that steers, or a byte that is no UTF-8.
[[nodiscard]] bool is_harmless(std::string_view text);

// For lines that people read: such characters and bytes as "\x1b", "\u202e".
[[nodiscard]] std::string escape_steering(std::string_view text);

}  // namespace penstock
