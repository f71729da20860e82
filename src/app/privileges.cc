// SPDX-License-Identifier: Apache-2.0
#include "app/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/log.h"

namespace penstock::app {
namespace {

constexpr std::size_t kNamesBytes = 16 * 1024;

tl::unexpected<Error> refuse(std::errc code, std::string sentence) {
  return fail(std::make_error_code(code), std::move(sentence));
}

// Owner of a file for a sentence: a name, or "uid 1000".
std::string name_of(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, kNamesBytes> buffer{};
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return entry.pw_name;
  return fmt::format("uid {}", uid);
}

Result<gid_t> find_group(const std::string& name) {
  group entry{};
  group* found = nullptr;
  std::vector<char> buffer(kNamesBytes);
  if (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return refuse(
        std::errc::invalid_argument,
        fmt::format("there is no group \"{}\"; make it (groupadd --system {}), or change node.group", name, name));
  }
  return entry.gr_gid;
}

// All sets of this thread; others do not exist yet and will inherit them.
bool clear_capabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

// Needs a capability itself, so it comes first; without it nothing happens.
void drop_bounding_set() {
  for (unsigned long number = 0; number <= CAP_LAST_CAP; ++number) ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
}

}  // namespace

void keep_to_ourselves(bool core_dumps) {
  ::umask(077);
#ifndef PENSTOCK_SANITIZED  // their tools read the process
  if (!core_dumps) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
  }
  ::prctl(PR_SET_DUMPABLE, core_dumps ? 1 : 0, 0, 0, 0);
#else
  (void)core_dumps;
#endif
}

Result<std::optional<Identity>> find_identity(const config::Node& node) {
  if (node.user.empty()) {
    if (!node.group.empty()) return refuse(std::errc::invalid_argument, "node.group needs node.user");
    if (::geteuid() == 0) {
      log::warn("app", "runs as root and stays root; set node.user to the user it should become");
    }
    return std::nullopt;
  }
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(kNamesBytes);
  if (::getpwnam_r(node.user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return refuse(
        std::errc::invalid_argument,
        fmt::format("there is no user \"{}\"; make it (useradd --system --home-dir {} --shell /usr/sbin/nologin "
                    "{}), or change node.user",
                    node.user, node.data_dir, node.user));
  }
  Identity identity{entry.pw_uid, entry.pw_gid, node.user};
  if (!node.group.empty()) {
    const auto group = find_group(node.group);
    if (!group) return fail(group.error());
    identity.gid = *group;
  }
  if (identity.uid == 0) return refuse(std::errc::invalid_argument, "node.user must not be root");
  if (::geteuid() == identity.uid) return std::nullopt;
  if (::geteuid() != 0) {
    return refuse(std::errc::operation_not_permitted,
                  fmt::format("only root can become user {}; start it as root or as {}", node.user, node.user));
  }
  return identity;
}

Result<> drop_privileges(const std::optional<Identity>& identity) {
  if (identity) {
    drop_bounding_set();
    // Groups first: afterwards nobody may change them. A set-id call that fails half-way is not recovered from.
    if (::setgroups(0, nullptr) != 0 || ::setresgid(identity->gid, identity->gid, identity->gid) != 0 ||
        ::setresuid(identity->uid, identity->uid, identity->uid) != 0) {
      return fail_errno(errno, fmt::format("becoming user {}", identity->user));
    }
    if (::setresuid(0, 0, 0) == 0) {
      return refuse(std::errc::operation_not_permitted, "root came back after it was given up");
    }
  } else if (::geteuid() == 0) {
    return {};
  }
  if (!clear_capabilities()) return fail_errno(errno, "giving up capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "giving up privileges to come");
  return {};
}

Result<> make_folder(const std::string& path, const std::optional<Identity>& identity, mode_t mode) {
  std::error_code error;
  std::vector<std::filesystem::path> missing;
  for (std::filesystem::path at = path; !at.empty() && !std::filesystem::exists(at, error); at = at.parent_path()) {
    missing.push_back(at);
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    const bool made = ::mkdir(at->c_str(), 0700) == 0;
    if (!made && errno != EEXIST) {
      return fail_errno(errno,
                        fmt::format("the folder {} cannot be made; make it, for the daemon's user", at->string()));
    }
    if (!made) continue;
    if (identity && ::chown(at->c_str(), identity->uid, identity->gid) != 0) {
      return fail_errno(errno, fmt::format("the folder {} cannot be given to {}", at->string(), identity->user));
    }
    if (::chmod(at->c_str(), mode) != 0) return fail_errno(errno, at->string());
  }
  return {};
}

Result<> check_folder(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return fail_errno(errno, path);
  const std::string us = name_of(::geteuid());
  if (!S_ISDIR(facts.st_mode)) return refuse(std::errc::not_a_directory, path + " is no folder");
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return refuse(std::errc::permission_denied,
                  fmt::format("the folder {} belongs to {}, and {} cannot write there; chown -R {} {}", path,
                              name_of(facts.st_uid), us, us, path));
  }
  if (::geteuid() == 0) return {};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    struct stat inside {};
    if (::lstat(entry.path().c_str(), &inside) != 0 || inside.st_uid == ::geteuid()) continue;
    if (::access(entry.path().c_str(), R_OK | W_OK) == 0) continue;
    return refuse(std::errc::permission_denied,
                  fmt::format("{} belongs to {}, left by a daemon that ran as somebody else; chown -R {} {}",
                              entry.path().string(), name_of(inside.st_uid), us, path));
  }
  return {};
}

Result<> keep_state_private(const std::string& data_dir) {
  constexpr unsigned kOthers = 077;
  struct stat facts {};
  if (::stat(data_dir.c_str(), &facts) == 0 && (facts.st_mode & kOthers) != 0) {
    log::warn("app", "the folder {} has mode {:04o}: others can see what lies there; chmod 0700 it", data_dir,
              facts.st_mode & 07777U);
  }
  for (const char* name : {"state.db", "state.db-wal", "state.db-shm"}) {
    const std::string path = data_dir + "/" + name;
    // A link is followed nowhere: what it leads to is none of ours.
    if (::lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || (facts.st_mode & kOthers) == 0) continue;
    if (::chmod(path.c_str(), 0600) != 0) {
      return refuse(std::errc::permission_denied,
                    fmt::format("{} has mode {:04o}, so that others can use what it holds; chmod 0600 it", path,
                                facts.st_mode & 07777U));
    }
    log::warn("app", "{} had mode {:04o} and is 0600 now: others could use what it holds", path,
              facts.st_mode & 07777U);
  }
  return {};
}

}  // namespace penstock::app
