// SPDX-License-Identifier: Apache-2.0
// Pages for people who follow a link: whole HTML documents without scripts or anything to load.
// Everything that came from outside is escaped.   Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace penstock::unsubscribe {

// "<b>" becomes "&lt;b&gt;"; quotes too, so it may stand in an attribute. Control characters become spaces.
[[nodiscard]] std::string escape_html(std::string_view text);

// Asks whether `address` wants no more mail of `title`; its form posts to where the page came from.
[[nodiscard]] std::string confirmation_page(std::string_view address, std::string_view title);
[[nodiscard]] std::string done_page(std::string_view address, std::string_view title);
// A heading and a sentence that says what to do.
[[nodiscard]] std::string problem_page(std::string_view heading, std::string_view words);

}  // namespace penstock::unsubscribe
