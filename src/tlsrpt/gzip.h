// SPDX-License-Identifier: Apache-2.0
// gzip (RFC 1952) of a text in memory. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace penstock::tlsrpt {

[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace penstock::tlsrpt
