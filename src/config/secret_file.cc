// SPDX-License-Identifier: Apache-2.0
#include "config/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace penstock::config {
namespace {

constexpr std::size_t kBytesMax = 64 * 1024;
constexpr unsigned kLoose = 0037;  // anything for others; writing and executing for the group

struct Descriptor {
  explicit Descriptor(int n) : number(n) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int number;
};

tl::unexpected<std::string> refuse(const std::string& path, const std::string& why) {
  return tl::unexpected<std::string>(path + ": " + why);
}

}  // namespace

tl::expected<std::string, std::string> read_secret_file(const std::string& path) {
  // What was checked is what is read, even if somebody puts another file in its place; a pipe must not block.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts {};
  if (file.number < 0 || ::fstat(file.number, &facts) != 0) {
    return refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  if (!S_ISREG(facts.st_mode)) return refuse(path, "is no regular file");
  if (facts.st_uid != 0 && facts.st_uid != ::geteuid()) {
    return refuse(path, "belongs to somebody else; give it to root or to the user Penstock runs as");
  }
  if ((facts.st_mode & kLoose) != 0) {
    return refuse(path, fmt::format("has mode {:04o}, so that others can use this secret; chmod 0600 it",
                                    facts.st_mode & 07777U));
  }
  std::string text(kBytesMax + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.number, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kBytesMax) return refuse(path, "is larger than 64 KiB");
  text.resize(size);
  return text;
}

}  // namespace penstock::config
