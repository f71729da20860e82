// SPDX-License-Identifier: Apache-2.0
// HTML as plain text, well enough to find addresses and replies in it: tags go, block elements end a line, character
// references become characters. Scripts and styles are left out.   Pure; any thread. Linear in the text.
#pragma once

#include <string>
#include <string_view>

namespace penstock::report {

[[nodiscard]] std::string html_to_text(std::string_view html);

}  // namespace penstock::report
