// SPDX-License-Identifier: Apache-2.0
// Errc: what can go wrong with the event log beyond the operating system's own errors (which keep their errno).
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::eventlog {

enum class Errc {
  Locked = 1,  // another process has this folder open
  BadOption,   // an option names a folder, column or record type that cannot be used; the detail says which
  Damaged,     // a stored file is not what it should be; the detail says where
};

[[nodiscard]] std::string_view describe(Errc errc);
[[nodiscard]] bool is_transient(Errc errc);
[[nodiscard]] std::error_code make_error_code(Errc errc);

}  // namespace penstock::eventlog

template <>
struct std::is_error_code_enum<penstock::eventlog::Errc> : std::true_type {};
