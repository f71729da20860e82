// SPDX-License-Identifier: Apache-2.0
// Privileges: root binds low ports and reads keys; then the daemon is nobody special, for good.
//
// Use, while the process has one thread:
//   keep_to_ourselves(config.node.core_dumps);                   // at once
//   auto identity = find_identity(config.node);                  // whom to become; none: we stay who we are
//   … bind, read keys …
//   make_folder(path, identity, mode);                            // those that are missing
//   if (auto dropped = drop_privileges(identity); !dropped) …
//   if (auto good = check_folder(path); !good) …                 // as who we are now
// Afterwards the process has neither supplementary groups nor capabilities, also when it was started as somebody else
// with a few (systemd's AmbientCapabilities), and no program it runs could get any (no_new_privs).
// Errors: one sentence each, with what to do. After a failed drop the process must end.   Threads: one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "config/config.h"

namespace penstock::app {

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string user;
};

// What we make is for us alone (umask), and unless `core_dumps` no crash leaves keys, passwords and mail in a file and
// no other process of the same user can read our memory.
void keep_to_ourselves(bool core_dumps);

// None: node.user is empty, or is who we are already. Errors: no such user or group; only root can become another.
[[nodiscard]] Result<std::optional<Identity>> find_identity(const config::Node& node);

// Without an identity only capabilities go.
[[nodiscard]] Result<> drop_privileges(const std::optional<Identity>& identity);

// Makes the folder and what is missing above it; what it makes belongs to the identity. There already: nothing.
[[nodiscard]] Result<> make_folder(const std::string& path, const std::optional<Identity>& identity, mode_t mode);
// That we can make files in it, and that what lies there is ours.
[[nodiscard]] Result<> check_folder(const std::string& path);
// state.db holds password hashes and whom nobody may mail: where it and its companions let others in (a backup put
// back, say), they are made 0600, and the log says so. A folder that lets others in is only warned of. As who we are
// now; errors: a file that cannot be changed.
[[nodiscard]] Result<> keep_state_private(const std::string& data_dir);

}  // namespace penstock::app
