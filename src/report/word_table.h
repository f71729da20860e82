// SPDX-License-Identifier: Apache-2.0
// Looking a text up in a table of words.   Pure; any thread.
#pragma once

#include <span>
#include <string_view>

namespace penstock::report {

using Words = std::span<const std::string_view>;

// Whether any of the words stands somewhere in the text; case counts.
[[nodiscard]] inline bool has_any(std::string_view text, Words words) {
  for (const std::string_view word : words) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

[[nodiscard]] inline bool starts_with_any(std::string_view text, Words words) {
  for (const std::string_view word : words) {
    if (text.starts_with(word)) return true;
  }
  return false;
}

}  // namespace penstock::report
