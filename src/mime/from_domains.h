// SPDX-License-Identifier: Apache-2.0
// Whom a message says it is from, as far as domains go.   Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock::mime {

// The domains of all addresses in all From fields, in order, in small letters. Quoted strings and comments are no
// addresses. Whatever a reader could take for an address counts, well-formed or not; one whose domain cannot be
// told is "", so that nobody allows it.
[[nodiscard]] std::vector<std::string> from_domains(std::string_view message);

}  // namespace penstock::mime
