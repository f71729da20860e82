// SPDX-License-Identifier: Apache-2.0
// Errc: what can go wrong with state.db. The detail has SQLite's own words.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::state {

enum class Errc {
  Busy = 1,  // another process holds the file, or the store is being closed
  Full,      // no space left
  Damaged,   // the file is not a database, or a damaged one
  Newer,     // written by a newer version of Penstock
  Failed,    // anything else: input/output, permissions, memory
  Stopped,   // the writer has been stopped: nothing was written
};

[[nodiscard]] std::string_view describe(Errc errc);
[[nodiscard]] bool is_transient(Errc errc);
[[nodiscard]] std::error_code make_error_code(Errc errc);

}  // namespace penstock::state

template <>
struct std::is_error_code_enum<penstock::state::Errc> : std::true_type {};
