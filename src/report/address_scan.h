// SPDX-License-Identifier: Apache-2.0
// Addresses amid words: whole or not at all, because a part of one is somebody else's.
//
// An address ends where something stands that addresses do not have and sentences do (blanks, brackets, quotation
// marks, other scripts); beside anything else it is none. What stands between "<" and ">" is one address or none.
// "SMTP:" and its kin before it are taken off. Letters beyond ASCII belong to it where their script puts blanks between
// words. Pure; any thread. Linear in the line.
#pragma once

#include <cstddef>
#include <string_view>

namespace penstock::report {

struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The address around the '@' at `at`; an empty place (end 0) when there is none.
[[nodiscard]] Place address_around(std::string_view line, std::size_t at);

}  // namespace penstock::report
