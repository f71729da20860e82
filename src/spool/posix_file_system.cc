// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "spool/errc.h"
#include "spool/file_system.h"

namespace penstock::spool {
namespace {

constexpr std::size_t kPartsMax = IOV_MAX;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

class PosixMapping final : public Mapping {
 public:
  PosixMapping(void* start, std::size_t bytes) : memory_(static_cast<char*>(start), bytes) {}
  ~PosixMapping() override { ::munmap(memory_.data(), memory_.size()); }
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  std::span<char> bytes() override { return memory_; }

 private:
  const std::span<char> memory_;
};

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : descriptor_(fd), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t n =
          ::pread(descriptor_.fd(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno(errno, "reading " + path_);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Result<> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    std::vector<iovec> vectors;
    vectors.reserve(std::min(parts.size(), kPartsMax));
    while (!parts.empty()) {
      const auto now = parts.first(std::min(parts.size(), kPartsMax));
      vectors.clear();
      for (const auto part : now) vectors.push_back({const_cast<char*>(part.data()), part.size()});
      if (auto done = write_all(offset, vectors); !done) return tl::unexpected(done.error());
      parts = parts.subspan(now.size());
    }
    return {};
  }

  Result<> sync() override {
    if (::fdatasync(descriptor_.fd()) != 0) return fail_errno(errno, "syncing " + path_);
    return {};
  }
  Result<> allocate(std::uint64_t size) override {
    if (::fallocate(descriptor_.fd(), 0, 0, static_cast<off_t>(size)) == 0) return {};
    if (errno != EOPNOTSUPP) return fail_errno(errno, "reserving room for " + path_);
    if (::ftruncate(descriptor_.fd(), static_cast<off_t>(size)) != 0) return fail_errno(errno, "enlarging " + path_);
    return {};
  }
  Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(descriptor_.fd(), &status) != 0) return fail_errno(errno, "asking the size of " + path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<std::unique_ptr<Mapping>> map(std::uint64_t bytes) override {
    void* start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor_.fd(), 0);
    if (start == MAP_FAILED) return fail_errno(errno, "mapping " + path_);
    // A page that had to be read again from a failing disk would end the process. Where so much may not be locked,
    // pages written all the time stay in memory anyway.
    (void)::mlock(start, bytes);
    return std::make_unique<PosixMapping>(start, bytes);
  }

 private:
  // Writes all of `vectors`, which it changes, and moves `offset` behind them.
  Result<> write_all(std::uint64_t& offset, std::vector<iovec>& vectors) {
    std::size_t first = 0;
    while (first < vectors.size()) {
      const ssize_t n = ::pwritev(descriptor_.fd(), vectors.data() + first, static_cast<int>(vectors.size() - first),
                                  static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno(errno, "writing " + path_);
      auto left = static_cast<std::size_t>(n);
      offset += left;
      while (first < vectors.size() && left >= vectors[first].iov_len) left -= vectors[first++].iov_len;
      if (first == vectors.size()) break;
      if (n == 0) return fail_errno(ENOSPC, "writing " + path_);  // no progress: the disk takes no more
      vectors[first].iov_base = static_cast<char*>(vectors[first].iov_base) + left;
      vectors[first].iov_len -= left;
    }
    return {};
  }

  Descriptor descriptor_;
  std::string path_;
};

class PosixLock final : public FolderLock {
 public:
  explicit PosixLock(int fd) : descriptor_(fd) {}

 private:
  Descriptor descriptor_;
};

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case OpenMode::Read: flags |= O_RDONLY; break;
    case OpenMode::ReadWrite: flags |= O_RDWR; break;
    case OpenMode::Create: flags |= O_RDWR | O_CREAT; break;
  }
  const int fd = ::open(path.c_str(), flags, 0600);
  if (fd < 0) return fail_errno(errno, "opening " + path);
  return std::make_unique<PosixFile>(fd, path);
}

Result<> PosixFileSystem::make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    const auto slash = path.find_last_of('/');
    return sync_folder(slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1)));
  }
  if (errno != EEXIST) return fail_errno(errno, "making the folder " + path);
  return {};
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& folder) {
  DIR* dir = ::opendir(folder.c_str());
  if (dir == nullptr) return fail_errno(errno, "listing " + folder);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

Result<> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(errno, "renaming " + from + " to " + to);
  return {};
}

Result<> PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return fail_errno(errno, "removing " + path);
  return {};
}

Result<> PosixFileSystem::sync_folder(const std::string& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.open()) return fail_errno(errno, "opening " + folder);
  if (::fsync(descriptor.fd()) != 0) return fail_errno(errno, "syncing " + folder);
  return {};
}

Result<std::uint64_t> PosixFileSystem::free_bytes(const std::string& folder) {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return fail_errno(errno, "asking for the room at " + folder);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

Result<std::unique_ptr<FolderLock>> PosixFileSystem::lock(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno(errno, "opening " + path);
  auto lock = std::make_unique<PosixLock>(fd);
  // An open-file-description lock: it also keeps out a second opening by this very process.
  struct flock wish {};
  wish.l_type = F_WRLCK;
  wish.l_whence = SEEK_SET;
  if (::fcntl(fd, F_OFD_SETLK, &wish) != 0) {
    if (errno != EACCES && errno != EAGAIN) return fail_errno(errno, "locking " + path);
    return fail(Errc::Locked, path +
                                  " is locked by another process; stop the penstockd (or penstock-spool) that uses "
                                  "this folder, or give this one another data_dir");
  }
  return lock;
}

Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t bytes_max) {
  auto file = files.open(path, OpenMode::Read);
  if (!file) return fail(file.error());
  const auto size = (*file)->size();
  if (!size) return fail(size.error());
  if (*size > bytes_max) return fail_errno(EFBIG, path);
  std::string contents(*size, '\0');
  const auto read = (*file)->read_at(0, contents);
  if (!read) return fail(read.error());
  contents.resize(*read);
  return contents;
}

Result<> replace_file(FileSystem& files, const std::string& folder, const std::string& name,
                      std::string_view contents) {
  const std::string fresh = folder + "/" + name + ".new";
  // A leftover of an earlier try may be longer than what comes now, so it goes first. Mostly there is none.
  if (auto leftover = files.remove(fresh); !leftover && leftover.error().code != std::errc::no_such_file_or_directory) {
    return leftover;
  }
  auto file = files.open(fresh, OpenMode::Create);
  if (!file) return fail(file.error());
  if (auto written = (*file)->write_at(0, std::span(&contents, 1)); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto renamed = files.rename(fresh, folder + "/" + name); !renamed) return renamed;
  return files.sync_folder(folder);
}

}  // namespace penstock::spool
