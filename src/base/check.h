// SPDX-License-Identifier: Apache-2.0
// PENSTOCK_CHECK(condition): aborts, with the place, when the condition does not hold. Always on.
//
// For our own bugs only, never for input from outside or trouble of the environment: those are Results.
#pragma once

namespace penstock {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define PENSTOCK_CHECK(condition) \
  (static_cast<bool>(condition) ? void() : ::penstock::check_failed(#condition, __FILE__, __LINE__))
#define PENSTOCK_UNREACHABLE() ::penstock::check_failed("unreachable", __FILE__, __LINE__)
