// SPDX-License-Identifier: Apache-2.0
// Errc: why a look-up could not be made at all. What DNS itself said, trouble included, is an Answer: see answer.h.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::dns {

enum class Errc {
  BadName = 1,  // no domain name: an empty label, over 63 or 253 characters, or not convertible to A-labels
  Full,         // as many look-ups wait as the limit allows; ask again later
  Stopped,      // the resolver has been stopped
  BadOption,    // start-up: the options name a server, zone or file that cannot be used
  Library,      // libunbound reported trouble of its own (out of memory, a broken pipe)
};

[[nodiscard]] std::string_view describe(Errc errc);
[[nodiscard]] bool is_transient(Errc errc);
[[nodiscard]] std::error_code make_error_code(Errc errc);

}  // namespace penstock::dns

template <>
struct std::is_error_code_enum<penstock::dns::Errc> : std::true_type {};
