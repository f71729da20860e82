// SPDX-License-Identifier: Apache-2.0
#include "eventlog/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/ascii.h"

namespace penstock::eventlog {

Result<File> File::open_to_read(std::string path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, path);
  return File(fd, std::move(path));
}

Result<File> File::open_to_write(std::string path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return fail_errno(errno, path);
  return File(fd, std::move(path));
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
File::File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}
File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

Result<std::size_t> File::read_at(std::uint64_t offset, char* to, std::size_t bytes) const {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::pread(descriptor_, to + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, path_);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Result<> File::read_at(std::uint64_t offset, std::size_t bytes, std::string& out) const {
  out.resize(bytes);
  const auto n = read_at(offset, out.data(), bytes);
  if (!n) return fail(n.error());
  out.resize(*n);
  return {};
}

Result<> File::write_at(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, path_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<> File::truncate(std::uint64_t bytes) {
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) return fail_errno(errno, path_);
  return {};
}

Result<> File::sync() const {
  if (::fdatasync(descriptor_) != 0) return fail_errno(errno, path_);
  return {};
}

bool File::lock() {
  return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
}

Result<std::uint64_t> File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return fail_errno(errno, path_);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::string> read_file(const std::string& path) {
  const auto file = File::open_to_read(path);
  if (!file) return fail(file.error());
  const auto size = file->size();
  if (!size) return fail(size.error());
  std::string contents;
  if (auto read = file->read_at(0, *size, contents); !read) return fail(read.error());
  return contents;
}

Result<> write_file(const std::string& path, std::string_view contents) {
  const std::string fresh = path + ".new";
  auto file = File::open_to_write(fresh);
  if (!file) return fail(file.error());
  if (auto done = file->truncate(0); !done) return done;
  if (auto done = file->write_at(0, contents); !done) return done;
  if (auto done = file->sync(); !done) return done;
  if (auto done = rename_file(fresh, path); !done) return done;
  return sync_folder(path.substr(0, path.rfind('/')));
}

Result<> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return fail_errno(errno, path);
  return {};
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  if (!folder) return fail_errno(errno, path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<> sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, path);
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (failed != 0) return fail_errno(failed, path);
  return {};
}

Result<> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, from);
  return {};
}

Result<> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, path);
  return {};
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; });
}

}  // namespace penstock::eventlog
