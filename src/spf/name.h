// SPDX-License-Identifier: Apache-2.0
// Domain names as SPF compares and asks for them (RFC 7208 §4.3, §4.8).   Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace penstock::spf {

// Small letters, without a final dot.
[[nodiscard]] std::string canonical(std::string_view name);
// Labels of 1 to 63 characters, 253 in all; `name` is canonical.
[[nodiscard]] bool can_be_asked(std::string_view name);
// The same, and more than one label: what check_host() may be asked about.
[[nodiscard]] bool is_checkable(std::string_view name);
// `name` itself or a name below `domain`; both are canonical.
[[nodiscard]] bool is_within(std::string_view name, std::string_view domain);

}  // namespace penstock::spf
