// SPDX-License-Identifier: Apache-2.0
#include "base/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/descriptor.h"

namespace penstock {
namespace {

constexpr std::size_t kBytesMax = 64 * 1024;
constexpr unsigned kLoose = 0037;  // anything for others; writing and executing for the group

constexpr uid_t kRoot = 0;
std::atomic<uid_t> other_owner{kRoot};  // accept_secrets_of()

bool is_ours(uid_t owner) {
  const uid_t self = ::geteuid();
  return owner == kRoot || owner == self || (self == kRoot && owner == other_owner.load());
}

// The file's facts in words, or nothing.
std::optional<SecretFault> fault_of(const std::string& path, const struct stat& facts) {
  if (!S_ISREG(facts.st_mode)) return SecretFault{path + ": is no regular file", true};
  // The mode first: it is wrong whoever asks.
  if ((facts.st_mode & kLoose) != 0) {
    return SecretFault{fmt::format("{}: has mode {:04o}, so that others can use this secret; chmod 0600 it", path,
                                   facts.st_mode & 07777U),
                       true};
  }
  if (!is_ours(facts.st_uid)) {
    return SecretFault{path + ": belongs to somebody else; give it to root or to the user Penstock runs as", false};
  }
  return std::nullopt;
}

std::string unreadable(const std::string& path) {
  return fmt::format("{}: cannot be read: {}", path, std::strerror(errno));
}

}  // namespace

std::optional<SecretFault> find_secret_fault(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return SecretFault{unreadable(path), false};
  if (auto fault = fault_of(path, facts)) return fault;
  if (::access(path.c_str(), R_OK) != 0) return SecretFault{unreadable(path), false};
  return std::nullopt;
}

tl::expected<std::string, std::string> read_secret_file(const std::string& path) {
  // What was checked is what is read, even if somebody puts another file in its place; a pipe must not block.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (file.number < 0 || ::fstat(file.number, &facts) != 0) return tl::unexpected(unreadable(path));
  if (auto fault = fault_of(path, facts)) return tl::unexpected(std::move(fault->why));
  std::string text(kBytesMax + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.number, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(unreadable(path));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kBytesMax) return tl::unexpected(path + ": is larger than 64 KiB");
  text.resize(size);
  return text;
}

void accept_secrets_of(const std::string& user) {
  std::array<char, 16384> buffer{};
  struct passwd entry {};
  struct passwd* found = nullptr;
  const bool known = ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  other_owner = known ? entry.pw_uid : kRoot;
}

}  // namespace penstock
