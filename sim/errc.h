// SPDX-License-Identifier: Apache-2.0
// What can go wrong in the simulator's own work. What a receiver answers is never an error: it is the scenario's will.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::sim {

enum class Errc {
  BadScenario = 1,  // the scenario file breaks a rule; the detail is "file:line: what and what was expected"
  BadArgument,      // an option or a control request that makes no sense; the detail says what was expected
  NoControl,        // nobody answers on the control socket
  Timeout           // what was waited for did not come in time
};

[[nodiscard]] std::string_view describe(Errc errc);
// True if the same call may succeed later without any change.
[[nodiscard]] bool is_transient(Errc errc);
[[nodiscard]] std::error_code make_error_code(Errc errc);

}  // namespace penstock::sim

template <>
struct std::is_error_code_enum<penstock::sim::Errc> : std::true_type {};
