// SPDX-License-Identifier: Apache-2.0
// The known word that was probably meant.   Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace penstock::config {

// The nearest of `known` by changed, added, left-out or swapped letters, if it is near: at most a third of its letters
// differ. "" when none is. Limits: words of 64 letters; longer ones have no neighbour.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> known);
// "did you mean "x"?", or "" when nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace penstock::config
