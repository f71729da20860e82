// SPDX-License-Identifier: Apache-2.0
// Files with secrets (private keys, passwords): read only when nobody else could have.
//
// Errors: in words, with the file's name and what to do: it cannot be read, is no regular file, belongs to somebody
// else than root or the user we run as, or its mode lets others read it or the group write it (0600, 0400, 0640 and
// 0440 are accepted).   Limits: 64 KiB.   Threads: any.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

namespace penstock {

[[nodiscard]] tl::expected<std::string, std::string> read_secret_file(const std::string& path);

struct SecretFault {
  std::string why;      // as read_secret_file() says it
  bool certain = true;  // false: a daemon that runs as somebody else may find no fault, or the file is not there yet
};
// What would keep a daemon from reading it; for tools, which need not be who the daemon is.
[[nodiscard]] std::optional<SecretFault> find_secret_fault(const std::string& path);

// While we are root, files of this user are good too: it is whom the daemon becomes. "" and unknown names: nobody.
void accept_secrets_of(const std::string& user);

}  // namespace penstock
