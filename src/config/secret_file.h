// SPDX-License-Identifier: Apache-2.0
// Files with secrets (private keys): read only when nobody else could have.
//
// Errors: in words, with the file's name and what to do: it cannot be read, is no regular file, belongs to somebody
// else than root or the user we run as, or its mode lets others read it or the group write it (0600, 0400, 0640 and
// 0440 are accepted).   Limits: 64 KiB.   Threads: any.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace penstock::config {

[[nodiscard]] tl::expected<std::string, std::string> read_secret_file(const std::string& path);

}  // namespace penstock::config
